import t from 'tap'
import { newId } from '../../src/ids.js'
import { bench, callStart, courier, customer, dayMs, everything, noon, stranger, wholeCall } from './support.js'

const { store, ring, log, shelf, journal, persons, clock } = await bench(t, ['one'])
const writer = journal()
const today = '20261121'
const pseudonym = async (phone: string, shopId = 'one', day = today): Promise<string> => (await ring.find({ purpose: 'record', owner: shopId, period: day }))!.tag('phone', phone)

t.test('a day goes in batches, with everything by which its rows are found', async (t) => {
  const shopId = 'batches'
  for (let i = 0; i < 1201; i++) await wholeCall(writer, { shopId, deliveryId: `demo-${i % 400}`, startedAt: noon + i })
  await wholeCall(writer, { shopId, deliveryId: 'demo-7', startedAt: noon + dayMs })
  t.equal(await shelf.count(shopId, today), 1201)
  t.equal(await shelf.count(shopId, today, noon + 10), 10, 'those before a time')
  t.equal(await shelf.oldest(shopId), noon)
  t.same(await shelf.days(shopId), [today, '20261122'])
  t.same(await shelf.clear(shopId, today), { deleted: 1201, kept: 0 })
  t.same(await shelf.days(shopId), ['20261122'])
  t.equal(await shelf.oldest(shopId), noon + dayMs)
  t.same((await shelf.ofDelivery(shopId, 'demo-7')).map(({ startedAt }) => startedAt), [noon + dayMs], 'a delivery keeps its calls of other days')
  t.same(await shelf.clear(shopId, today), { deleted: 0, kept: 0 }, 'once more does no harm')
  await shelf.clear(shopId, '20261122')
  t.equal(await shelf.oldest(shopId), undefined)
  t.notMatch((await everything(store)).split('\n').filter((name) => name.includes(shopId)).join('\n'), /^(rec|open)/m, 'nothing is left')
})

t.test('a clearing that is broken off goes on where it was, and steps over what is held', async (t) => {
  const shopId = 'broken'
  for (let i = 0; i < 1100; i++) await wholeCall(writer, { shopId, deliveryId: `demo-${i % 2}`, startedAt: noon + i })
  const stop = new AbortController()
  let batches = 0
  const keep = ({ deliveryId }: { deliveryId: string }): boolean => deliveryId === 'demo-1'
  const first = await shelf.clear(shopId, today, { keep, signal: stop.signal, beforeBatch: async () => { if (++batches === 2) stop.abort() } })
  t.same(first, { deleted: 200, kept: 200 }, 'two batches')
  t.same(await shelf.clear(shopId, today, { keep }), { deleted: 350, kept: 550 })
  t.equal(await shelf.count(shopId, today), 550)
  t.same(await shelf.clear(shopId, today, { startedBefore: noon + 100 }), { deleted: 50, kept: 0 }, 'only what began before')
  t.equal(await shelf.oldest(shopId), noon + 101)
})

t.test('a clearing whose lock went to another deletes nothing', async (t) => {
  const shopId = 'fenced'
  await wholeCall(writer, { shopId })
  const key = 'lock:{shop.fenced}'
  await store.set(key, 'theirs')
  await t.rejects(shelf.clear(shopId, today, { fence: { key, token: 'mine' } }), { code: 'store_unavailable' })
  t.equal(await shelf.count(shopId, today), 1)
  t.same(await shelf.clear(shopId, today, { fence: { key, token: 'theirs' } }), { deleted: 1, kept: 0 })
})

t.test('rows that nobody can read are deleted like others', async (t) => {
  const shopId = 'unreadable'
  const start = await wholeCall(writer, { shopId })
  await store.hset(`rec:{shop.${shopId}}:${today}`, { [start.id]: 'no row' })
  await ring.destroy([{ purpose: 'record', owner: shopId, period: today }])
  t.same(await shelf.clear(shopId, today, { keep: () => true }), { deleted: 1, kept: 0 })
  t.same(await shelf.days(shopId), [])
})

t.test('G14 single rows go, of one person or one delivery, also of a call under way', async (t) => {
  const shopId = 'single'
  const theirs = await wholeCall(writer, { shopId, deliveryId: 'demo-a' })
  const other = await wholeCall(writer, { shopId, deliveryId: 'demo-b', phones: { courier, customer: stranger } })
  const live = callStart({ shopId, deliveryId: 'demo-a', startedAt: noon + 1 })
  await writer.open(live)
  const found = await shelf.ofPerson(shopId, today, await pseudonym(customer, shopId))
  t.same(found.map(({ id }) => id).sort(), [theirs.id, live.id].sort())
  t.same(await shelf.ofDelivery(shopId, 'demo-a'), [theirs, live].map(({ id, startedAt }) => found.find((facts) => facts.id === id && facts.startedAt === startedAt)))
  t.equal(await shelf.remove(shopId, today, [...found.map(({ id }) => id), newId()]), 2)
  t.equal(await shelf.remove(shopId, today, found.map(({ id }) => id)), 0)
  await writer.answered(live, noon + 1000)
  t.equal(await writer.finish(live, { at: noon + 2000, result: 'success', reason: 'caller_hung_up' }), undefined)
  const all = await everything(store)
  for (const { id } of found) t.notMatch(all, id, 'no trace of it in any index')
  t.same((await log.list(shopId, { from: 0, to: noon + dayMs, limit: 9 })).calls.map(({ id }) => id), [other.id], 'what was deleted does not come back')
  t.equal((await shelf.ofPerson(shopId, today, await pseudonym(courier, shopId))).length, 1)
})

t.test('G13 a person is found by number in whatever role, day by day, and nobody else', async (t) => {
  const shopId = 'persons'
  await wholeCall(writer, { shopId, deliveryId: 'demo-1', phones: { courier, customer } })
  await wholeCall(writer, { shopId, deliveryId: 'demo-2', phones: { courier: stranger, customer: courier }, startedAt: noon + 5 })
  await wholeCall(writer, { shopId, deliveryId: 'demo-3', phones: { courier: stranger, customer }, startedAt: noon + 6 })
  await wholeCall(writer, { shopId, deliveryId: 'demo-4', phones: { courier }, startedAt: noon + dayMs })
  await wholeCall(writer, { shopId: 'elsewhere', deliveryId: 'demo-5', phones: { courier, customer } })
  const found: unknown[] = []
  for await (const { day, calls } of persons.calls(shopId, courier)) found.push(...calls.map(({ deliveryId, party, reference }) => [day, deliveryId, party, reference]))
  t.same(found, [[today, 'demo-1', 'courier', 'order-1'], [today, 'demo-2', 'customer', 'order-1'], ['20261122', 'demo-4', 'courier', 'order-1']])
  const tags = await persons.pseudonyms(shopId, courier)
  t.same([...tags.keys()], [today, '20261122'])
  t.equal(new Set(tags.values()).size, 2, 'nobody is linked across days')
  await ring.destroy([{ purpose: 'record', owner: shopId, period: today }])
  t.same([...(await persons.pseudonyms(shopId, courier)).keys()], ['20261122'], 'what is sealed by a key that is gone belongs to nobody')
  for await (const { day } of persons.calls(shopId, courier)) t.equal(day, '20261122')
  t.same(await persons.calls(shopId, '+46701740699' as typeof courier).next(), { done: true, value: undefined }, 'a number that was never seen')
})

t.test('a day is kept beyond the last resort of Redis', async (t) => {
  await wholeCall(writer, { shopId: 'retained' })
  await shelf.retain('retained', today)
  for await (const names of store.scan('rec*{shop.retained}*')) for (const name of names) t.equal(Number(await store.call('PTTL', name)), -1, name)
  t.equal(clock.now, noon)
})
