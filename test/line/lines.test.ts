import t from 'tap'
import type { Lookup } from '../../src/line/types.js'
import { freshLines, person, proxy, quarantineSeconds } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const courier = person(0)
const customer = person(1)
const hour = 3600
const unknown: Lookup = { kind: 'unknown' }

t.test('two people get one number and reach each other through it', async (t) => {
  const { lines, wanted, now } = await freshLines(t, store)
  const delivery = await lines.allocate(wanted(courier, customer, { reference: 'box 7, 2nd floor; ü' }))
  t.match(delivery, { id: /^demo-[a-z]{20}$/, shopId: 'shop', reference: 'box 7, 2nd floor; ü', state: 'live', direction: 'both', createdAt: now(), expiresAt: now() + hour * 1000, accessCode: /^\d{5}$/ })
  t.equal(delivery.quarantineUntil, delivery.expiresAt + quarantineSeconds * 1000)
  t.equal(lines.isProxyNumber(delivery.number), true)
  const common = { kind: 'connect', deliveryId: delivery.id, shopId: 'shop', reference: 'box 7, 2nd floor; ü', phones: { courier, customer } }
  t.same(await lines.lookup(delivery.number, courier, 'c1'), { ...common, caller: 'courier', callee: customer })
  t.same(await lines.lookup(delivery.number, customer, 'c2'), { ...common, caller: 'customer', callee: courier })
  t.same({ ...await lines.find('shop', delivery.id), accessCode: delivery.accessCode }, delivery)
})

t.test('everybody else gets the same answer', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const { number } = await lines.allocate(wanted(courier, customer))
  t.same(await lines.lookup(number, person(2), 'c1'), unknown, 'a stranger')
  t.same(await lines.lookup(number, undefined, 'c2'), unknown, 'nobody')
  t.same(await lines.lookup(proxy(19), courier, 'c3'), unknown, 'another number of ours')
  t.same(await lines.lookup('+46701740690', courier, 'c4'), unknown, 'not a number of ours')
  t.same(await lines.lookup('', undefined, 'c5'), unknown)
  t.equal(lines.isProxyNumber('+46701740690'), false)
})

t.test('a party never has one number twice, in no role, and all numbers are used', async (t) => {
  const { lines, wanted } = await freshLines(t, store, { numbers: ['+442079460000-+442079460003'] })
  const used = new Set<string>()
  for (const other of [1, 2, 3]) used.add((await lines.allocate(wanted(courier, person(other)))).number)
  used.add((await lines.allocate(wanted(person(4), courier))).number)
  t.equal(used.size, 4)
  await t.rejects(lines.allocate(wanted(courier, person(5))), { code: 'pool_exhausted', reason: 'busy', retryAfter: hour + quarantineSeconds })
  const other = await lines.allocate(wanted(person(6), person(7)))
  t.ok(used.has(other.number), 'other people share the same numbers')
})

t.test('the least loaded number is taken, among equals the one used longest ago', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store, { numbers: ['+442079460000-+442079460003'] })
  const taken: string[] = []
  for (let at = 0; at < 20; at += 2) {
    taken.push((await lines.allocate(wanted(person(at), person(at + 1)))).number)
    advance(1)
  }
  t.same((await lines.numbers('demo')).map(({ live }) => live).sort(), [2, 2, 3, 3])
  t.same(taken.slice(0, 4), [0, 1, 2, 3].map(proxy))
  const alone: string[] = []
  for (let at = 30; at < 46; at += 2) {
    const delivery = await lines.allocate(wanted(person(at), person(at + 1)))
    alone.push(delivery.number)
    await lines.close('shop', delivery.id)
    advance(1)
  }
  t.equal(new Set(alone.slice(0, 2)).size, 2, 'also when each is closed before the next')
})

t.test('a delivery that is over stays over, and its number stays reserved for its people', async (t) => {
  for (const end of ['close', 'expire'] as const) {
    const { lines, wanted, advance } = await freshLines(t, store, { numbers: ['+442079460000'] })
    const delivery = await lines.allocate(wanted(courier, customer))
    if (end === 'close') await lines.close('shop', delivery.id)
    else advance(hour)
    const over = { kind: 'over', deliveryId: delivery.id, shopId: 'shop', reference: delivery.reference, phones: { courier, customer } }
    for (const seconds of [0, quarantineSeconds - 1]) {
      advance(seconds)
      if (seconds > 0) await lines.sweep()
      t.same(await lines.lookup(delivery.number, courier, 'c1'), { ...over, caller: 'courier' })
      t.same(await lines.lookup(delivery.number, customer, 'c2'), { ...over, caller: 'customer' })
      for (const [a, b] of [[courier, person(2)], [person(2), customer], [customer, courier]] as const) {
        await t.rejects(lines.allocate(wanted(a, b)), { code: 'pool_exhausted', reason: 'quarantine' })
      }
      t.match(await lines.find('shop', delivery.id), { state: end === 'close' ? 'closed' : 'expired', endedAt: delivery.createdAt + (end === 'close' ? 0 : hour * 1000) })
    }
    advance(1)
    t.same(await lines.lookup(delivery.number, courier, 'c3'), unknown, 'before anybody swept')
    await t.rejects(lines.find('shop', delivery.id), { code: 'delivery_not_found' })
    await t.rejects(lines.close('shop', delivery.id), { code: 'delivery_not_found' })
    const next = await lines.allocate(wanted(courier, person(2)))
    t.equal(next.number, delivery.number, 'free again to the second, unswept')
    t.match(await lines.lookup(delivery.number, courier, 'c4'), { kind: 'connect', callee: person(2) })
    t.same(await lines.lookup(delivery.number, customer, 'c5'), unknown)
  }
})

t.test('closing twice answers the same and never opens again', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store)
  const { id, number } = await lines.allocate(wanted(courier, customer))
  const first = await lines.close('shop', id)
  advance(10)
  t.same(await lines.close('shop', id), first)
  await t.rejects(lines.change('shop', id, { expiresAt: first.expiresAt }), { code: 'delivery_ended' })
  await t.rejects(lines.addPhone('shop', id, 'courier', person(5)), { code: 'delivery_ended' })
  t.equal((await lines.lookup(number, courier, 'c')).kind, 'over')
  const expired = await lines.allocate(wanted(courier, customer))
  advance(hour)
  t.equal((await lines.close('shop', expired.id)).state, 'expired', 'what has expired is not closed afterwards')
})

t.test('sweeping gives everything back', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store, { limits: { callsPerDelivery: 10 } })
  for (let at = 0; at < 20; at += 2) {
    const { id, number } = await lines.allocate(wanted(person(at), person(at + 1)))
    await lines.lookup(number, person(at), `c${at}`)
    if (at % 4 === 0) await lines.close('shop', id)
    else await lines.addPhone('shop', id, 'courier', person(at + 40))
  }
  advance(hour + 15)
  t.ok(await lines.sweep() > 0)
  t.same((await lines.numbers('demo')).map(({ live }) => live), Array.from({ length: 20 }, () => 0))
  advance(quarantineSeconds)
  await lines.sweep()
  const left: string[] = []
  // What counts calls goes by itself.
  const counts = /^(?:rate|shop|live|ends):/
  for await (const names of store.scan('*')) {
    left.push(...names.filter((name) => !counts.test(name)))
    for (const name of names.filter((name) => counts.test(name))) t.ok(Number(await store.call('PTTL', name)) > 0, name.replace(/:[^:]*$/, ''))
  }
  t.same(left.sort(), ['epochs:{demo}', 'held:{demo}', 'load:{demo}', 'load:{demo}:GB', 'num:{demo}', 'numv:{demo}'], 'only the numbers themselves')
  t.same([...new Set([...(await store.hgetall('held:{demo}')).values()].map(String))], ['0'])
})

t.test('expiry: to the second, never into the past, never beyond the longest life', async (t) => {
  const { lines, wanted, advance, now } = await freshLines(t, store, { line: { maxTtlSeconds: 7200 } })
  for (const expiresAt of [now(), now() - 1, 0, -1, now() + 7_300_000, 8.64e15]) {
    await t.rejects(lines.allocate(wanted(courier, customer, { expiresAt })), { code: 'expiry_invalid', field: 'expiresAt' })
  }
  const { id, number, createdAt } = await lines.allocate(wanted(courier, customer))
  t.equal((await lines.change('shop', id, { expiresAt: createdAt + 7_200_000 })).expiresAt, createdAt + 7_200_000)
  await t.rejects(lines.change('shop', id, { expiresAt: createdAt + 7_200_001 }), { code: 'expiry_invalid', field: 'expiresAt' })
  await t.rejects(lines.change('shop', id, { expiresAt: now() }), { code: 'expiry_invalid' })
  advance(hour + 20)
  await lines.sweep()
  t.equal((await lines.lookup(number, courier, 'c1')).kind, 'connect', 'the old expiry has passed')
  await lines.release(id, 'c1')
  t.equal((await lines.change('shop', id, { expiresAt: now() + 1000 })).state, 'live')
  advance(0.999)
  t.equal((await lines.lookup(number, courier, 'c2')).kind, 'connect')
  advance(0.001)
  t.equal((await lines.lookup(number, courier, 'c3')).kind, 'over')
  advance(15)
  await lines.sweep()
  t.equal((await lines.numbers('demo'))[0]?.live, 0, 'the shortened life was noticed')
})

t.test('direction: who may start a call', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const { id, number } = await lines.allocate(wanted(courier, customer, { direction: 'courier' }))
  t.equal((await lines.lookup(number, courier, 'c1')).kind, 'connect')
  t.match(await lines.lookup(number, customer, 'c2'), { kind: 'wrong_direction', caller: 'customer', deliveryId: id })
  t.equal((await lines.change('shop', id, { direction: 'customer' })).direction, 'customer')
  t.equal((await lines.lookup(number, courier, 'c3')).kind, 'wrong_direction')
  t.match(await lines.lookup(number, customer, 'c4'), { kind: 'connect', callee: courier })
  await lines.change('shop', id, { direction: 'both' })
  t.equal((await lines.lookup(number, courier, 'c5')).kind, 'limited', 'and back')
})

t.test('another shop does not see, change or close a delivery', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const { id } = await lines.allocate(wanted(courier, customer))
  const strange = ['demo-bcdfghjkmnpqrstvwxyz', 'other-bcdfghjkmnpqrstvwxyz', 'demo-', '', 'd:{demo}:x', `${id}x`, '../x']
  for (const [shop, which] of [['other', id], ...strange.map((which) => ['shop', which])] as [string, string][]) {
    await t.rejects(lines.find(shop, which), { code: 'delivery_not_found' })
    await t.rejects(lines.close(shop, which), { code: 'delivery_not_found' })
    await t.rejects(lines.change(shop, which, { direction: 'courier' }), { code: 'delivery_not_found' })
    await t.rejects(lines.addPhone(shop, which, 'courier', person(3)), { code: 'delivery_not_found' })
  }
  t.equal((await lines.find('shop', id)).state, 'live')
})

t.test('a reference is unique among the live deliveries of a shop', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store)
  const first = await lines.allocate(wanted(courier, customer, { reference: 'A' }))
  await t.rejects(lines.allocate(wanted(person(2), person(3), { reference: 'A' })), { code: 'reference_in_use', field: 'reference' })
  await lines.allocate(wanted(person(2), person(3), { reference: 'a' }))
  await lines.allocate(wanted(person(2), person(3), { reference: 'A', shopId: 'other' }))
  await lines.close('shop', first.id)
  await lines.allocate(wanted(person(4), person(5), { reference: 'A' }))
  await t.rejects(lines.allocate(wanted(person(6), person(7), { reference: 'A' })), { code: 'reference_in_use' })
  advance(hour)
  await lines.allocate(wanted(person(6), person(7), { reference: 'A' }))
  advance(16)
  await lines.sweep()
  await t.rejects(lines.allocate(wanted(person(8), person(9), { reference: 'A' })), { code: 'reference_in_use' }, 'the sweep of the older one does not free it')
})

t.test('equal phones, and numbers of ours, are refused with their field', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  await t.rejects(lines.allocate(wanted(courier, courier)), { code: 'phones_equal', field: 'customer.phone' })
  await t.rejects(lines.allocate(wanted(proxy(3), customer)), { code: 'phone_is_proxy', field: 'courier.phone' })
  await t.rejects(lines.allocate(wanted(courier, proxy(3))), { code: 'phone_is_proxy', field: 'customer.phone' })
  const { id } = await lines.allocate(wanted(courier, customer))
  await t.rejects(lines.addPhone('shop', id, 'courier', proxy(0)), { code: 'phone_is_proxy', field: 'phone' })
  await t.rejects(lines.change('shop', id, { customer: proxy(0) }), { code: 'phone_is_proxy', field: 'customer.phone' })
})

t.test('a country of the customer is preferred, or required', async (t) => {
  const pools = [{ id: 'demo', numbers: ['+442079460000-+442079460001', '+46701740698-+46701740699'] }]
  const { lines, wanted, now } = await freshLines(t, store, { pools })
  const geo = { expiresAt: now() + 1000 }
  const swedish = [await lines.allocate(wanted(courier, customer, geo)), await lines.allocate(wanted(courier, person(2), geo))]
  t.same(swedish.map(({ number }) => number).sort(), ['+46701740698', '+46701740699'])
  await t.rejects(lines.allocate(wanted(courier, person(3), { ...geo, geo: { strict: true } })), { code: 'pool_exhausted', reason: 'geo' })
  t.match((await lines.allocate(wanted(courier, person(3), geo))).number, /^\+44/, 'any other')
  t.match((await lines.allocate(wanted(person(8), person(9), { ...geo, country: 'GB' as never }))).number, /^\+44/, 'a wish')
  t.match((await lines.allocate(wanted(person(8), person(10), { ...geo, country: 'FI' as never, geo: { fallback: ['GB' as never], strict: true } }))).number, /^\+44/)
  await t.rejects(lines.allocate(wanted(person(8), person(11), { ...geo, country: 'FI' as never, geo: { strict: true } })), { code: 'pool_exhausted', reason: 'geo' })
})

t.test('access codes differ on one number and grow with its deliveries', async (t) => {
  const { lines, wanted } = await freshLines(t, store, { numbers: ['+442079460000'] })
  const codes: string[] = []
  for (let at = 0; at < 90; at += 2) codes.push((await lines.allocate(wanted(person(at), person(at + 1)))).accessCode)
  t.equal(new Set(codes).size, codes.length)
  for (const [at, code] of codes.entries()) t.ok(3 * (at + 1) / 10 ** code.length < 1e-4, `${code.length} digits for ${at + 1} live`)
  t.same([codes[0]?.length, codes[2]?.length, codes[3]?.length, codes[32]?.length, codes[44]?.length], [5, 5, 6, 6, 7])
})

t.test('a pool without numbers in service says so; numbers come back after the store was emptied', async (t) => {
  const { lines, wanted } = await freshLines(t, store, { numbers: ['+442079460000'] })
  t.same(await lines.numbers('demo'), [{ number: proxy(0), poolId: 'demo', country: 'GB', state: 'in_service', live: 0, held: 0 }])
  await store.call('FLUSHALL')
  await lines.allocate(wanted(courier, customer))
  await store.del('load:{demo}', 'load:{demo}:GB')
  await t.rejects(lines.allocate(wanted(person(2), person(3))), { code: 'pool_drained' })
  await t.rejects(lines.numbers('nosuch'), { code: 'number_not_found' })
})

t.test('a configuration that cannot be meant is refused', async (t) => {
  for (const numbers of [['+442079460019-+442079460000'], ['+442079460000', '+442079460000'], ['+44207946000-+442079460000'], ['+10000000-+99999999']]) {
    await t.rejects(freshLines(t, store, { numbers }), { code: 'config_invalid' })
  }
})

t.test('without a clock of ours the server tells the time', async (t) => {
  const { createLines } = await import('../../src/line/lines.js')
  const { memoryKeyRing } = await import('../support/keyring.js')
  const { lineConfig } = await import('../support/lines.js')
  const { createLog } = await import('../../src/telemetry/log.js')
  await store.call('FLUSHALL')
  const keys = memoryKeyRing()
  t.teardown(() => keys.close())
  const lines = createLines({ store, keys, config: lineConfig(), log: createLog('silent') })
  t.teardown(() => lines.stop())
  const before = Date.now()
  const delivery = await lines.allocate({ shopId: 'shop', poolId: 'demo', reference: 'r', courier, customer, expiresAt: before + 259_200_000, quarantineSeconds: 1, direction: 'both' })
  t.ok(Math.abs(delivery.createdAt - before) < 60_000)
  t.equal((await lines.lookup(delivery.number, courier, 'c')).kind, 'connect')
})
