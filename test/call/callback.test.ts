import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startCallback } from '../../src/call/callback.js'
import { createCalls } from '../../src/call/calls.js'
import type { CallDeps } from '../../src/call/deps.js'
import type { Termination } from '../../src/call/termination.js'
import { MaskError } from '../../src/errors.js'
import type { E164 } from '../../src/phone/types.js'
import { CallFailed } from '../../src/sip/types.js'
import { CallStage, ScriptedLeg } from '../support/call-doubles.js'
import { silent } from '../support/log.js'

const tick = (): Promise<void> => sleep(5)
const first = '+46701740605' as E164
const second = '+46701740606' as E164
const order = { shopId: 'demo', deliveryId: 'demo-abc', first: 'courier' } as const

/** A stage on which both parties are called; the second is stage.b. */
class CallbackStage extends CallStage {
  readonly a = new ScriptedLeg()
  readonly rung: string[] = []
  /** What the first does; the default answers at once. */
  firstDoes: CallStage['callee'] = async () => ({ leg: this.a, answer: 'answer of a' })
  secondDoes: CallStage['callee'] = async () => ({ leg: this.b, answer: 'answer of b' })
  override callee: CallStage['callee'] = (dial) => {
    this.rung.push(dial.to)
    return dial.to === first ? this.firstDoes(dial) : this.secondDoes(dial)
  }

  /** @param voice whether the engine hears keys */
  override deps(config: Partial<CallDeps['config']> = {}, voice = false): CallDeps {
    const deps = super.deps(config)
    const begin = async (): Promise<object> => { this.step('begin'); return { reference: 'order-1', number: '+442079460000', first, second } }
    const open: CallDeps['media']['open'] = async (...args) => {
      const session = await deps.media.open(...args)
      return voice ? { ...session, voice: { onDigit: () => () => undefined, allowTalk: (allowed) => this.step(`allowTalk ${allowed}`) } } : session
    }
    return { ...deps, media: { ...deps.media, open }, lines: { ...deps.lines, begin } as unknown as CallDeps['lines'] }
  }
}

function wholeAfter(t: Test, stage: CallbackStage, termination: Termination): void {
  const count = (name: string): number => stage.did.filter((did) => did === name).length
  t.equal(count('media.close'), stage.did.includes('media.open') && !stage.fail.has('media.open') ? 1 : 0, 'media is freed once')
  t.equal(count('release'), 1, 'the call is counted out once')
  t.equal(stage.events.length, 1, 'one event tells the end')
  t.match(stage.events[0], { ...termination, caller: 'shop' })
  t.equal(stage.records.length, 1)
  t.match(stage.records[0], { start: { startedBy: 'shop', reference: 'order-1' }, end: termination })
}

t.test('both are rung with the proxy number, one after the other', async (t) => {
  for (const [who, reason] of [['a', 'caller_hung_up'], ['b', 'callee_hung_up']] as const) {
    const stage = new CallbackStage()
    const { callId, done } = await startCallback(stage.deps(), order)
    t.equal(stage.records[0]?.start.id, callId, 'journalled before it resolves')
    await tick()
    t.same(stage.rung, [first, second])
    t.match(stage.dialled, { to: second, from: '+442079460000', offer: 'offer for b', maxForwards: 70 })
    t.same(stage.did.filter((did) => /offer|accept|connect|ringback/.test(did)), ['offerForA', 'acceptFromA', 'play ringback to a', 'offerForB', 'connect', 'stop ringback'])
    t.ok(stage.a.offers && stage.b.offers, 'holds of either are answered')
    stage[who].end()
    t.same(await done, { result: 'success', reason })
    t.ok(stage.a.hungUp > 0 && stage.b.hungUp > 0)
    wholeAfter(t, stage, { result: 'success', reason })
  }
})

t.test('every refusal of either has its reason', async (t) => {
  const refusals = [[486, 'busy'], [600, 'busy'], [603, 'declined'], [404, 'unreachable'], [503, 'unreachable'], [408, 'unreachable']] as const
  for (const [status, reason] of refusals) {
    const stage = new CallbackStage()
    stage.firstDoes = async () => { throw new CallFailed(status) }
    t.equal((await (await startCallback(stage.deps(), order)).done).reason, `first_${reason}`)
    t.same(stage.rung, [first], 'the second is not disturbed')
    const other = new CallbackStage()
    other.secondDoes = async () => { throw new CallFailed(status) }
    const termination = await (await startCallback(other.deps(), order)).done
    t.equal(termination.reason, reason)
    t.ok(other.did.includes(`play ${reason === 'busy' ? 'busy' : 'unavailable'} to a`), 'the first is told')
    t.ok(other.a.hungUp > 0)
    wholeAfter(t, other, termination)
  }
  const redirected = new CallbackStage()
  redirected.firstDoes = async () => { throw new CallFailed(302) }
  t.equal((await (await startCallback(redirected.deps(), order)).done).reason, 'first_unreachable')
})

t.test('nobody answers', async (t) => {
  for (const [who, reason] of [['firstDoes', 'first_no_answer'], ['secondDoes', 'no_answer']] as const) {
    const stage = new CallbackStage()
    stage[who] = () => new Promise(() => undefined)
    const { done } = await startCallback(stage.deps({ ringTimeoutSeconds: 0.02 }), order)
    t.same(await done, { result: 'client_error', reason })
    wholeAfter(t, stage, { result: 'client_error', reason })
  }
})

t.test('media are lost while a phone rings: it stops', async (t) => {
  for (const who of ['firstDoes', 'secondDoes'] as const) {
    const stage = new CallbackStage()
    stage[who] = () => {
      stage.silence()
      return new Promise(() => undefined)
    }
    const { done } = await startCallback(stage.deps(), order)
    t.same(await done, { result: 'server_error', reason: 'media_unavailable' })
    wholeAfter(t, stage, { result: 'server_error', reason: 'media_unavailable' })
  }
})

t.test('whatever breaks, everything is given back', async (t) => {
  for (const step of ['media.open', 'offerForA', 'acceptFromA', 'play ringback to a', 'offerForB', 'connect', 'dial']) {
    for (const [error, reason] of [[new MaskError('media_unavailable'), 'media_unavailable'], [new TypeError('bug'), 'internal']] as const) {
      const stage = new CallbackStage()
      stage.fail.set(step, error)
      const termination = await (await startCallback(stage.deps(), order)).done
      t.equal(termination.reason, reason, `${step} ${reason}`)
      wholeAfter(t, stage, termination)
      t.equal(stage.a.hungUp > 0, stage.rung.includes(first), 'the first is hung up if there is one')
      t.equal(stage.b.hungUp > 0, stage.rung.includes(second))
    }
  }
})

t.test('an answer that cannot be served', async (t) => {
  for (const step of ['acceptFromA', 'connect']) {
    const stage = new CallbackStage()
    stage.fail.set(step, new MaskError('media_rejected'))
    t.equal((await (await startCallback(stage.deps(), order)).done).reason, 'media_incompatible')
  }
})

t.test('the trunk is full', async (t) => {
  const stage = new CallbackStage()
  stage.fail.set('dial', new MaskError('trunk_busy'))
  t.same(await (await startCallback(stage.deps(), order)).done, { result: 'server_error', reason: 'trunk_busy' })
})

t.test('the first hangs up while the second rings', async (t) => {
  for (const [end, reason] of [['bye', 'caller_cancelled'], ['lost', 'signalling_lost']] as const) {
    const stage = new CallbackStage()
    stage.secondDoes = () => new Promise(() => undefined)
    const { done } = await startCallback(stage.deps(), order)
    await tick()
    stage.a.end(end)
    const termination = await done
    t.equal(termination.reason, reason)
    t.ok(stage.dialled?.signal.aborted, 'the ringing ends')
    t.notOk(stage.did.some((did) => did.startsWith('play unavailable')), 'nobody is there to be told')
    wholeAfter(t, stage, termination)
  }
})

t.test('a person presses 1, a machine does not', async (t) => {
  const accepted = new CallbackStage()
  const one = await startCallback(accepted.deps({}, true), order)
  await tick()
  t.same(accepted.rung, [first], 'the second is not rung yet')
  accepted.a.digits?.('1')
  await tick()
  t.same(accepted.rung, [first, second])
  t.ok(accepted.did.indexOf('allowTalk false') < accepted.did.indexOf('allowTalk true'))
  accepted.b.end()
  t.equal((await one.done).reason, 'callee_hung_up')

  const pressedOther = new CallbackStage()
  const two = await startCallback(pressedOther.deps({}, true), order)
  for (let i = 0; i < 2; i++) {
    await tick()
    pressedOther.a.digits?.('9')
  }
  t.equal((await two.done).reason, 'first_not_accepted')
  wholeAfter(t, pressedOther, { result: 'client_error', reason: 'first_not_accepted' })

  const hungUp = new CallbackStage()
  const three = await startCallback(hungUp.deps({}, true), order)
  await tick()
  hungUp.a.end()
  t.equal((await three.done).reason, 'first_declined')
  wholeAfter(t, hungUp, { result: 'client_error', reason: 'first_declined' })
})

t.test('what cannot begin leaves nothing', async (t) => {
  const noStore = new CallbackStage()
  noStore.fail.set('journal.open', new MaskError('store_unavailable'))
  await t.rejects(startCallback(noStore.deps(), order), { code: 'store_unavailable' })
  t.same(noStore.did, ['begin', 'journal.open', 'release'], 'counted out, nobody rung')
  const notAllowed = new CallbackStage()
  await t.rejects(startCallback({ ...notAllowed.deps(), mayDial: (number) => number !== second }, order), { code: 'phone_not_allowed' })
  t.same(notAllowed.did, ['begin', 'release'])
  const limited = new CallbackStage()
  limited.fail.set('begin', new MaskError('call_limited'))
  await t.rejects(startCallback(limited.deps(), order), { code: 'call_limited' })
  t.same(limited.did, ['begin'])
})

t.test('a stop ends it in any state', async (t) => {
  for (const who of ['firstDoes', 'secondDoes', undefined] as const) {
    const stage = new CallbackStage()
    if (who) stage[who] = () => new Promise(() => undefined)
    const calls = createCalls(stage.deps(), silent)
    await calls.callBack(order)
    await tick()
    t.equal(calls.live, 1)
    await calls.close()
    t.equal(calls.live, 0)
    t.equal(stage.events[0]?.reason, 'shutting_down', who ?? 'talking')
    await t.rejects(calls.callBack(order), { code: 'sip_unavailable' })
  }
})
