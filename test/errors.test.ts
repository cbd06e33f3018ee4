import { readFileSync, readdirSync } from 'node:fs'
import t from 'tap'
import { asMaskError, errorTable, MaskError, type ErrorCode } from '../src/errors.js'

const codes = Object.keys(errorTable) as ErrorCode[]
const docs = readFileSync(new URL('../docs/api.md', import.meta.url), 'utf8')

t.test('every code is one sentence with sensible statuses', async (t) => {
  for (const code of codes) {
    const { http, sip, title } = errorTable[code]
    t.match(code, /^[a-z]+(_[a-z]+)*$/, code)
    t.match(title, /^[A-Z][^\n]*\.$/, code)
    t.ok(http === 0 || (http >= 400 && http < 600), `${code}: HTTP ${http}`)
    t.ok(sip === 0 || (sip >= 400 && sip < 700), `${code}: SIP ${sip}`)
  }
})

t.test('docs/api.md lists every code that HTTP can answer, with its status and text, and no other', async (t) => {
  const rows = [...docs.matchAll(/^\| `(\w+)` \| (\d{3}) \| (.+) \|$/gm)].map(([, code, status, title]) => ({ code, status: Number(status), title }))
  const expected = codes.filter((code) => errorTable[code].http !== 0).map((code) => ({ code, status: errorTable[code].http, title: errorTable[code].title }))
  t.strictSame(rows, expected)
})

t.test('every code that the sources throw is in the table', async (t) => {
  const folder = new URL('../src/', import.meta.url)
  const used = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(new URL(name, folder), 'utf8').matchAll(/new MaskError\('(\w+)'/g)].map(([, code]) => code!))
  t.ok(used.length > 10)
  for (const code of new Set(used)) t.ok(code in errorTable, code)
})

t.test('an error carries its code and statuses, and nothing else shows', async (t) => {
  const error = new MaskError('pool_exhausted', { field: 'country', retryAfter: 9, reason: 'geo', cause: new Error('inner') })
  t.match(error, { name: 'MaskError', code: 'pool_exhausted', message: errorTable.pool_exhausted.title, httpStatus: 503, sipStatus: 0, field: 'country', retryAfter: 9, reason: 'geo' })
  t.ok(error instanceof Error)
  t.equal(new MaskError('internal').cause, undefined)
})

t.test('anything thrown becomes one of ours', async (t) => {
  const ours = new MaskError('store_full')
  t.equal(asMaskError(ours), ours)
  for (const thrown of [new Error('x'), 'x', undefined, null]) {
    const error = asMaskError(thrown)
    t.equal(error.code, 'internal')
    t.equal(error.cause, thrown)
    t.notMatch(error.message, /x/)
  }
})
