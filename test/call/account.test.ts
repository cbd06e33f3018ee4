import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCallback } from '../../src/call/callback.js'
import type { CallDeps } from '../../src/call/deps.js'
import { CallSession } from '../../src/call/session.js'
import { EndCall } from '../../src/call/termination.js'
import type { Events } from '../../src/events.js'
import type { BegunCall, Lookup } from '../../src/line/types.js'
import type { E164 } from '../../src/phone/types.js'
import { CallFailed } from '../../src/sip/types.js'
import { CallStage, partyPhones, ScriptedInbound, ScriptedLeg } from '../support/call-doubles.js'

const noon = Date.UTC(2026, 10, 21, 12)
const tick = (): Promise<void> => sleep(5)

/** A stage with clocks in the test's hands, and what was told of missed calls. */
function watched(stage = new CallStage()): { stage: CallStage, deps: CallDeps, clock: { now: number, monotonic: number }, missed: Events['call.missed'][] } {
  const clock = { now: noon, monotonic: 1000 }
  const deps: CallDeps = { ...stage.deps(), clock: () => clock.now, monotonic: () => clock.monotonic }
  const missed: Events['call.missed'][] = []
  deps.events.on('call.missed', (event) => missed.push(event))
  return { stage, deps, clock, missed }
}

const callOn = ({ stage, deps }: ReturnType<typeof watched>, inbound: ScriptedInbound): Promise<unknown> => new CallSession(deps, inbound, stage.origin).run()

t.test('a clock that jumps during a call bends none of its times', async (t) => {
  for (const jump of [-86_400_000, -3_600_000, 3_600_000, 365 * 86_400_000]) {
    const rig = watched()
    const { stage, clock } = rig
    let answer: () => void = () => undefined
    stage.callee = () => new Promise((resolve) => { answer = () => resolve({ leg: stage.b, answer: 'answer of b' }) })
    const inbound = new ScriptedInbound()
    const over = callOn(rig, inbound)
    await tick()
    clock.now += jump
    clock.monotonic += 4000
    answer()
    await tick()
    clock.now -= jump / 2
    clock.monotonic += 60_000
    inbound.leg.end()
    await over
    t.match(stage.records, [{ start: { startedAt: noon }, end: { answeredAt: noon + 4000, at: noon + 64_000 } }], `a jump of ${jump} ms`)
    t.match(stage.events, [{ ringMs: 4000, talkMs: 60_000, at: noon + 64_000, outcome: 'reached', attempt: 1, firstReached: true }])
  }
})

t.test('the record learns which phones had a part, and as which party', async (t) => {
  const startOf = async (found: Lookup, from?: string): Promise<unknown> => {
    const rig = watched()
    rig.stage.found = found
    const inbound = new ScriptedInbound()
    if (from !== undefined) Object.assign(inbound, { identity: { pai: [], from, privacy: [] } })
    rig.stage.callee = async () => { throw new CallFailed(486) }
    await callOn(rig, inbound)
    const { phones, callee, startedBy } = rig.stage.records[0]!.start
    return { phones, callee, startedBy }
  }
  const belonging = { deliveryId: 'demo-abc', shopId: 'demo', reference: 'order-1', phones: partyPhones }
  const other = '+46701740699' as E164
  t.same(await startOf({ kind: 'connect', ...belonging, caller: 'courier', callee: partyPhones.customer }), { phones: partyPhones, callee: 'customer', startedBy: 'courier' })
  t.same(await startOf({ kind: 'connect', ...belonging, caller: 'courier', callee: partyPhones.customer }, `<sip:${other}@127.0.0.1>`), { phones: { ...partyPhones, courier: other }, callee: 'customer', startedBy: 'courier' }, 'the phone that called, not the one that is rung')
  t.same(await startOf({ kind: 'connect', ...belonging, caller: 'customer', callee: partyPhones.courier }, '"Anonymous" <sip:anonymous@anonymous.invalid>'), { phones: partyPhones, callee: 'courier', startedBy: 'customer' }, 'a withheld number is that of its party')
  t.same(await startOf({ kind: 'wrong_direction', ...belonging, caller: 'courier' }), { phones: partyPhones, callee: undefined, startedBy: 'courier' }, 'nobody was to be reached')

  const rig = watched()
  rig.stage.settings = { supportPhone: '+46701740690' }
  rig.stage.found = { kind: 'over', ...belonging, caller: 'customer' }
  rig.stage.callee = async () => { throw new CallFailed(486) }
  await callOn(rig, new ScriptedInbound())
  t.match(rig.stage.records[0]!.start, { phones: { customer: partyPhones.courier }, callee: 'support' })
  t.notHas(rig.stage.records[0]!.start.phones, { courier: String }, 'the other party has no part in a call to the support line')
  t.same(rig.missed, [], 'and missed nothing')
})

t.test('a call in vain is told as missed, once, and by whom', async (t) => {
  for (const [error, reason, outcome] of [[new CallFailed(486), 'busy', 'busy'], [new CallFailed(603), 'declined', 'declined'], [new CallFailed(404), 'unreachable', 'failed'], [new EndCall('no_answer'), 'no_answer', 'missed']] as const) {
    const rig = watched()
    rig.stage.callee = async () => { throw error }
    await callOn(rig, new ScriptedInbound())
    t.match(rig.missed, [{ shopId: 'demo', deliveryId: 'demo-abc', caller: 'courier', missedBy: 'customer', reason, outcome, attempt: 1, at: noon }])
    t.equal(rig.missed.length, 1)
    t.notMatch(JSON.stringify([rig.missed, rig.stage.events]), /4670174/, 'no event holds a number')
  }
  const faulty = watched()
  faulty.stage.fail.set('offerForB', new EndCall('media_unavailable'))
  await callOn(faulty, new ScriptedInbound())
  t.same(faulty.missed, [], 'a fault of ours is nobody\'s missed call')
  const talked = watched()
  const inbound = new ScriptedInbound()
  const over = callOn(talked, inbound)
  await tick()
  inbound.leg.end()
  await over
  t.same(talked.missed, [])
})

t.test('a call that the shop starts knows who is rung first', async (t) => {
  const begun: BegunCall = { reference: 'order-1', number: '+442079460000' as E164, first: partyPhones.customer, second: partyPhones.courier }
  const rig = watched()
  rig.stage.speaks = true
  rig.stage.callee = async () => { throw new CallFailed(486) }
  const deps = { ...rig.deps, lines: { ...rig.deps.lines, begin: async () => begun } }
  await (await startCallback(deps, { shopId: 'demo', deliveryId: 'demo-abc', first: 'customer' })).done
  t.match(rig.stage.records[0]!.start, { startedBy: 'shop', callee: 'courier', phones: { customer: partyPhones.customer, courier: partyPhones.courier }, startedAt: noon })
  t.match(rig.missed, [{ reason: 'first_busy', missedBy: 'customer', caller: 'shop' }])

  const second = watched()
  second.stage.speaks = true
  let rung = 0
  second.stage.callee = async () => {
    if (++rung === 2) throw new EndCall('no_answer')
    setImmediate(() => setTimeout(() => second.stage.press('1'), 5))
    return { leg: new ScriptedLeg(), answer: 'answer' }
  }
  await (await startCallback({ ...second.deps, lines: { ...second.deps.lines, begin: async () => begun } }, { shopId: 'demo', deliveryId: 'demo-abc', first: 'customer' })).done
  t.match(second.missed, [{ reason: 'no_answer', missedBy: 'courier' }])
})
