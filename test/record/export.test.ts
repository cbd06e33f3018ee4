import t from 'tap'
import fc from 'fast-check'
import { coarse, exportCalls, type ExportFormat } from '../../src/record/export.js'
import type { CallLog, CallRecord } from '../../src/record/types.js'
import { noon } from './support.js'

const call: CallRecord = {
  id: 'bcdfghjkmnpqrstvwxyz', deliveryId: 'demo-abc', reference: 'order-1', startedBy: 'courier', callee: 'customer', startedAt: noon + 17 * 60_000 + 33_123,
  answeredAt: noon + 17 * 60_000 + 37_000, endedAt: noon + 18 * 60_000 + 37_000, ringMs: 3877, talkMs: 64_123, result: 'success', reason: 'caller_hung_up', state: 'ended'
}
const of = (...calls: CallRecord[]): Pick<CallLog, 'each'> => ({ async * each() { yield calls } })
const text = async (format: ExportFormat, ...calls: CallRecord[]): Promise<string> => {
  let all = ''
  for await (const chunk of exportCalls(of(...calls), 'one', { from: 0, to: 1 }, format)) all += chunk
  return all
}
/** Fields of a CSV line by RFC 4180, as a program reads them that knows the separator. */
const cells = (line: string): string[] => [...line.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map(([, cell]) => cell!.replace(/^"|"$/g, '').replaceAll('""', '"'))

t.test('G22 times are told to the quarter hour, durations to ten seconds, people not at all', (t) => {
  t.same(coarse(call), {
    startedAt: '2026-11-21T12:15:00.000Z', deliveryId: 'demo-abc', reference: 'order-1', startedBy: 'courier', callee: 'customer', state: 'ended',
    outcome: 'reached', result: 'success', reason: 'caller_hung_up', ringSeconds: 0, talkSeconds: 60
  })
  const { id, deliveryId, reference, startedBy, startedAt } = call
  t.same(coarse({ id, deliveryId, reference, startedBy, startedAt, state: 'ringing', ringMs: 15_000 }), { startedAt: '2026-11-21T12:15:00.000Z', deliveryId: 'demo-abc', reference: 'order-1', startedBy: 'courier', state: 'ringing', ringSeconds: 20 })
  t.end()
})

t.test('JSON lines', async (t) => {
  const lines = (await text('jsonl', call, { ...call, reference: 'a\u2028"b"' })).split('\n')
  t.equal(lines.length, 3)
  t.same(JSON.parse(lines[0]!), coarse(call))
  t.equal((JSON.parse(lines[1]!) as { reference: string }).reference, 'a\u2028"b"')
  t.equal(await text('jsonl'), '')
})

t.test('CSV with a head, also when there is nothing', async (t) => {
  const head = 'startedAt,deliveryId,reference,startedBy,callee,state,outcome,result,reason,ringSeconds,talkSeconds\r\n'
  t.equal(await text('csv'), head)
  t.equal(await text('csv', call), `${head}2026-11-21T12:15:00.000Z,demo-abc,order-1,courier,customer,ended,reached,success,caller_hung_up,0,60\r\n`)
})

t.test('no cell is a formula, whatever separator a spreadsheet believes in', async (t) => {
  for (const reference of ['=1+1', '+46', '-2', '@SUM(A1)', '\uff1d1', ' =1', 'a;=1', 'a,=1', '"=1', 'a|@x', '\'=1', '=HYPERLINK("http://x";"y")']) {
    const [, line = ''] = (await text('csv', { ...call, reference })).split('\r\n')
    t.equal(cells(line).length, 11, reference)
    for (const separator of [',', ';', '|', '\t']) {
      for (const part of line.split(separator)) t.notMatch(part, /^["\s]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u, `${reference} by ${separator}`)
    }
  }
})

t.test('any reference stays one cell of one line', async (t) => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 }).filter((reference) => /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u.test(reference)), async (reference) => {
    const lines = (await text('csv', { ...call, reference })).split('\r\n')
    if (lines.length !== 3) throw new Error('lines')
    const fields = cells(lines[1]!)
    if (fields.length < 11 || fields[2]!.replaceAll('\'', '') !== reference.replaceAll('\'', '')) throw new Error(`${reference} became ${fields[2]}`)
  }))
  t.end()
})
