import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startCallback } from '../../src/call/callback.js'
import { CallSession } from '../../src/call/session.js'
import { MaskError } from '../../src/errors.js'
import type { E164 } from '../../src/phone/types.js'
import { CallStage, partyPhones, ScriptedInbound, ScriptedLeg } from '../support/call-doubles.js'

const tick = (): Promise<void> => sleep(5)

function recordingStage(recording = true): CallStage {
  const stage = new CallStage()
  stage.settings = { recording }
  stage.speaks = true
  return stage
}

t.test('nothing is recorded unless the shop wants it', async (t) => {
  const stage = recordingStage(false)
  const inbound = new ScriptedInbound()
  const over = new CallSession(stage.deps(), inbound, stage.origin).run()
  await tick()
  inbound.leg.end()
  await over
  t.same(stage.did.filter((did) => did.includes('record')), [])
  t.same(stage.recorded, [])
})

t.test('both are told before it starts, and it ends with the talk', async (t) => {
  const stage = recordingStage()
  let told: () => void = () => undefined
  stage.prompt = new Promise((resolve) => { told = resolve })
  const inbound = new ScriptedInbound()
  const over = new CallSession(stage.deps(), inbound, stage.origin).run()
  await tick()
  t.same(stage.did.filter((did) => did.includes('record')), ['recording.begin', 'play recorded to a', 'play recorded to b'])
  t.notOk(stage.did.includes('journal.answered'), 'the talk waits for it')
  told()
  await tick()
  t.ok(stage.did.indexOf('record') < stage.did.indexOf('journal.answered'))
  t.same(stage.recorded, ['talk'])
  inbound.leg.end()
  await over
  t.same(stage.recorded, ['talk', 'end'])
  t.ok(stage.did.indexOf('stop record') < stage.did.indexOf('media.close'))
})

t.test('who hangs up while being told is not recorded', async (t) => {
  const stage = recordingStage()
  stage.prompt = new Promise(() => undefined)
  const inbound = new ScriptedInbound()
  const over = new CallSession(stage.deps(), inbound, stage.origin).run()
  await tick()
  inbound.leg.end()
  await over
  t.notOk(stage.did.includes('record'))
  t.same(stage.recorded, ['end'])
})

t.test('a call that cannot be recorded goes on, and nobody is told that it is', async (t) => {
  for (const spoil of [(stage: CallStage) => { stage.audible = false }, (stage: CallStage) => { stage.fail.set('recording.begin', new MaskError('recording_unavailable')) }]) {
    const stage = recordingStage()
    spoil(stage)
    const inbound = new ScriptedInbound()
    const over = new CallSession(stage.deps(), inbound, stage.origin).run()
    await tick()
    t.notOk(stage.did.some((did) => did.startsWith('play recorded')))
    t.ok(stage.did.includes('journal.answered'))
    inbound.leg.end()
    t.equal((await over).result, 'success')
  }
})

t.test('the way to the shop\'s support line is not recorded', async (t) => {
  const stage = recordingStage()
  stage.settings = { recording: true, supportPhone: '+46701740699' }
  stage.found = { kind: 'over', deliveryId: 'demo-abc', shopId: 'demo', reference: 'order-1', caller: 'courier', phones: partyPhones }
  const inbound = new ScriptedInbound()
  const over = new CallSession(stage.deps(), inbound, stage.origin).run()
  await tick()
  t.equal(stage.dialled?.to, '+46701740699')
  inbound.leg.end()
  await over
  t.notOk(stage.did.includes('recording.begin'))
})

t.test('a call that the shop starts is recorded like any other', async (t) => {
  const stage = recordingStage()
  stage.speaks = false
  const a = new ScriptedLeg()
  stage.callee = async ({ to }) => to === '+46701740605' ? { leg: a, answer: 'answer of a' } : { leg: stage.b, answer: 'answer of b' }
  const deps = stage.deps()
  const begin = async (): Promise<object> => ({ reference: 'order-1', number: '+442079460000', first: '+46701740605' as E164, second: '+46701740606' as E164 })
  const { done } = await startCallback({ ...deps, lines: { ...deps.lines, begin } as unknown as typeof deps.lines }, { shopId: 'demo', deliveryId: 'demo-abc', first: 'courier' })
  await tick()
  t.same(stage.did.filter((did) => did.includes('record')), ['recording.begin', 'play recorded to a', 'play recorded to b', 'record'])
  stage.b.end()
  await done
  t.same(stage.recorded, ['talk', 'end'])
})
