import t from 'tap'
import type { RowFacts } from '../../src/record/types.js'
import { MaskError } from '../../src/errors.js'
import { captured } from '../support/log.js'
import { bench, callStart, courier, customer, dayMs, everything, noon, wholeCall } from './support.js'

const shops = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']
const { store, ring, log, logWith, journal, shelf } = await bench(t, shops)
const base = ({ id, startedAt }: { id: string, startedAt: number }): object =>
  ({ id, deliveryId: 'demo-abc', reference: 'order-1', startedBy: 'courier', callee: 'customer', startedAt })

t.test('a call is read while it rings, talks and after its end', async (t) => {
  const writer = journal()
  const start = callStart()
  await writer.open(start)
  t.same(await log.ofDelivery('one', 'demo-abc'), [{ ...base(start), state: 'ringing' }])
  t.same(await log.live('one'), { live: 1, ringing: 1, talking: 0 })
  await writer.answered(start, noon + 4000)
  t.same(await log.ofDelivery('one', 'demo-abc'), [{ ...base(start), state: 'talking', answeredAt: noon + 4000, ringMs: 4000 }])
  t.same(await log.live('one'), { live: 1, ringing: 0, talking: 1 })
  await writer.finish(start, { at: noon + 9000, answeredAt: noon + 4000, result: 'success', reason: 'caller_hung_up' })
  const ended = { ...base(start), state: 'ended', answeredAt: noon + 4000, endedAt: noon + 9000, ringMs: 4000, talkMs: 5000, result: 'success', reason: 'caller_hung_up' }
  t.same(await log.ofDelivery('one', 'demo-abc'), [ended])
  t.same(await log.live('one'), { live: 0, ringing: 0, talking: 0 })
  t.same(await log.ofDelivery('other', 'demo-abc'), [], 'another shop sees nothing')
})

t.test('a record has one end', async (t) => {
  const writer = journal()
  const start = callStart({ shopId: 'two' })
  await writer.open(start)
  t.same(await writer.finish(start, { at: noon + 1, result: 'client_error', reason: 'busy' }), { attempt: 1, firstReached: false })
  t.equal(await writer.finish(start, { at: noon + 2, result: 'success', reason: 'caller_hung_up' }), undefined)
  await writer.answered(start, noon + 3)
  t.match(await log.ofDelivery('two', 'demo-abc'), [{ reason: 'busy', endedAt: noon + 1, state: 'ended' }])
})

t.test('pages over days and over many calls of one millisecond', async (t) => {
  const writer = journal()
  for (let i = 0; i < 25; i++) await writer.open(callStart({ shopId: 'four', startedAt: noon + Math.floor(i / 10) * dayMs }))
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await log.list('four', { from: 0, to: noon + 3 * dayMs, limit: 4, ...(cursor === undefined ? {} : { cursor }) })
    t.ok(page.calls.length <= 4)
    seen.push(...page.calls.map(({ id }) => id))
    cursor = page.next
  } while (cursor !== undefined)
  t.equal(seen.length, 25)
  t.equal(new Set(seen).size, 25, 'none twice')
  t.equal((await log.list('four', { from: noon + 1, to: noon + dayMs, limit: 50 })).calls.length, 0, 'the end of the window is exclusive')
  t.equal((await log.list('four', { from: noon, to: noon + dayMs, limit: 50 })).calls.length, 10, 'its beginning is not')
  t.equal(await log.count('four', { from: noon + 1, to: noon + dayMs + 1 }), 10)

  const batches: string[] = []
  for await (const calls of log.each('four', { from: -1, to: Number.MAX_SAFE_INTEGER })) batches.push(...calls.map(({ id }) => id))
  t.same(batches, seen, 'and in batches')
})

t.test('G5 G21 Redis knows people as pseudonyms only, the reference not at all, and nothing for ever', async (t) => {
  const writer = journal()
  const start = await wholeCall(writer, { shopId: 'five', reference: 'CANARY Kanarbiku' })
  const all = await everything(store)
  for (const word of ['CANARY', 'Kanarbiku', Buffer.from('CANARY').toString('base64').slice(0, 7), courier.slice(1), customer.slice(1), courier.slice(3), customer.slice(3)]) t.notMatch(all, word)
  const row = JSON.parse(String(await store.hget('rec:{shop.five}:20261121', start.id))) as Record<string, unknown>
  t.same(Object.keys(row).sort(), ['a', 'by', 'c', 'd', 'e', 'ref', 'res', 's', 'to', 'u', 'why'], 'a row has these fields and no other')
  t.match(row, { c: /^[\w-]{22}$/, u: /^[\w-]{22}$/ })
  for await (const names of store.scan('rec[a-z]*{shop.five}:*')) {
    for (const name of names) t.ok(Number(await store.call('PEXPIRETIME', name)) > noon + 90 * dayMs, `${name} goes some day whatever happens, but not before the longest period`)
  }
})

t.test('a row whose day key is gone is not shown, and a page of them still has a next', async (t) => {
  const writer = journal()
  for (const startedAt of [noon, noon + 1, noon + dayMs]) await wholeCall(writer, { shopId: 'six', startedAt })
  await ring.destroy([{ purpose: 'record', owner: 'six', period: '20261121' }])
  t.same((await log.ofDelivery('six', 'demo-abc')).map(({ startedAt }) => startedAt), [noon + dayMs])
  const page = await log.list('six', { from: noon, to: noon + 2 * dayMs, limit: 2 })
  t.same(page.calls, [])
  t.ok(page.next)
  t.equal((await log.list('six', { from: noon, to: noon + 2 * dayMs, limit: 2, cursor: page.next! })).calls.length, 1)
  t.same(await shelf.days('six'), ['20261121', '20261122'], 'the deletion run still finds them')
})

t.test('no call begins under a day key that was destroyed', async (t) => {
  const { log: told, text } = captured()
  await ring.destroy([{ purpose: 'record', owner: 'six', period: '20261125' }])
  await t.rejects(journal({ log: told }).open(callStart({ shopId: 'six', startedAt: noon + 4 * dayMs })), { code: 'store_unavailable' })
  t.match(text(), 'record.failed')
  t.same(await log.list('six', { from: noon + 3 * dayMs, to: noon + 9 * dayMs, limit: 9 }), { calls: [] })
})

t.test('while the key store is away nothing is shown as if it were gone', async (t) => {
  const away = logWith({ ring: { find: async () => { throw new MaskError('store_unavailable') } } })
  await t.rejects(away.ofDelivery('one', 'demo-abc'), { code: 'store_unavailable' })
})

t.test('G15 what is restricted is hidden from every ordinary read', async (t) => {
  const writer = journal()
  await wholeCall(writer, { shopId: 'seven', deliveryId: 'demo-held', startedAt: noon })
  const start = await wholeCall(writer, { shopId: 'seven', deliveryId: 'demo-free', startedAt: noon + 1 })
  const asked: RowFacts[] = []
  const restricted = logWith({ restricted: async (shopId) => (row) => {
    t.equal(shopId, 'seven')
    asked.push(row)
    return row.deliveryId === 'demo-held'
  } })
  t.same(await restricted.ofDelivery('seven', 'demo-held'), [])
  t.same((await restricted.list('seven', { from: noon, to: noon + 9, limit: 9 })).calls.map(({ id }) => id), [start.id])
  for await (const calls of restricted.each('seven', { from: noon, to: noon + 9 })) t.same(calls.map(({ id }) => id), [start.id])
  t.match(asked.at(-1), { id: start.id, day: '20261121', deliveryId: 'demo-free', startedAt: noon + 1, pseudonyms: { courier: /^.{22}$/, customer: /^.{22}$/ } })
  const broken = logWith({ restricted: async () => { throw new MaskError('store_unavailable') } })
  await t.rejects(broken.ofDelivery('seven', 'demo-free'), { code: 'store_unavailable' }, 'nothing is shown while nobody knows what is restricted')
})

t.test('a row that somebody changed is left out and told to the log', async (t) => {
  const writer = journal()
  const [first, second] = [await wholeCall(writer, { shopId: 'eight' }), await wholeCall(writer, { shopId: 'eight', startedAt: noon + 1 })]
  const rows = 'rec:{shop.eight}:20261121'
  await store.hset(rows, { [first.id]: (await store.hget(rows, second.id))! })
  const { log: told, text } = captured()
  t.same((await logWith({ log: told }).ofDelivery('eight', 'demo-abc')).map(({ id }) => id), [second.id], 'a sealed reference belongs to its call')
  t.match(text(), 'record.unreadable')
  await store.hset(rows, { [first.id]: 'no row' })
  t.same((await log.ofDelivery('eight', 'demo-abc')).map(({ id }) => id), [second.id])
})
