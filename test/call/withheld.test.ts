import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { CallSession } from '../../src/call/session.js'
import type { CodeAnswer } from '../../src/line/types.js'
import { CallStage, ScriptedInbound } from '../support/call-doubles.js'

const withheld = (): ScriptedInbound => Object.assign(new ScriptedInbound(), { identity: { ...new ScriptedInbound().identity, privacy: ['id'] } })

t.test('whoever withholds their number may use a line unless the shop says otherwise', async (t) => {
  const stage = new CallStage()
  const inbound = withheld()
  const over = new CallSession(stage.deps(), inbound, stage.origin).run()
  await sleep(5)
  t.equal(stage.dialled?.from, '+442079460000', 'as everybody: the proxy number')
  inbound.leg.end()
  t.equal((await over).reason, 'caller_hung_up')
})

t.test('refused: nobody is rung or asked, the call is counted out, the caller hears what strangers hear', async (t) => {
  const stage = new CallStage()
  stage.settings = { withheldCallers: 'refuse' }
  const inbound = withheld()
  t.same(await new CallSession(stage.deps(), inbound, stage.origin).run(), { result: 'client_error', reason: 'withheld_refused' })
  t.same(inbound.sent, ['183', '480'])
  t.ok(stage.did.includes('play unavailable to a') && stage.did.includes('release'))
  t.notOk(stage.did.includes('dial'))
  t.same(stage.asked, [])
})

t.test('refused: also behind a right access code', async (t) => {
  const stage = new CallStage()
  stage.settings = { withheldCallers: 'refuse' }
  const { found } = stage
  stage.found = { kind: 'unknown' }
  stage.speaks = true
  stage.redeem = async () => ({ ...found, enrolled: true }) as CodeAnswer
  const inbound = withheld()
  const over = new CallSession(stage.deps(), inbound, { ...stage.origin, asksCode: true }).run()
  await sleep(5)
  for (const key of '1234#1') stage.press(key)
  t.equal((await over).reason, 'withheld_refused')
  t.notOk(stage.did.includes('dial'))
})

t.test('refused: not those who show theirs', async (t) => {
  const stage = new CallStage()
  stage.settings = { withheldCallers: 'refuse' }
  const inbound = new ScriptedInbound()
  const over = new CallSession(stage.deps(), inbound, stage.origin).run()
  await sleep(5)
  t.ok(stage.did.includes('dial'))
  inbound.leg.end()
  await over
})
