import t from 'tap'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { MaskError } from '../../src/errors.js'
import { newId } from '../../src/ids.js'
import type { Audit } from '../../src/record/audit/types.js'
import type { CallLog, CallRecord, CallStart } from '../../src/record/types.js'
import { until } from '../support/whole.js'
import { courier, customer, keys, testApi } from './support.js'

const { send, journal, audit, logged } = await testApi(t)
const noon = Date.UTC(2026, 10, 21, 12)
const rows = 300

t.before(async () => {
  for (let i = 0; i < rows; i++) {
    const start: CallStart = { id: newId(), shopId: 'one', deliveryId: `demo-${i}`, reference: i === 0 ? '=cmd|x' : `order ${i}`, startedBy: 'courier', callee: 'customer', phones: { courier, customer } as CallStart['phones'], startedAt: noon + i * 1000 }
    await journal.open(start)
    await journal.finish(start, { at: start.startedAt + 64_321, answeredAt: start.startedAt + 4321, result: 'success', reason: 'caller_hung_up' })
  }
})

const record: CallRecord = { id: 'b', deliveryId: 'demo-b', reference: 'order', startedBy: 'courier', startedAt: noon, state: 'ringing' }
const window = { from: '2026-11-21T00:00:00Z', to: '2026-11-22T00:00:00Z' }
const ask = (body: object, key = keys.one): ReturnType<typeof send> => send('POST', '/v1/calls/export', body, { key })

t.test('G22 all calls as JSON lines, coarse, and audited before the first byte', async (t) => {
  const answer = await ask({ ...window, reason: 'Yearly report' })
  t.equal(answer.statusCode, 200, answer.body.slice(0, 300))
  t.match(answer.headers, { 'content-type': 'application/x-ndjson; charset=utf-8', 'x-maskline-rows': rows, 'content-disposition': 'attachment; filename="calls.jsonl"', 'cache-control': 'no-store' })
  const lines = answer.body.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, string>)
  t.equal(lines.length, rows)
  t.strictSame(lines[1], { startedAt: '2026-11-21T12:00:00.000Z', deliveryId: 'demo-1', reference: 'order 1', startedBy: 'courier', callee: 'customer', state: 'ended', outcome: 'reached', result: 'success', reason: 'caller_hung_up', ringSeconds: 0, talkSeconds: 60 })
  t.same(lines.filter(({ startedAt }) => !/:(00|15|30|45):00\.000Z$/.test(startedAt!)), [])
  const { entries: [entry] } = await audit.list('one', { limit: 1 })
  t.match(entry, { action: 'export.read', reason: 'Yearly report', scope: `${rows} calls of 2026-11-21T00:00:00.000Z to 2026-11-22T00:00:00.000Z as jsonl`, result: 'done' })
})

t.test('the same as CSV that no spreadsheet runs', async (t) => {
  const answer = await ask({ ...window, format: 'csv', reason: 'check' })
  t.equal(answer.headers['content-type'], 'text/csv; charset=utf-8')
  const lines = answer.body.split('\r\n')
  t.equal(lines.length, rows + 2)
  t.match(lines[1], 'demo-0,"\'=cmd|x",courier')
})

t.test('without a reason, without the right, or out of time there is nothing', async (t) => {
  const refused = async (body: object): Promise<void> => {
    const answer = await ask(body)
    t.equal(answer.statusCode, 422, JSON.stringify(body))
    t.match(answer.headers['content-type'], 'application/problem+json')
  }
  const before = (await audit.list('one', { limit: 500 })).entries.length
  await refused(window)
  await refused({ ...window, reason: '   ' })
  await refused({ ...window, reason: 'for +46701740605' })
  await refused({ ...window, reason: 'x', format: 'xlsx' })
  await refused({ from: window.to, to: window.from, reason: 'x' })
  t.equal((await audit.list('one', { limit: 500 })).entries.length, before)
  const other = await ask({ ...window, reason: 'x' }, keys.two)
  t.equal(other.body, '', 'another shop has no calls')
  t.equal((await send('GET', '/v1/calls/export?reason=x')).statusCode, 405, 'no reason in an address')
  const never = await ask({ from: '1990-01-01T00:00:00Z', to: '1990-01-02T00:00:00Z', reason: 'x' })
  t.strictSame([never.statusCode, never.body, never.headers['x-maskline-rows']], [200, '', '0'])
  t.notMatch(logged(), '46701740605')
})

t.test('what cannot be audited is not exported; a reader that goes away in the middle, and a server that closes, leave nothing behind', async (t) => {
  let [reading, away] = [0, true]
  async function * endless(): AsyncGenerator<CallRecord[]> {
    reading++
    try {
      for (;;) yield Array.from({ length: 1000 }, () => record)
    } finally {
      reading--
    }
  }
  const append: Audit['append'] = async (entry) => {
    if (away) throw new MaskError('store_unavailable')
    return { ...entry, seq: 1, at: 1, hash: '' }
  }
  const { http, send } = await testApi(t, { audit: { ...audit, append }, calls: { count: async () => 1, each: endless } as unknown as CallLog })
  t.equal((await send('POST', '/v1/calls/export', { ...window, reason: 'x' })).statusCode, 503)
  t.equal(reading, 0)
  away = false
  const port = await http.listen('127.0.0.1', 0)
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    const body = JSON.stringify({ ...window, reason: 'x' })
    socket.write(`POST /v1/calls/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${keys.one}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    await once(socket, 'data')
    return socket.pause()
  }
  const gone = await open()
  gone.destroy()
  await until(async () => reading === 0 ? true : undefined, 'the end of the reading')
  const left = await open()
  await http.close()
  await until(async () => reading === 0 ? true : undefined, 'the end of the reading')
  t.pass('the server closed although an export was under way')
  let rest = ''
  left.on('data', (data: Buffer) => { rest += data.toString() }).resume()
  await once(left, 'close')
  t.notMatch(rest, /\r\n0\r\n\r\n$/, 'and its reader sees that it was cut')
})
