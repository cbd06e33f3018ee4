import t from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCallback } from '../../src/call/callback.js'
import { CallSession } from '../../src/call/session.js'
import type { E164 } from '../../src/phone/types.js'
import { CallFailed } from '../../src/sip/types.js'
import { CallStage, partyPhones, ScriptedInbound, ScriptedLeg } from '../support/call-doubles.js'

const tick = (): Promise<void> => sleep(5)

const textOf = ({ records: [record] }: CallStage): string[] => record!.start.trace!.steps.map(({ what, detail }) => detail === undefined ? what : `${what} ${detail}`)

/** Runs a call and gives what its record has of it, as text without times. */
async function traced(stage: CallStage, inbound: ScriptedInbound, play: () => Promise<void> | void): Promise<string[]> {
  const over = new CallSession(stage.deps(), inbound, stage.origin).run()
  await tick()
  await play()
  await over
  return textOf(stage)
}

t.test('a talk from INVITE to BYE', async (t) => {
  const stage = new CallStage()
  const inbound = new ScriptedInbound()
  stage.callee = async ({ watch, onRinging }) => {
    watch?.tried(1)
    watch?.status(503)
    watch?.tried(2)
    watch?.status(180)
    onRinging()
    await tick()
    watch?.status(200)
    return { leg: stage.b, answer: 'answer of b' }
  }
  t.same(await traced(stage, inbound, async () => {
    await sleep(20)
    inbound.leg.end()
  }), [
    'a.in.invite', 'lookup connect', 'record', 'gate allow', 'state dialling', 'b.out.invite 1', 'b.in.status 503', 'b.out.invite 2', 'b.in.status 180',
    'state ringing', 'a.out.status 180', 'prompt.a ringback', 'b.in.status 200', 'b.out.ack', 'state answering', 'a.out.status 200', 'state talking',
    'a.in.bye', 'state ended', 'b.out.bye', 'end caller_hung_up'
  ])
})

t.test('refused, given up, not accepted', async (t) => {
  const refused = new CallStage()
  refused.callee = async ({ watch }) => { watch?.status(486); throw new CallFailed(486) }
  t.same((await traced(refused, new ScriptedInbound(), () => undefined)).slice(-4), ['b.in.status 486', 'a.out.status 486', 'state ended', 'end busy'])

  const silent = new CallStage()
  silent.callee = () => new Promise(() => undefined)
  const caller = new ScriptedInbound()
  const steps = await traced(silent, caller, () => caller.cancel())
  t.same(steps.slice(-4), ['a.in.cancel', 'b.out.cancel', 'state ended', 'end caller_cancelled'])
})

t.test('a call that asks for a code says neither the code nor how it was wrong', async (t) => {
  const stage = new CallStage()
  stage.found = { kind: 'unknown' }
  stage.speaks = true
  stage.redeem = async () => ({ kind: 'connect', deliveryId: 'demo-abc', shopId: 'demo', reference: 'order-1', caller: 'courier', phones: partyPhones, callee: partyPhones.customer, enrolled: true })
  Object.assign(stage.origin, { asksCode: true })
  const inbound = new ScriptedInbound()
  const steps = await traced(stage, inbound, async () => {
    for (const key of '48213#1') stage.press(key)
    await sleep(30)
    stage.b.end()
  })
  t.match(steps.join(' '), /lookup unknown state asking a\.out\.status 200 prompt\.a ask-code prompt\.a ask-role code\.a right record gate allow prompt\.a connecting state dialling/)
  t.notMatch(steps.join(' '), /48213|\b1\b/, 'no key')
})

t.test('a stranger\'s call belongs to nobody: nothing of it is kept', async (t) => {
  const stage = new CallStage()
  stage.found = { kind: 'unknown' }
  await new CallSession(stage.deps(), new ScriptedInbound(), stage.origin).run()
  t.same(stage.events.map(({ reason }) => reason), ['line_unknown'])
  t.same(stage.records, [])
})

t.test('a call of the shop: the first party is A', async (t) => {
  const stage = new CallStage()
  const first = new ScriptedLeg()
  let rung = 0
  stage.callee = async ({ watch }) => {
    watch?.tried(1)
    watch?.status(200)
    return { leg: rung++ === 0 ? first : stage.b, answer: 'an answer' }
  }
  const deps = stage.deps()
  const begun = { number: '+442079460000' as E164, reference: 'order-1', first: partyPhones.courier, second: partyPhones.customer, longestMs: Infinity }
  Object.assign(deps.lines, { begin: async () => begun })
  const call = await startCallback(deps, { shopId: 'demo', deliveryId: 'demo-abc', first: 'courier' })
  await sleep(20)
  stage.b.end()
  t.match(await call.done, { reason: 'callee_hung_up' })
  t.same(textOf(stage), ['record', 'gate allow', 'a.out.invite 1', 'a.in.status 200', 'a.out.ack', 'prompt.a ringback', 'b.out.invite 1', 'b.in.status 200', 'b.out.ack', 'state talking', 'b.in.bye', 'a.out.bye', 'end callee_hung_up'])
})
