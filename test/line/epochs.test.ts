import { AsyncLocalStorage } from 'node:async_hooks'
import t, { type Test } from 'tap'
import { createLines } from '../../src/line/lines.js'
import { epochMs } from '../../src/line/tags.js'
import type { AllocatedDelivery, Lines } from '../../src/line/types.js'
import type { E164 } from '../../src/phone/types.js'
import { createKeyRing } from '../../src/store/keyring/keyring.js'
import type { KeyRing } from '../../src/store/keyring/types.js'
import { createStore, type Store } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'
import { doorTo } from '../support/door.js'
import { memoryKeyRing } from '../support/keyring.js'
import { captured } from '../support/log.js'
import { freshLines, lineConfig, linesOn, masterKey, person, proxy, quarantineSeconds, type LineOverrides, type TestLines } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const redis = await testRedis(t)
const store = await testStore(t, redis)
/** When an epoch begins; the tests begin a second before it. */
const turn = Math.ceil(1_700_000_000_000 / epochMs) * epochMs
const [courier, customer, other] = [person(0), person(1), person(2)]
const [minute, hour, day] = [60, 3600, 86_400]
const long = { line: { maxTtlSeconds: 40 * day } }

const before = async (t: Test, overrides: LineOverrides = {}): Promise<TestLines> => await freshLines(t, store, overrides, { now: turn - 1000 })

let calls = 0
/** Whom a caller reaches, or the kind of answer. */
async function reaches(lines: Lines, number: string, caller: E164): Promise<string> {
  const callId = `call-${calls++}`
  const found = await lines.lookup(number, caller, callId)
  if (found.kind !== 'connect') return found.kind
  await lines.release(found.deliveryId, callId)
  return found.callee
}

/** What a deletion run does with keys. @returns how many there were */
async function destroyDue(keys: KeyRing, now: number): Promise<number> {
  const due = (await keys.list()).filter(({ neededUntil }) => neededUntil < now)
  return (await keys.destroy(due.map(({ scope }) => scope))).length
}

async function namesIn(from: Store, pattern = '*'): Promise<string[]> {
  const found: string[] = []
  for await (const names of from.scan(pattern)) found.push(...names)
  return found.sort()
}

/** A store that counts the round trips of what `counted` does; what goes on in the background is none of a look-up's. */
function counting(t: Test): { store: Store, counted: (work: () => Promise<void>) => Promise<number> } {
  const asked = new AsyncLocalStorage<{ trips: number }>()
  const mine = createStore({ url: redis.url, commandTimeoutMs: 5000, log: createLog('silent') })
  t.teardown(() => mine.close())
  const run: Store['run'] = (script, ...given) => {
    const asker = asked.getStore()
    // A test gives back at once what a look-up counted in.
    if (asker && script.name !== 'release') asker.trips++
    return mine.run(script, ...given)
  }
  const counted = async (work: () => Promise<void>): Promise<number> => {
    const asker = { trips: 0 }
    await asked.run(asker, work)
    return asker.trips
  }
  return { store: { ...mine, run }, counted }
}

t.test('a phone keeps its numbers through the epochs, and is found in one round trip in all of them', async (t) => {
  const { store, counted } = counting(t)
  await store.ready(5000)
  const { lines, wanted, advance, now } = await freshLines(t, store, { ...long, numbers: [`${proxy(0)}-${proxy(7)}`] }, { now: turn - 1000 })
  const made: AllocatedDelivery[] = []
  for (let epoch = 0; epoch < 7; epoch++) {
    made.push(await lines.allocate(wanted(courier, person(10 + epoch), { expiresAt: now() + 39 * day * 1000 })))
    for (const [at, { number }] of made.entries()) {
      const trips = await counted(async () => {
        t.equal(await reaches(lines, number, courier), person(10 + at), `delivery ${at} in epoch ${epoch}`)
        t.equal(await reaches(lines, number, person(10 + at)), courier)
        t.equal(await reaches(lines, number, other), 'unknown')
      })
      t.equal(trips, 3)
    }
    advance(5 * day)
  }
  t.equal(new Set(made.map(({ number }) => number)).size, 7)
  await lines.allocate(wanted(person(30), courier))
  await t.rejects(lines.allocate(wanted(courier, person(31))), { code: 'pool_exhausted', reason: 'busy' }, 'eight numbers are eight numbers')
  await t.rejects(lines.addPhone('shop', made[0]!.id, 'customer', courier), { code: 'phone_in_delivery' })
})

t.test('what one knows in one epoch the other knows in the next: phones, references, codes', async (t) => {
  const { lines, wanted, advance } = await before(t, { numbers: [proxy(0)] })
  const delivery = await lines.allocate(wanted(courier, customer, { reference: 'same' }))
  const second = await lines.allocate(wanted(person(3), person(4)))
  advance(1)
  await t.rejects(lines.allocate(wanted(other, person(5), { reference: 'same' })), { code: 'reference_in_use' })
  await t.rejects(lines.allocate(wanted(courier, other)), { code: 'pool_exhausted', reason: 'busy' })
  await t.rejects(lines.addPhone('shop', second.id, 'courier', customer), { code: 'phone_in_use' })
  await t.rejects(lines.change('shop', second.id, { customer: courier }), { code: 'phone_in_use' })
  t.match(await lines.redeem({ number: proxy(0), code: delivery.accessCode, caller: other, party: 'courier', callId: 'r' }), { kind: 'connect', callee: customer, enrolled: true })
  t.equal(await reaches(lines, proxy(0), other), customer, 'enrolled by a tag of this epoch')
  await lines.close('shop', delivery.id)
  t.equal(await reaches(lines, proxy(0), courier), 'over')
  await t.rejects(lines.allocate(wanted(courier, person(6))), { code: 'pool_exhausted', reason: 'quarantine' })
  advance(quarantineSeconds)
  await lines.allocate(wanted(courier, other, { reference: 'same' }))
})

t.test('processes whose clocks lie on two sides of the turn never miss each other', async (t) => {
  for (const [first, then] of [[-5000, 5000], [5000, -5000], [-5000, epochMs + 5000], [epochMs + 5000, -5000]] as const) {
    const overrides = { ...long, numbers: [proxy(0)] }
    const one = await freshLines(t, store, overrides, { now: turn + first })
    const two = linesOn(t, store, overrides, { now: turn + then })
    const expiresAt = turn + 30 * day * 1000
    const { id } = await one.lines.allocate(one.wanted(courier, customer, { reference: 'same', expiresAt }))
    await t.rejects(two.lines.allocate(two.wanted(courier, other)), { code: 'pool_exhausted' })
    await t.rejects(two.lines.allocate(two.wanted(other, customer)), { code: 'pool_exhausted' })
    await t.rejects(two.lines.allocate(two.wanted(other, person(3), { reference: 'same' })), { code: 'reference_in_use' })
    t.equal(await reaches(two.lines, proxy(0), courier), customer)
    await two.lines.addPhone('shop', id, 'courier', other)
    t.equal(await reaches(one.lines, proxy(0), other), customer)
    await one.lines.change('shop', id, { courier: person(3) })
    t.equal(await reaches(two.lines, proxy(0), courier), 'unknown')
    await t.rejects(two.lines.allocate(two.wanted(courier, person(4))), { code: 'pool_exhausted' }, 'it left and stays reserved')
    await t.rejects(one.lines.allocate(one.wanted(other, person(4))), { code: 'pool_exhausted' })
  }
})

t.test('a process that slept, or whose time runs away, is put right by the first answer', async (t) => {
  const { lines, wanted, advance, now, keys } = await before(t, long)
  const clock = { get now() { return now() } }
  const asleep = linesOn(t, store, long, clock, () => 0).lines
  const ahead = linesOn(t, store, long, clock, () => now() * 3).lines
  for (const one of [asleep, ahead]) t.equal(await reaches(one, proxy(0), courier), 'unknown')
  for (const days of [1, 6, 8, 20]) {
    advance(days * day)
    await destroyDue(keys, now())
    const made = await lines.allocate(wanted(courier, customer, { quarantineSeconds: 0 }))
    for (const one of [asleep, ahead]) t.equal(await reaches(one, made.number, courier), customer)
    advance(hour)
    await t.resolves(asleep.allocate(wanted(courier, customer)))
    await t.resolves(ahead.allocate(wanted(courier, customer)))
  }
})

t.test('whoever slept over the turn writes under the epoch that began', async (t) => {
  const { lines, wanted, advance, now } = await before(t, long)
  const clock = { get now() { return now() } }
  const asleep = linesOn(t, store, long, clock, () => 0).lines
  const { id } = await lines.allocate(wanted(courier, customer))
  await asleep.find('shop', id)
  t.equal(await reaches(asleep, proxy(0), courier), customer)
  advance(1)
  await asleep.addPhone('shop', id, 'courier', other)
  t.same(String(await store.get('epochs:{demo}')).split(' ').sort().map((name) => Number.parseInt(name, 10)), [turn / epochMs - 1, turn / epochMs])
})

t.test('the turn of an epoch forgives no wrong code', async (t) => {
  const { lines, wanted, advance } = await before(t)
  const { number, accessCode } = await lines.allocate(wanted(courier, customer, { expiresAt: turn + 3 * day * 1000 }))
  const enter = (code: string): Promise<unknown> => lines.redeem({ number, code, caller: other, party: 'courier', callId: `r${calls++}` })
  const wrong = accessCode.replace(/^./, (digit) => String((Number(digit) + 1) % 10))
  for (const left of [2, 1, 0]) t.same(await enter(wrong), { kind: 'wrong', left })
  advance(1)
  t.match(await enter(accessCode), { kind: 'blocked', retryAfter: 10 * minute - 1 })
  advance(10 * minute)
  t.same(await enter(wrong), { kind: 'wrong', left: 0 })
  t.match(await enter(accessCode), { kind: 'blocked', retryAfter: 20 * minute }, 'the wait goes on doubling')
})

t.test('a wrong code is remembered over the turn also where nothing else is', async (t) => {
  const { lines, advance, keys, now } = await before(t)
  const enter = (): Promise<unknown> => lines.redeem({ number: proxy(0), code: '00000', caller: other, party: 'courier', callId: `r${calls++}` })
  for (let at = 0; at < 3; at++) await enter()
  advance(3 * hour)
  await lines.sweep()
  await destroyDue(keys, now())
  t.same(await enter(), { kind: 'wrong', left: 0 })
  t.match(await enter(), { kind: 'blocked' })
})

t.test('calls that the shop starts count for the phone in whichever epoch its deliveries were made', async (t) => {
  const { lines, wanted, advance } = await before(t, { limits: { callsPerCallerHour: 2 } })
  const old = await lines.allocate(wanted(courier, customer))
  advance(1)
  const young = await lines.allocate(wanted(courier, other))
  await lines.begin('shop', old.id, 'courier', 'c1')
  await lines.begin('shop', young.id, 'courier', 'c2')
  for (const { id } of [old, young]) await t.rejects(lines.begin('shop', id, 'courier', 'c3'), { code: 'call_limited', reason: 'caller' })
  t.match(await lines.lookup(old.number, courier, 'c4'), { kind: 'limited', limit: 'caller' })
  t.ok(await lines.begin('shop', old.id, 'customer', 'c5'))
})

t.test('a phone that left in one epoch may come back in the next, and leaves nothing behind', async (t) => {
  const { lines, wanted, advance } = await before(t, { numbers: [proxy(0)] })
  const { id } = await lines.allocate(wanted(courier, customer))
  await lines.change('shop', id, { courier: other })
  advance(1)
  await t.rejects(lines.allocate(wanted(courier, person(3))), { code: 'pool_exhausted' })
  await lines.change('shop', id, { courier })
  t.equal(await reaches(lines, proxy(0), courier), customer)
  t.equal(await reaches(lines, proxy(0), other), 'unknown')
  t.equal((await namesIn(store, 'b:*')).length, 3, 'three phones, three tags')
  advance(hour + quarantineSeconds + 15)
  await lines.sweep()
  t.same(await namesIn(store, 'b:*'), [])
  advance(hour)
  await lines.sweep()
  t.same(await namesIn(store, 'epochs:*'), [])
})

t.test('keys live as long as something under them is held, and not longer', async (t) => {
  const { lines, wanted, advance, now, keys } = await before(t, long)
  const { id, number, createdAt } = await lines.allocate(wanted(courier, customer, { quarantineSeconds: hour }))
  await lines.addPhone('shop', id, 'customer', other)
  await lines.change('shop', id, { courier: person(3) })
  let until = 0
  // Held a day longer each day, over three epochs.
  for (let days = 1; days < 20; days++) {
    until = createdAt + days * day * 1000
    await lines.change('shop', id, { expiresAt: until })
    advance(day - minute)
    await destroyDue(keys, now())
    t.equal(await reaches(lines, number, person(3)), customer)
    t.equal(await reaches(lines, number, other), person(3))
    t.match(await lines.lookup(number, courier, 'c'), { kind: 'unknown' }, 'who left has left')
  }
  await lines.change('shop', id, { expiresAt: now() + 10_000 })
  await t.rejects(lines.change('shop', id, { expiresAt: createdAt + 41 * day * 1000 }), { code: 'expiry_invalid' })
  for (const expiresAt of [8.64e15, now() + 41 * day * 1000, -1]) await t.rejects(lines.allocate(wanted(courier, customer, { expiresAt })), { code: 'expiry_invalid' })
  const latest = Math.max(...(await keys.list({ purpose: 'mapping' })).map(({ neededUntil }) => neededUntil))
  t.ok(latest <= until + 2 * hour * 1000, 'what was refused holds no key')
  advance(2 * day)
  await lines.sweep()
  await destroyDue(keys, now())
  t.same(await keys.list({ purpose: 'mapping' }), [])
  advance(10 * day)
  await lines.sweep()
  await destroyDue(keys, now())
  t.equal((await keys.list({ purpose: 'tag' })).length, 1, 'that of this epoch')
  await lines.allocate(wanted(courier, customer))
})

t.test('the first delivery of a day does not decide how long the key of the day lives', async (t) => {
  const { lines, wanted, advance, now, keys } = await before(t)
  advance(1)
  await lines.allocate(wanted(courier, customer, { expiresAt: now() + 60_000, quarantineSeconds: 0 }))
  advance(2 * hour)
  t.equal(await destroyDue(keys, now()), 0)
  const { number } = await lines.allocate(wanted(courier, customer))
  t.equal(await reaches(lines, number, courier), customer)
})

t.test('a delivery whose key was destroyed is as if it had never been', async (t) => {
  const { lines, wanted, keys } = await before(t)
  const { id, number, accessCode } = await lines.allocate(wanted(courier, customer))
  await keys.destroy((await keys.list({ purpose: 'mapping' })).map(({ scope }) => scope))
  for (const caller of [courier, customer, other]) t.same(await lines.lookup(number, caller, `c${caller}`), { kind: 'unknown' })
  t.same(await namesIn(store, 'calls:*'), [], 'nobody was counted in')
  const works = [
    () => lines.find('shop', id), () => lines.change('shop', id, { courier: other }), () => lines.change('shop', id, { direction: 'courier' }),
    () => lines.addPhone('shop', id, 'courier', other), () => lines.begin('shop', id, 'courier', 'c'), () => lines.close('shop', id)
  ]
  for (const work of works) await t.rejects(async () => { await work() }, { code: 'delivery_not_found' })
  t.match(await lines.redeem({ number, code: accessCode, caller: other, party: 'courier', callId: 'r' }), { kind: 'wrong' })
})

t.test('tags whose key was destroyed find nobody any more, and stop nobody else', async (t) => {
  const { lines, wanted, advance, keys } = await before(t, { numbers: [proxy(0)] })
  await lines.allocate(wanted(courier, customer))
  const [old] = await keys.list({ purpose: 'tag' })
  advance(1)
  t.equal(await reaches(lines, proxy(0), courier), customer)
  await keys.destroy([old!.scope])
  t.equal(await reaches(lines, proxy(0), courier), 'unknown')
  await lines.allocate(wanted(courier, other))
  t.equal(await reaches(lines, proxy(0), courier), other)
  const now = (await keys.list({ purpose: 'tag' })).at(-1)!
  await keys.destroy([now.scope])
  await t.rejects(lines.lookup(proxy(0), courier, 'c'), { code: 'key_destroyed' })
})

t.test('a process with other keys than the data were written with does nothing', async (t) => {
  const { wanted, lines, now } = await before(t, { numbers: [proxy(0)] })
  const delivery = await lines.allocate(wanted(courier, customer))
  const { log, text } = captured()
  const keys = memoryKeyRing(now)
  const stranger = createLines({ store, keys, config: lineConfig({ numbers: [proxy(0)] }), log, clock: now })
  t.teardown(async () => {
    await stranger.stop()
    await keys.close()
  })
  const names = await namesIn(store)
  const works: (() => Promise<unknown>)[] = [
    () => stranger.allocate(wanted(courier, other)),
    () => stranger.allocate(wanted(person(3), person(4))),
    () => stranger.lookup(proxy(0), courier, 'c'),
    () => stranger.redeem({ number: proxy(0), code: delivery.accessCode, caller: other, party: 'courier', callId: 'r' })
  ]
  for (const work of works) await t.rejects(work(), { code: 'store_unavailable' })
  t.same(await namesIn(store), names)
  t.match(text(), /line\.tag_keys_differ/)
})

t.test('calls and deliveries go on while the key store is away, also over the turn', async (t) => {
  await store.call('FLUSHALL')
  const clock = { now: turn - hour * 1000 }
  const keyRedis = await testRedis(t)
  const door = await doorTo(t, keyRedis.url)
  const log = createLog('silent')
  const process = async (): Promise<Lines> => {
    const keyStore = createStore({ url: door.url, commandTimeoutMs: 200, log })
    const keys = createKeyRing({ store: keyStore, masterKeys: { current: masterKey }, log, clock: () => clock.now })
    const lines = createLines({ store, keys, config: lineConfig(), log, clock: () => clock.now })
    t.teardown(async () => {
      await lines.stop()
      await keys.close()
      await keyStore.close()
    })
    await keyStore.ready(5000)
    return lines
  }
  const lines = await process()
  const young = await process()
  await young.sweep()
  const wanted = { shopId: 'shop', poolId: 'demo', reference: 'r', courier, customer, quarantineSeconds, direction: 'both' as const, expiresAt: turn + hour * 1000 }
  const { id, number } = await lines.allocate(wanted)
  await lines.sweep()
  const old = await process()
  await old.sweep()
  door.shut()
  for (const now of [turn - 1, turn, turn + minute * 1000]) {
    clock.now = now
    t.equal(await reaches(lines, number, courier), customer)
    t.equal(await reaches(lines, number, other), 'unknown')
    t.match(await lines.lookup(number, customer, 'c'), { kind: 'connect' })
    await lines.release(id, 'c')
  }
  t.equal(await reaches(old, number, courier), customer, 'a process that never had to do with it is prepared')
  t.equal(await reaches(young, number, other), 'unknown')
  await t.rejects(young.lookup(number, courier, 'c'), { code: 'store_unavailable' }, 'but not for what came since')
  t.same(await namesIn(store, 'calls:*'), [], 'who cannot read does not count')
  clock.now = turn - minute * 1000
  t.ok(await lines.allocate({ ...wanted, reference: 'r2', courier: other }))
  await t.rejects(lines.allocate({ ...wanted, shopId: 'another' }), { code: 'store_unavailable' }, 'a shop without a key of today')
  await door.open()
})
