import t from 'tap'
import { freshLines, person, quarantineSeconds } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const courier = person(0)
const customer = person(1)

t.test('both numbers of a live delivery, and the number that both see', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const delivery = await lines.allocate(wanted(courier, customer))
  const { number, reference } = delivery
  t.same(await lines.begin('shop', delivery.id, 'courier', 'c1'), { reference, number, first: courier, second: customer })
  await lines.release(delivery.id, 'c1')
  t.same(await lines.begin('shop', delivery.id, 'customer', 'c2'), { reference, number, first: customer, second: courier })
})

t.test('a changed phone is rung, a further one is not', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const delivery = await lines.allocate(wanted(courier, customer))
  await lines.addPhone('shop', delivery.id, 'courier', person(2))
  await lines.change('shop', delivery.id, { customer: person(3) })
  t.match(await lines.begin('shop', delivery.id, 'courier', 'c1'), { first: courier, second: person(3) })
})

t.test('the direction is about the parties alone', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const delivery = await lines.allocate(wanted(courier, customer, { direction: 'customer' }))
  t.match(await lines.begin('shop', delivery.id, 'courier', 'c1'), { first: courier })
  t.equal((await lines.find('shop', delivery.id)).direction, 'customer', 'and stays as it is')
  t.equal((await lines.lookup(delivery.number, courier, 'c2')).kind, 'wrong_direction')
})

t.test('another shop, another delivery, one that is over', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store)
  const delivery = await lines.allocate(wanted(courier, customer))
  for (const [shop, id] of [['other', delivery.id], ['shop', 'demo-bbbbbbbbbbbbbbbbbbbb'], ['shop', 'nonsense'], ['shop', 'nopool-bbbbbbbbbbbbbbbbbbbb']] as const) {
    await t.rejects(lines.begin(shop, id, 'courier', 'c'), { code: 'delivery_not_found' }, `${shop} ${id}`)
  }
  await lines.close('shop', delivery.id)
  await t.rejects(lines.begin('shop', delivery.id, 'courier', 'c'), { code: 'delivery_ended' })
  const second = await lines.allocate(wanted(courier, person(4)))
  advance(3600)
  await t.rejects(lines.begin('shop', second.id, 'courier', 'c'), { code: 'delivery_ended' }, 'expired')
  advance(quarantineSeconds)
  await t.rejects(lines.begin('shop', second.id, 'courier', 'c'), { code: 'delivery_not_found' })
})

t.test('calls of the shop and of the parties have the same limits', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store, { limits: { callsPerDelivery: 1, callsPerDeliveryHour: 3 } })
  const delivery = await lines.allocate(wanted(courier, customer, { expiresAt: 1_700_000_000_000 + 3 * 3_600_000 }))
  await lines.begin('shop', delivery.id, 'courier', 'c1')
  await t.rejects(lines.begin('shop', delivery.id, 'customer', 'c2'), { code: 'call_limited', reason: 'concurrent', httpStatus: 429 })
  t.match(await lines.lookup(delivery.number, customer, 'c3'), { kind: 'limited', limit: 'concurrent' })
  await lines.release(delivery.id, 'c1')
  t.equal((await lines.lookup(delivery.number, customer, 'c4')).kind, 'connect')
  await t.rejects(lines.begin('shop', delivery.id, 'courier', 'c5'), { reason: 'concurrent', code: 'call_limited' })
  await lines.release(delivery.id, 'c4')
  await lines.begin('shop', delivery.id, 'courier', 'c6')
  await lines.release(delivery.id, 'c6')
  await t.rejects(lines.begin('shop', delivery.id, 'courier', 'c7'), { code: 'call_limited', reason: 'hourly' })
  advance(3600)
  await lines.begin('shop', delivery.id, 'courier', 'c8')
})

t.test('however many ask at once, no more begin than may', async (t) => {
  const { lines, wanted } = await freshLines(t, store, { limits: { callsPerDelivery: 2 } })
  const delivery = await lines.allocate(wanted(courier, customer))
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, at) => lines.begin('shop', delivery.id, 'courier', `c${at}`).then(() => 'begun', (error: unknown) => (error as { code: string }).code)))
  t.equal(outcomes.filter((outcome) => outcome === 'begun').length, 2)
  t.equal(outcomes.filter((outcome) => outcome === 'call_limited').length, 18)
})

t.test('one phone is not rung without end, whatever the delivery', async (t) => {
  const { lines, wanted } = await freshLines(t, store, { limits: { callsPerCallerHour: 2 } })
  const ids = await Promise.all([customer, person(2), person(3)].map(async (other) => (await lines.allocate(wanted(courier, other))).id))
  await lines.begin('shop', ids[0]!, 'courier', 'c1')
  await lines.begin('shop', ids[1]!, 'courier', 'c2')
  await t.rejects(lines.begin('shop', ids[2]!, 'courier', 'c3'), { code: 'call_limited', reason: 'caller' })
  t.ok(await lines.begin('shop', ids[2]!, 'customer', 'c4'))
})
