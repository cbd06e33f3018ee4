import t from 'tap'
import { Leases, leaseMs } from '../../src/line/leases.js'
import type { LineContext } from '../../src/line/context.js'
import { CapAlarms } from '../../src/line/alarms.js'
import { createNumberPlan } from '../../src/line/numbers.js'
import { createTags } from '../../src/line/tagged.js'
import { createLog } from '../../src/telemetry/log.js'
import { freshLines, lineConfig, linesOn, person } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const courier = person(0)
const customer = person(1)

t.test('calls of a delivery at the same time are counted in and out', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const { id, number } = await lines.allocate(wanted(courier, customer))
  t.equal((await lines.lookup(number, courier, 'c1')).kind, 'connect')
  t.equal((await lines.lookup(number, customer, 'c2')).kind, 'connect')
  t.match(await lines.lookup(number, courier, 'c3'), { kind: 'limited', limit: 'concurrent', deliveryId: id, caller: 'courier' })
  t.equal((await lines.lookup(number, courier, 'c1')).kind, 'connect', 'the same call again is no other call')
  await lines.release(id, 'c3')
  t.equal((await lines.lookup(number, courier, 'c3')).kind, 'limited', 'a call that was not counted in takes nobody out')
  await lines.release(id, 'c1')
  await lines.release(id, 'c1')
  t.equal((await lines.lookup(number, courier, 'c4')).kind, 'connect')
  t.equal((await lines.lookup(number, courier, 'c5')).kind, 'limited')
  await lines.release('demo-bcdfghjkmnpqrstvwxyz', 'c9')
  await t.rejects(lines.release('nonsense', 'c9'), { code: 'delivery_not_found' })
})

t.test('a call without a sign of life stops counting', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store, { limits: { callsPerDelivery: 1 } })
  const { number } = await lines.allocate(wanted(courier, customer))
  await lines.lookup(number, courier, 'c1')
  advance(leaseMs / 1000 - 1)
  t.equal((await lines.lookup(number, courier, 'c2')).kind, 'limited')
  advance(1)
  t.equal((await lines.lookup(number, courier, 'c2')).kind, 'connect')
})

t.test('a call with signs of life goes on counting, until it is counted out', async (t) => {
  const { lines, keys, wanted, advance, now } = await freshLines(t, store, { limits: { callsPerDelivery: 1 } })
  const { id, number } = await lines.allocate(wanted(courier, customer))
  const config = lineConfig()
  const context: LineContext = { store, keys, config, log: createLog('silent'), plan: createNumberPlan(config.pools), tags: createTags({ keys, store, clock: now }), alarms: new CapAlarms({ store, log: createLog('silent') }), now }
  const leases = new Leases(context)
  t.teardown(() => leases.stop())
  await lines.lookup(number, courier, 'c1')
  leases.add({ pool: 'demo', local: id.slice(5), shopId: 'shop' }, 'c1')
  for (let round = 0; round < 5; round++) {
    advance(leaseMs / 1000 - 1)
    await leases.renew()
  }
  t.equal((await lines.lookup(number, courier, 'c2')).kind, 'limited')
  const ends: string[] = []
  for await (const names of store.scan('live:*')) ends.push(...names)
  for (const name of ends) t.equal(Number(await store.call('ZSCORE', name, 'c1')), now() + leaseMs, 'for its caller and its number, too')
  t.equal(ends.length, 2)
  await leases.release(id, 'c1')
  t.equal(leases.size, 0)
  t.equal((await lines.lookup(number, courier, 'c2')).kind, 'connect')
  await lines.release(id, 'c2')
  leases.add({ pool: 'demo', local: id.slice(5), shopId: 'shop' }, 'c2')
  await leases.renew()
  t.equal((await lines.lookup(number, courier, 'c3')).kind, 'connect', 'a sign of life brings no call back')
})

t.test('another process sees the same counts', async (t) => {
  const one = await freshLines(t, store)
  const two = linesOn(t, store)
  const { id, number } = await one.lines.allocate(one.wanted(courier, customer))
  await one.lines.lookup(number, courier, 'c1')
  await two.lines.lookup(number, courier, 'c2')
  t.equal((await one.lines.lookup(number, courier, 'c3')).kind, 'limited')
  await two.lines.release(id, 'c1')
  t.equal((await one.lines.lookup(number, courier, 'c3')).kind, 'connect')
})

t.test('calls in a window of time are limited per delivery, caller and number', async (t) => {
  const limits = { callsPerDelivery: 10, callsPerDeliveryHour: 3, callsPerCallerHour: 5, callsPerNumberMinute: 6 }
  const { lines, wanted, advance, now } = await freshLines(t, store, { limits, numbers: ['+442079460000-+442079460001'] })
  const window = (): number => Math.floor(now() / 3_600_000)
  const start = window()
  const long = { expiresAt: now() + 20_000_000 }
  const first = await lines.allocate(wanted(courier, customer, long))
  const other = await lines.allocate(wanted(courier, person(2), long))
  let calls = 0
  const call = async (number: string, caller = courier): Promise<string> => {
    const found = await lines.lookup(number, caller, `c${calls++}`)
    return found.kind === 'limited' ? found.limit : found.kind
  }
  for (let at = 0; at < 3; at++) t.equal(await call(first.number), 'connect')
  t.equal(await call(first.number), 'hourly')
  t.equal(await call(first.number, customer), 'hourly', 'whoever calls')
  t.equal(await call(other.number), 'connect')
  t.equal(await call(other.number), 'connect')
  t.equal(await call(other.number), 'caller')
  t.equal(await call(other.number, person(2)), 'connect')
  const [a, b] = [await lines.allocate(wanted(person(4), person(5), long)), await lines.allocate(wanted(person(6), person(7), long))]
  const same = [a, b].find(({ number }) => number === first.number)!
  const caller = same === a ? person(4) : person(6)
  for (let at = 0; at < 3; at++) t.equal(await call(same.number, caller), 'connect')
  t.equal(await call(same.number, same === a ? person(5) : person(7)), 'hourly')
  const crowd = await lines.allocate(wanted(person(8), person(9), long))
  const crowded = await lines.allocate(wanted(person(10), person(11), long))
  const sixth = [crowd, crowded].find(({ number }) => number === first.number)!
  t.equal(await call(sixth.number, sixth === crowd ? person(8) : person(10)), 'number')
  advance(60)
  t.equal(window(), start)
  t.equal(await call(sixth.number, sixth === crowd ? person(8) : person(10)), 'connect')
  t.equal(await call(first.number), 'hourly')
  advance(3600)
  t.equal(await call(first.number), 'connect')
})
