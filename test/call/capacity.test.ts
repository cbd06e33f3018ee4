import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createCalls } from '../../src/call/calls.js'
import type { CallDeps } from '../../src/call/deps.js'
import { MaskError } from '../../src/errors.js'
import { CallStage, ScriptedInbound } from '../support/call-doubles.js'
import { silent } from '../support/log.js'

const tick = (): Promise<void> => sleep(5)
const trunk = { id: 'demo', asksCode: false, identity: [], country: 'EE' }

/** Takes one call, and says what the next would be told of it. */
async function beside(stage: CallStage, changed: Partial<CallDeps> = {}, release = (): void => undefined): Promise<{ inSetUp: number, atWork: number }> {
  let told = { inSetUp: -1, atWork: -1 }
  const calls = createCalls({ ...stage.deps(), trunks: { recognise: () => trunk }, ...changed }, silent, { admits: (inSetUp, atWork) => { told = { inSetUp, atWork }; return true }, reaches: () => true })
  calls.take(new ScriptedInbound())
  await tick()
  const second = new ScriptedInbound()
  calls.take(second)
  second.cancel()
  release()
  await calls.close()
  return told
}

const never = (): Promise<never> => new Promise(() => undefined)

t.test('a call is at work from its INVITE to ours, and in set-up until it is answered', async (t) => {
  const looking = new CallStage()
  let release = (): void => undefined
  const slowly = new Promise<void>((resolve) => { release = resolve })
  t.same(await beside(looking, { journal: { ...looking.deps().journal, open: () => slowly } }, () => release()), { inSetUp: 1, atWork: 1 }, 'its record is opened')
  t.same(await beside(new CallStage(), { gate: never }), { inSetUp: 1, atWork: 0 }, 'the shop thinks')
  const ringing = new CallStage()
  ringing.callee = never
  t.same(await beside(ringing), { inSetUp: 1, atWork: 0 }, 'the gateway has it')
  const asked = new CallStage()
  asked.prompt = never()
  asked.found = { kind: 'unknown' }
  t.same(await beside(asked), { inSetUp: 1, atWork: 0 }, 'a stranger listens')
  t.same(await beside(new CallStage()), { inSetUp: 0, atWork: 0 }, 'they talk')
})

t.test('who is not admitted gets 503 with Retry-After, and nothing is done', async (t) => {
  const stage = new CallStage()
  const calls = createCalls({ ...stage.deps(), trunks: { recognise: () => trunk } }, silent, { admits: () => false, reaches: () => true })
  const inbound = new ScriptedInbound()
  calls.take(inbound)
  await tick()
  t.same(inbound.sent, ['503'])
  t.same(stage.did, [])
  await t.rejects(calls.callBack({ shopId: 'demo', deliveryId: 'demo-abc', first: 'courier' }), new MaskError('overloaded', { retryAfter: 2 }))
})
