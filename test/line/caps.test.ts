import fc from 'fast-check'
import t, { type Test } from 'tap'
import { judge, preludeMs, type Usage } from '../../src/line/caps.js'
import { leaseMs } from '../../src/line/leases.js'
import type { CapAlarm, Lines } from '../../src/line/types.js'
import type { Caps } from '../../src/shop/caps.js'
import { freshLines, linesOn, person, type TestLines } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const minute = 60_000
const roomy: Caps = { callsAtOnce: 1000, callsPerHour: 1000, minutesPerDay: 100_000, deliveryMinutesPerDay: 2880, callerCallsAtOnce: 1000, callerMinutesPerDay: 100_000, numberCallsAtOnce: 1000, numberMinutesPerDay: 100_000, longestTalkSeconds: 900 }
const limits = { callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 1000, callsPerNumberMinute: 1000 }
/** Noon of a UTC day, so that nothing turns by itself. */
const noon = 1_700_006_400_000 - 1_700_006_400_000 % 86_400_000 + 43_200_000

interface Rig extends TestLines {
  readonly alarms: CapAlarm[]
  /** A second process. */
  readonly other: Lines
}

async function rig(t: Pick<Test, 'teardown'>, over: Partial<Caps>): Promise<Rig> {
  const alarms: CapAlarm[] = []
  const caps = { of: async () => ({ ...roomy, ...over }), tell: (alarm: CapAlarm) => { alarms.push(alarm) } }
  const clock = { now: noon }
  const lines = await freshLines(t, store, { limits, caps }, clock)
  return { ...lines, alarms, other: linesOn(t, store, { limits, caps }, clock).lines }
}

/** Alarms are given beside the call. */
const settled = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 50) })

t.test('as many calls of a shop at the same time as its cap, in whatever deliveries and processes', async (t) => {
  const { lines, other, wanted, alarms } = await rig(t, { callsAtOnce: 4 })
  const made = await Promise.all([0, 1, 2, 3].map((at) => lines.allocate(wanted(person(2 * at), person(2 * at + 1)))))
  const answers = await Promise.all(made.flatMap(({ number }, at) => [0, 1, 2].map((n) => (n % 2 ? other : lines).lookup(number, person(2 * at), `c${at}.${n}`))))
  t.equal(answers.filter(({ kind }) => kind === 'connect').length <= 4, true, 'at the same instant')
  t.match(answers.find(({ kind }) => kind === 'limited'), { limit: 'calls_at_once', shopId: 'shop', caller: 'courier' })
  for (let n = 0; n < 8; n++) await lines.lookup(made[0]!.number, person(0), `more.${n}`)
  t.equal((await lines.usage('shop', 'demo')).callsAtOnce, 4, 'who was refused is not counted')
  await settled()
  t.same(alarms.map(({ cap, state }) => `${cap} ${state}`).sort(), ['calls_at_once near', 'calls_at_once reached'], 'each is told once, whichever process sees it')
  t.same((await lines.usage('other', 'demo')), { callsAtOnce: 0, callsThisHour: 0, talkMs: 0 }, 'another shop has its own')
})

t.test('calls per hour begin anew with the hour', async (t) => {
  const { lines, wanted, advance, alarms } = await rig(t, { callsPerHour: 5 })
  const { id, number } = await lines.allocate(wanted(person(0), person(1), { expiresAt: noon + 4 * 3_600_000 }))
  const call = async (n: string): Promise<string> => {
    const { kind } = await lines.lookup(number, person(0), n)
    await lines.release(id, n)
    return kind
  }
  t.same([await call('1'), await call('2'), await call('3')], ['connect', 'connect', 'connect'])
  await settled()
  t.same(alarms, [])
  t.same([await call('4'), await call('5'), await call('6'), await call('7')], ['connect', 'connect', 'limited', 'limited'])
  await settled()
  t.match(alarms, [{ cap: 'calls_per_hour', state: 'near', used: 4, limit: 5, shopId: 'shop' }, { cap: 'calls_per_hour', state: 'reached', limit: 5 }])
  t.equal((await lines.usage('shop', 'demo')).callsThisHour, 5, 'who was refused is not counted')
  advance(3600)
  t.equal(await call('8'), 'connect')
  for (const n of ['9', '10', '11', '12', '13']) await call(n)
  await settled()
  t.equal(alarms.length, 4, 'and are told anew')
})

t.test('minutes of a day: what was talked, what is being talked, and what is left for the last call', async (t) => {
  const { lines, wanted, advance, alarms } = await rig(t, { minutesPerDay: 40 })
  const { id, number } = await lines.allocate(wanted(person(0), person(1), { expiresAt: noon + 48 * 3_600_000 }))
  t.match(await lines.lookup(number, person(0), 'a'), { kind: 'connect', longestMs: 15 * minute })
  t.match(await lines.lookup(number, person(1), 'b'), { kind: 'connect', longestMs: 15 * minute })
  // Two live calls may take 32 minutes: 8 are left, and one of them is for what comes before the talk.
  t.match(await lines.lookup(number, person(0), 'c'), { kind: 'connect', longestMs: 7 * minute })
  t.match(await lines.lookup(number, person(0), 'd'), { kind: 'limited', limit: 'minutes_per_day' }, 'live calls count as long as they may become')
  for (const call of ['a', 'b', 'c']) await lines.release(id, call, 2 * minute)
  await lines.release(id, 'a', 2 * minute)
  t.equal((await lines.usage('shop', 'demo')).talkMs, 6 * minute, 'and when they end as long as they were, once')
  t.match(await lines.lookup(number, person(0), 'e'), { kind: 'connect', longestMs: 15 * minute })
  await lines.release(id, 'e', 32 * minute)
  t.match(await lines.lookup(number, person(0), 'f'), { kind: 'connect', longestMs: minute })
  await lines.release(id, 'f', 1.5 * minute)
  t.match(await lines.lookup(number, person(0), 'g'), { kind: 'limited', limit: 'minutes_per_day' })
  await t.rejects(lines.begin('shop', id, 'courier', 'h'), { code: 'call_limited', reason: 'minutes_per_day' }, 'what the shop starts counts too')
  await t.rejects(lines.count('shop', number, 'i'), { code: 'call_limited', reason: 'minutes_per_day' }, 'also what belongs to no delivery')
  await settled()
  t.match(alarms.map(({ cap, state }) => `${cap} ${state}`).sort(), ['minutes_per_day near', 'minutes_per_day reached'])
  advance(12 * 3600)
  t.match(await lines.lookup(number, person(0), 'j'), { kind: 'connect', longestMs: 15 * minute }, 'the next day')
})

t.test('minutes of a delivery', async (t) => {
  const { lines, wanted, alarms } = await rig(t, { deliveryMinutesPerDay: 20 })
  const [one, two] = [await lines.allocate(wanted(person(0), person(1))), await lines.allocate(wanted(person(2), person(3)))]
  await lines.lookup(one.number, person(0), 'a')
  await lines.release(one.id, 'a', 19 * minute)
  t.match(await lines.lookup(one.number, person(0), 'b'), { kind: 'limited', limit: 'delivery_minutes_per_day' })
  t.equal((await lines.lookup(two.number, person(2), 'c')).kind, 'connect', 'others go on')
  await settled()
  t.match(alarms, [{ cap: 'delivery_minutes_per_day', state: 'reached', deliveryId: one.id }])
})

t.test('callbacks, calls without a delivery and calls to the support line count, and end with their process', async (t) => {
  const { lines, wanted, advance } = await rig(t, {})
  const { id, number } = await lines.allocate(wanted(person(0), person(1)))
  await lines.begin('shop', id, 'courier', 'callback')
  await lines.count('shop', number, 'proof')
  await lines.close('shop', id)
  t.equal((await lines.lookup(number, person(0), 'late')).kind, 'over')
  t.match(await lines.usage('shop', 'demo'), { callsAtOnce: 3, callsThisHour: 3 })
  await lines.release(undefined, 'proof', minute)
  t.match(await lines.usage('shop', 'demo'), { callsAtOnce: 2, talkMs: minute })
  advance(leaseMs / 1000)
  t.match(await lines.usage('shop', 'demo'), { callsAtOnce: 0 }, 'without a sign of life a call is over')
})

t.test('what cannot be read of a call leaves nothing behind', async (t) => {
  const { lines, keys, wanted } = await rig(t, {})
  const { number } = await lines.allocate(wanted(person(0), person(1)))
  await keys.destroy((await keys.list()).filter(({ scope }) => scope.purpose === 'mapping').map(({ scope }) => scope))
  t.equal((await lines.lookup(number, person(0), 'a')).kind, 'unknown')
  t.same(await lines.usage('shop', 'demo'), { callsAtOnce: 0, callsThisHour: 0, talkMs: 0 })
})

t.test('whatever the order of calls and however long they are, the minutes are never more than the cap', async (t) => {
  const caps = fc.record({ minutesPerDay: fc.integer({ min: 2, max: 200 }), longestTalkSeconds: fc.integer({ min: 30, max: 3600 }), callsAtOnce: fc.integer({ min: 1, max: 12 }) })
  const steps = fc.array(fc.record({ begins: fc.boolean(), which: fc.nat(), share: fc.double({ min: 0, max: 1, noNaN: true }) }), { maxLength: 120 })
  let refused = 0
  fc.assert(fc.property(caps, steps, (some, run) => {
    const shop = { ...roomy, ...some }
    const live: number[] = []
    let talkMs = 0
    const counted = (): Usage => ({ now: noon, callsAtOnce: live.length + 1, callsThisHour: 1, talkMs, deliveryMs: 0, deliveryCalls: 1, callerCalls: 1, callerMs: 0, numberCalls: 1, numberMs: 0 })
    for (const { begins, which, share } of run) {
      const verdict = begins ? judge(counted(), shop) : undefined
      if (verdict?.ok) live.push(verdict.longestMs! + preludeMs)
      if (verdict?.ok === false) refused++
      if (!begins && live.length > 0) talkMs += share * live.splice(which % live.length, 1)[0]!
    }
    // Even if all that live go on to their end.
    return live.length <= shop.callsAtOnce && talkMs + live.reduce((sum, ms) => sum + ms, 0) <= shop.minutesPerDay * minute + 1
  }))
  t.ok(refused > 10, `${refused} calls were refused`)
})

t.test('calls at once and minutes of a caller, over all its deliveries and shops', async (t) => {
  const { lines, other, wanted, alarms, advance } = await rig(t, { callerCallsAtOnce: 2, callerMinutesPerDay: 37 })
  const far = { expiresAt: noon + 48 * 3_600_000 }
  const [one, two, three] = [await lines.allocate(wanted(person(0), person(1), far)), await lines.allocate(wanted(person(0), person(2), far)), await lines.allocate(wanted(person(0), person(3), { ...far, shopId: 'other' }))]
  t.equal((await lines.lookup(one.number, person(0), 'a')).kind, 'connect')
  t.equal((await other.lookup(two.number, person(0), 'b')).kind, 'connect')
  t.match(await other.lookup(three.number, person(0), 'c'), { kind: 'limited', limit: 'caller_calls_at_once', shopId: 'other' })
  t.equal((await lines.lookup(three.number, person(3), 'd')).kind, 'connect', 'who is called is no caller')
  await t.rejects(lines.begin('other', three.id, 'courier', 'e'), { code: 'call_limited', reason: 'caller_calls_at_once' }, 'who is rung first is one')
  await lines.release(one.id, 'a', 20 * minute)
  t.match(await lines.lookup(three.number, person(0), 'f'), { kind: 'limited', limit: 'caller_minutes_per_day' }, '20 minutes, and what the other call may become')
  await other.release(two.id, 'b', 10 * minute)
  t.match(await lines.lookup(three.number, person(0), 'g'), { kind: 'connect', longestMs: 6 * minute })
  await lines.release(three.id, 'g', 6 * minute)
  t.match(await lines.lookup(one.number, person(0), 'h'), { kind: 'limited', limit: 'caller_minutes_per_day' })
  t.equal((await lines.lookup(one.number, person(1), 'i')).kind, 'connect', 'others call on')
  await settled()
  t.match(alarms.map(({ cap, state, deliveryId }) => `${cap} ${state} ${deliveryId}`), [
    `caller_calls_at_once near ${two.id}`, `caller_calls_at_once reached ${three.id}`, `caller_minutes_per_day reached ${three.id}`, `caller_minutes_per_day near ${three.id}`, `caller_minutes_per_day reached ${one.id}`
  ])
  advance(12 * 3600)
  t.equal((await lines.lookup(one.number, person(0), 'j')).kind, 'connect', 'the next day')
})

t.test('calls at once and minutes of a number, whichever shop calls', async (t) => {
  const clock = { now: noon }
  const alarms: CapAlarm[] = []
  const caps = { of: async () => ({ ...roomy, numberCallsAtOnce: 2, numberMinutesPerDay: 60 }), tell: (alarm: CapAlarm) => { alarms.push(alarm) } }
  const { lines, wanted, advance } = await freshLines(t, store, { limits, caps, numbers: ['+442079460000'] }, clock)
  const [one, two, three] = [await lines.allocate(wanted(person(0), person(1))), await lines.allocate(wanted(person(2), person(3), { shopId: 'other' })), await lines.allocate(wanted(person(4), person(5)))]
  t.equal((await lines.lookup(one.number, person(0), 'a')).kind, 'connect')
  await lines.count('shop', one.number, 'proof')
  t.match(await lines.lookup(two.number, person(2), 'b'), { kind: 'limited', limit: 'number_calls_at_once' })
  await t.rejects(lines.count('other', one.number, 'proof 2'), { code: 'call_limited', reason: 'number_calls_at_once' })
  await lines.release(undefined, 'proof', 30 * minute)
  await lines.release(one.id, 'a', 28 * minute)
  t.match(await lines.lookup(two.number, person(2), 'c'), { kind: 'connect', longestMs: minute })
  t.match(await lines.lookup(three.number, person(4), 'd'), { kind: 'limited', limit: 'number_minutes_per_day' })
  advance(leaseMs / 1000)
  t.match(await lines.lookup(three.number, person(4), 'e'), { kind: 'connect' }, 'a call without a sign of life counts no more')
  await settled()
  t.match(alarms.filter(({ state }) => state === 'reached').map(({ cap }) => cap), ['number_calls_at_once', 'number_minutes_per_day'])
})

t.test('whoever calls too often is told of once, a busy line never', async (t) => {
  const { lines, wanted, alarms } = await rig(t, {})
  const tight = { callsPerDelivery: 1, callsPerDeliveryHour: 2, callsPerCallerHour: 3, callsPerNumberMinute: 4 }
  const busy = linesOn(t, store, { limits: tight, caps: { of: async () => roomy, tell: (alarm) => { alarms.push(alarm) } } }, { now: noon }).lines
  const made = await lines.allocate(wanted(person(0), person(1)))
  t.equal((await busy.lookup(made.number, person(0), 'a')).kind, 'connect')
  t.match(await busy.lookup(made.number, person(1), 'b'), { limit: 'concurrent' })
  await busy.release(made.id, 'a')
  await busy.lookup(made.number, person(1), 'c')
  await busy.release(made.id, 'c')
  for (const call of ['d', 'e']) t.match(await busy.lookup(made.number, person(0), call), { limit: 'hourly' })
  await settled()
  t.match(alarms, [{ cap: 'delivery_calls_per_hour', state: 'reached', used: 2, limit: 2, deliveryId: made.id }])
  t.equal(alarms.length, 1)
})
