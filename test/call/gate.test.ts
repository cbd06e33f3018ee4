import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startCallback } from '../../src/call/callback.js'
import { CallSession } from '../../src/call/session.js'
import type { E164 } from '../../src/phone/types.js'
import { CallStage, ScriptedInbound } from '../support/call-doubles.js'

const tick = (): Promise<void> => sleep(5)

t.test('the shop is asked with ids and roles before anybody is rung', async (t) => {
  const stage = new CallStage()
  const inbound = new ScriptedInbound()
  const session = new CallSession(stage.deps(), inbound, stage.origin)
  const over = session.run()
  await tick()
  t.same(stage.asked, [{ shopId: 'demo', deliveryId: 'demo-abc', caller: 'courier', callId: session.id }])
  t.ok(stage.did.includes('dial'))
  inbound.leg.end()
  await over
})

t.test('denied: refused without a word, recorded, counted out', async (t) => {
  const stage = new CallStage()
  stage.verdict = 'deny'
  const inbound = new ScriptedInbound()
  t.same(await new CallSession(stage.deps(), inbound, stage.origin).run(), { result: 'client_error', reason: 'gate_denied' })
  t.same(inbound.sent, ['480'])
  t.notOk(stage.did.includes('dial') || stage.did.includes('media.open'))
  t.ok(stage.did.includes('release'))
  t.match(stage.records, [{ end: { reason: 'gate_denied' } }])
})

t.test('while the shop thinks the record is open already, and whoever gives up meanwhile is in it', async (t) => {
  const stage = new CallStage()
  const inbound = new ScriptedInbound()
  const deps = { ...stage.deps(), gate: () => new Promise<never>(() => undefined) }
  const over = new CallSession(deps, inbound, stage.origin).run()
  await tick()
  t.match(stage.records, [{ start: { deliveryId: 'demo-abc', callee: 'customer' }, end: undefined }])
  inbound.cancel()
  t.equal((await over).reason, 'caller_cancelled')
  t.match(stage.records, [{ end: { reason: 'caller_cancelled' } }])
})

t.test('announced: the caller hears that it cannot be connected, as strangers do', async (t) => {
  const stage = new CallStage()
  stage.verdict = 'announce'
  const inbound = new ScriptedInbound()
  t.equal((await new CallSession(stage.deps(), inbound, stage.origin).run()).reason, 'gate_denied')
  t.same(inbound.sent, ['183', '480'])
  t.ok(stage.did.includes('play unavailable to a'))
  t.notOk(stage.did.includes('dial'))
})

t.test('a shop is not asked about a stranger, an ended delivery or its own support line', async (t) => {
  const over = { kind: 'over', deliveryId: 'demo-abc', shopId: 'demo', reference: 'order-1', caller: 'courier', phones: {} } as const
  for (const [found, supportPhone] of [[{ kind: 'unknown' }, null], [over, null], [over, '+46701740699']] as const) {
    const stage = new CallStage()
    stage.verdict = 'deny'
    stage.found = found
    stage.settings = { supportPhone }
    const inbound = new ScriptedInbound()
    const done = new CallSession(stage.deps(), inbound, stage.origin).run()
    await tick()
    t.same(stage.asked, [])
    inbound.leg.end()
    await done
  }
})

t.test('a call of the shop itself passes the gate, too', async (t) => {
  const stage = new CallStage()
  stage.verdict = 'deny'
  const deps = stage.deps()
  const begin = async (): Promise<object> => ({ reference: 'order-1', number: '+442079460000', first: '+46701740605' as E164, second: '+46701740606' as E164 })
  const { done } = await startCallback({ ...deps, lines: { ...deps.lines, begin } as unknown as typeof deps.lines }, { shopId: 'demo', deliveryId: 'demo-abc', first: 'courier' })
  t.equal((await done).reason, 'gate_denied')
  t.notOk(stage.did.includes('dial'))
  t.match(stage.asked, [{ caller: 'shop' }])
})
