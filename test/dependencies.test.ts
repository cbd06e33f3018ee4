import t from 'tap'
import { audit, verdictOf } from '../scripts/audit.mjs'

const report = (vulnerabilities: object, counts: Record<string, number>): string =>
  JSON.stringify({ auditReportVersion: 2, vulnerabilities, metadata: { vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0, total: 0, ...counts } } })
const weak = (severity: string): object => ({ leftpad: { name: 'leftpad', severity, via: [{ title: 'It pads too far', url: 'https://example.org/advisory', severity }], fixAvailable: true } })

t.test('a weakness of high severity fails, a milder one is told', async (t) => {
  for (const severity of ['high', 'critical']) {
    t.match(verdictOf(report(weak(severity), { [severity]: 1, total: 1 })), { state: 'weak', sentence: `leftpad (${severity}): It pads too far https://example.org/advisory, a fixed version is there` })
  }
  for (const severity of ['info', 'low', 'moderate']) {
    t.match(verdictOf(report(weak(severity), { [severity]: 1, total: 1 })), { state: 'clean', sentence: `1 ${severity}` })
  }
  t.equal(verdictOf(report({}, {})).state, 'clean')
  t.equal(verdictOf(report({}, { high: 1 })).state, 'weak', 'the counts alone are enough')
})

t.test('without an answer it is skipped and says why', async (t) => {
  t.match(verdictOf('{"message":"405 Method Not Allowed - POST https://registry.example/x","statusCode":405,"error":{"summary":""}}'), { state: 'skipped', sentence: 'the registry answered 405' })
  t.match(verdictOf('{"error":{"code":"ENOTFOUND","summary":"request to https://registry.example failed"}}'), { state: 'skipped', sentence: /not reached \(ENOTFOUND\)\.$/ })
  for (const text of ['', 'null', '[]', '{}', 'not json', '{"metadata":{"vulnerabilities":null}}', '{"metadata":{"vulnerabilities":{}}}']) t.equal(verdictOf(text).state, 'skipped', text)
})

t.test('no package that runs in production has a known weakness of high severity', async (t) => {
  const { state, sentence } = await audit()
  if (state === 'skipped') {
    t.pass('nobody could be asked', { skip: sentence })
    return
  }
  t.equal(state, 'clean', sentence)
})
