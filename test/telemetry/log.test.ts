import fc from 'fast-check'
import t from 'tap'
import { MaskError } from '../../src/errors.js'
import { createLog, errorFields, type LogFields } from '../../src/telemetry/log.js'
import { captured } from '../support/log.js'

const parsed = (text: string): Record<string, unknown>[] => text.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)

t.test('a line has its level, time, event and named fields', async (t) => {
  const { log, text } = captured()
  log.info('call.ended', { callId: 'bcdfgh', ms: 12, result: 'success' })
  t.match(parsed(text()), [{ level: 'info', time: /^\d{4}-.*Z$/, msg: 'call.ended', callId: 'bcdfgh', ms: 12, result: 'success' }])
  t.notHas(parsed(text())[0], { pid: 1, hostname: 'x' })
})

t.test('a field that we did not name is not written', async (t) => {
  const { log, text } = captured()
  log.warn('x', { callId: 'a', phone: '+46701740605', headers: { from: 'x' } } as LogFields)
  t.strictSame(Object.keys(parsed(text())[0]!).sort(), ['callId', 'level', 'msg', 'time'])
})

t.test('what looks like a number or an address is cut out of any field', async (t) => {
  const { log, text } = captured()
  const fields = ['+46701740605', '46701740605', '1740605', 'a@b', 'sip:x', 'SIPS:x', 'tel 0701740605'] as const
  for (const reason of fields) log.info('x', { reason })
  for (const line of parsed(text())) t.equal(line.reason, '[cut]')
})

t.test('no phone number in any text field ever gets through', async (t) => {
  const number = fc.tuple(fc.constantFrom('', '+', '00', 'tel:'), fc.stringMatching(/^[1-9]\d{6,14}$/)).map(([prefix, digits]) => ({ prefix, digits }))
  t.doesNotThrow(() => fc.assert(fc.property(number, fc.string(), fc.string(), ({ prefix, digits }, before, after) => {
    const { log, text } = captured()
    log.info('x', { reason: `${before}${prefix}${digits}${after}`, state: `${prefix}${digits}` })
    return !text().includes(digits)
  })))
})

t.test('bound fields come with every line, and are cut as well', async (t) => {
  const { log, text } = captured()
  const bound = log.with({ shopId: 'one', reason: '+46701740605' }).with({ callId: 'a' })
  bound.error('x', { count: 1 })
  t.match(parsed(text())[0], { level: 'error', shopId: 'one', callId: 'a', count: 1, reason: '[cut]' })
})

t.test('a level keeps the lower ones quiet', async (t) => {
  const lines: string[] = []
  const log = createLog('warn', { write: (line) => { lines.push(line) } })
  log.info('no')
  log.warn('yes')
  t.equal(lines.length, 1)
})

t.test('an error is its class, its code and a place in our sources, never its words', async (t) => {
  const fields = errorFields(new MaskError('store_full', { cause: new Error('secret') }))
  t.match(fields, { errorName: 'MaskError', code: 'store_full' })
  t.notMatch(JSON.stringify(fields), /secret|takes no more/)
  t.match(errorFields(Object.assign(new Error('connect 192.0.2.1'), { code: 'ECONNREFUSED' })), { errorName: 'Error', code: 'ECONNREFUSED' })
  t.notHas(errorFields(Object.assign(new Error('x'), { code: '+46701740605' })), { code: String })
  t.strictSame(errorFields('text'), { errorName: 'string' })
  t.strictSame(errorFields(undefined), { errorName: 'undefined' })
  const ours = new Error('x')
  ours.stack = 'Error: x\n    at f (/srv/app/dist/call/session.js:12:3)'
  t.equal(errorFields(ours).errorAt, 'dist/call/session.js:12')
})
