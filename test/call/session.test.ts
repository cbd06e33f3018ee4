import t, { type Test } from 'tap'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallSession } from '../../src/call/session.js'
import type { Termination } from '../../src/call/termination.js'
import { MaskError } from '../../src/errors.js'
import type { CodeAnswer, Lookup } from '../../src/line/types.js'
import type { E164 } from '../../src/phone/types.js'
import { CallFailed } from '../../src/sip/types.js'
import { CallStage, partyPhones, ScriptedInbound, ScriptedLeg } from '../support/call-doubles.js'

const tick = (): Promise<void> => sleep(5)

/** A call whose caller is `inbound`; what was taken must have been given back when it is over. */
function start(stage: CallStage, inbound: ScriptedInbound, config = {}): { session: CallSession, over: Promise<Termination> } {
  const session = new CallSession(stage.deps(config), inbound, stage.origin)
  return { session, over: session.run() }
}

function wholeAfter(t: Test, stage: CallStage, inbound: ScriptedInbound, termination: Termination): void {
  const count = (name: string): number => stage.did.filter((did) => did === name).length
  const took = (name: string): boolean => stage.did.includes(name) && !stage.fail.has(name)
  t.equal(count('media.close'), took('media.open') ? 1 : 0, 'media is freed once')
  t.equal(count('release'), took('lookup') && (stage.found.kind === 'connect' || stage.found.kind === 'over') ? 1 : 0, 'the call is counted out once')
  t.equal(stage.events.length, 1, 'one event tells the end')
  t.match(stage.events[0], termination)
  t.equal(stage.records.length, took('journal.open') ? 1 : 0, 'one record')
  for (const { end } of stage.records) t.match(end, termination, 'with the same termination')
  if (inbound.sent.some((sent) => sent.startsWith('200'))) t.ok(inbound.leg.hungUp > 0, 'A is hung up')
}

t.test('courier calls, customer answers, either hangs up', async (t) => {
  for (const [who, reason] of [['a', 'caller_hung_up'], ['b', 'callee_hung_up']] as const) {
    const stage = new CallStage()
    const inbound = new ScriptedInbound()
    const { session, over } = start(stage, inbound)
    await tick()
    t.equal(session.state, 'talking')
    ;(who === 'a' ? inbound.leg : stage.b).end()
    t.same(await over, { result: 'success', reason })
    t.ok(stage.b.hungUp > 0, 'B is hung up')
    t.same(inbound.sent, ['200 answer for a'])
    t.ok(stage.did.indexOf('journal.open') < stage.did.indexOf('dial'), 'the journal is written before the first ring')
    wholeAfter(t, stage, inbound, { result: 'success', reason })
  }
})

t.test('the callee is shown the proxy number and one hop less', async (t) => {
  const stage = new CallStage()
  const inbound = new ScriptedInbound(12)
  const { over } = start(stage, inbound)
  await tick()
  t.match(stage.dialled, { to: '+46701740606', from: '+442079460000', offer: 'offer for b', maxForwards: 11 })
  inbound.leg.end()
  await over
})

t.test('ringing is ours and stops before the talk', async (t) => {
  const stage = new CallStage()
  const inbound = new ScriptedInbound()
  stage.callee = async (dial) => {
    dial.onRinging()
    await tick()
    return { leg: stage.b, answer: 'answer of b' }
  }
  const { over } = start(stage, inbound)
  await sleep(30)
  t.same(inbound.sent, ['180 with sdp', '200 answer for a'])
  t.ok(stage.did.includes('stop ringback') && stage.did.indexOf('stop ringback') < stage.did.indexOf('journal.answered'))
  stage.b.end()
  t.equal((await over).reason, 'callee_hung_up')
})

t.test('ringing goes on when the phone rings after the app, and stops before the talk', async (t) => {
  const stage = new CallStage()
  stage.found = { kind: 'connect', deliveryId: 'demo-abc', shopId: 'demo', reference: 'order-1', caller: 'customer', phones: partyPhones, callee: partyPhones.courier }
  stage.app = { uri: 'sip:app@127.0.0.2', route: 'sip:127.0.0.2:5060;transport=udp' }
  stage.ringApp = async (dial) => { dial.onRinging(); await tick(); throw new CallFailed(480) }
  stage.callee = async (dial) => { dial.onRinging(); await tick(); return { leg: stage.b, answer: 'answer of b' } }
  const { over } = start(stage, new ScriptedInbound())
  await sleep(50)
  const count = (what: string): number => stage.did.filter((step) => step === what).length
  t.equal(count('play ringback to a'), 1)
  t.equal(count('stop ringback'), 1)
  stage.b.end()
  t.equal((await over).reason, 'callee_hung_up')
})

t.test('without an early answer the caller\'s own phone rings', async (t) => {
  const stage = new CallStage()
  stage.early = undefined
  stage.callee = async (dial) => { dial.onRinging(); await tick(); throw new CallFailed(486) }
  const inbound = new ScriptedInbound()
  const { over } = start(stage, inbound)
  await over
  t.same(inbound.sent, ['180', '486'])
  t.notOk(stage.did.includes('play ringback to a'))
})

t.test('what ends a call before an answer', async (t) => {
  const cases: { name: string, arrange: (stage: CallStage, inbound: ScriptedInbound) => void, inbound?: ScriptedInbound, config?: object, termination: Termination, sent: string[] }[] = [
    { name: 'busy', arrange: (stage) => { stage.callee = () => Promise.reject(new CallFailed(486)) }, termination: { result: 'client_error', reason: 'busy' }, sent: ['486'] },
    { name: 'redirect', arrange: (stage) => { stage.callee = () => Promise.reject(new CallFailed(302)) }, termination: { result: 'upstream_error', reason: 'redirected' }, sent: ['480'] },
    { name: 'gateway silent', arrange: (stage) => { stage.callee = () => Promise.reject(new CallFailed(408)) }, termination: { result: 'upstream_error', reason: 'unreachable' }, sent: ['480'] },
    { name: 'no answer', arrange: (stage) => { stage.callee = () => new Promise(() => undefined) }, config: { ringTimeoutSeconds: 0.02 }, termination: { result: 'client_error', reason: 'no_answer' }, sent: ['480'] },
    { name: 'caller gives up while it rings', arrange: (stage, inbound) => { stage.callee = () => { inbound.cancel(); return new Promise(() => undefined) } }, termination: { result: 'client_error', reason: 'caller_cancelled' }, sent: [] },
    { name: 'store away', arrange: (stage) => stage.fail.set('lookup', new MaskError('store_unavailable')), termination: { result: 'server_error', reason: 'store_unavailable' }, sent: ['503'] },
    { name: 'journal away', arrange: (stage) => stage.fail.set('journal.open', new MaskError('store_unavailable')), termination: { result: 'server_error', reason: 'store_unavailable' }, sent: ['503'] },
    { name: 'no media', arrange: (stage) => stage.fail.set('media.open', new MaskError('media_unavailable')), termination: { result: 'server_error', reason: 'media_unavailable' }, sent: ['503'] },
    { name: 'media lost while it rings', arrange: (stage) => { stage.callee = () => { stage.silence(); return new Promise(() => undefined) } }, termination: { result: 'server_error', reason: 'media_unavailable' }, sent: ['503'] },
    { name: 'offer not served', arrange: (stage) => stage.fail.set('media.open', new MaskError('media_rejected')), termination: { result: 'client_error', reason: 'media_rejected' }, sent: ['488'] },
    { name: 'no hops left', arrange: () => undefined, inbound: new ScriptedInbound(0), termination: { result: 'client_error', reason: 'too_many_hops' }, sent: ['483'] },
    { name: 'a foreign body', arrange: () => undefined, inbound: Object.assign(new ScriptedInbound(), { bodyUnsupported: true }), termination: { result: 'client_error', reason: 'body_unsupported' }, sent: ['415'] },
    { name: 'a bug of ours', arrange: (stage) => stage.fail.set('offerForB', new Error('bug')), termination: { result: 'server_error', reason: 'internal' }, sent: ['500'] }
  ]
  for (const { name, arrange, inbound = new ScriptedInbound(), config, termination, sent } of cases) {
    const stage = new CallStage()
    arrange(stage, inbound)
    const { session, over } = start(stage, inbound, config)
    t.same(await over, termination, name)
    t.same(inbound.sent, sent, `${name}: what the caller is told`)
    t.equal(session.state, 'ended')
    wholeAfter(t, stage, inbound, termination)
  }
})

t.test('the callee\'s answer that cannot be served ends both sides', async (t) => {
  const stage = new CallStage()
  stage.fail.set('connect', new MaskError('media_rejected'))
  const inbound = new ScriptedInbound()
  const { over } = start(stage, inbound)
  t.same(await over, { result: 'upstream_error', reason: 'media_incompatible' })
  t.ok(stage.b.hungUp > 0, 'B, who had answered, is hung up')
  t.same(inbound.sent, ['488'])
})

t.test('an INVITE without an offer gets ours with the answer', async (t) => {
  const stage = new CallStage()
  stage.early = undefined
  const inbound = Object.assign(new ScriptedInbound(), { offer: undefined })
  const { over } = start(stage, inbound)
  await tick()
  t.ok(inbound.sent.at(-1)?.startsWith('200'))
  t.ok(stage.did.includes('acceptFromA'), 'the answer in the ACK settles the media')
  inbound.leg.end()
  t.same(await over, { result: 'success', reason: 'caller_hung_up' })
  wholeAfter(t, stage, inbound, { result: 'success', reason: 'caller_hung_up' })
})

t.test('without an offer a refusal is a status and no announcement', async (t) => {
  const stage = new CallStage()
  stage.found = { kind: 'unknown' }
  const inbound = Object.assign(new ScriptedInbound(), { offer: undefined })
  const { over } = start(stage, inbound)
  t.equal((await over).reason, 'line_unknown')
  t.same(inbound.sent, ['480'])
})

t.test('the caller gives up in the instant of the answer', async (t) => {
  const stage = new CallStage()
  const inbound = new ScriptedInbound()
  inbound.beforeAnswer = () => inbound.cancel()
  const { over } = start(stage, inbound)
  t.same(await over, { result: 'client_error', reason: 'caller_cancelled' })
  t.ok(stage.b.hungUp > 0, 'B, who had answered, is hung up')
  wholeAfter(t, stage, inbound, { result: 'client_error', reason: 'caller_cancelled' })
})

t.test('the caller hangs up in the instant after the answer', async (t) => {
  const stage = new CallStage()
  const inbound = new ScriptedInbound()
  inbound.leg.end()
  const { over } = start(stage, inbound)
  t.same(await over, { result: 'success', reason: 'caller_hung_up' })
  t.ok(stage.b.hungUp > 0)
})

t.test('what else ends a talk', async (t) => {
  const cases: [string, (stage: CallStage, inbound: ScriptedInbound, session: CallSession) => void, object, Termination][] = [
    ['limit', () => undefined, { maxDurationSeconds: 0.03 }, { result: 'success', reason: 'limit_reached' }],
    ['silence', (stage) => stage.silence(), {}, { result: 'upstream_error', reason: 'media_silent' }],
    ['no ACK', (_stage, inbound) => inbound.leg.end('ack_missing'), {}, { result: 'upstream_error', reason: 'ack_missing' }],
    ['our stop', (_stage, _inbound, session) => session.stop(), {}, { result: 'server_error', reason: 'shutting_down' }]
  ]
  for (const [name, act, config, termination] of cases) {
    const stage = new CallStage()
    const inbound = new ScriptedInbound()
    const { session, over } = start(stage, inbound, config)
    await tick()
    act(stage, inbound, session)
    t.same(await over, termination, name)
    t.ok(stage.b.hungUp > 0 && inbound.leg.hungUp > 0, 'both are hung up')
    wholeAfter(t, stage, inbound, termination)
  }
})

t.test('an offer within the dialog is answered by the media engine and stays on its leg', async (t) => {
  const stage = new CallStage()
  const inbound = new ScriptedInbound()
  const { over } = start(stage, inbound)
  await tick()
  t.equal(await inbound.leg.offers?.('hold'), 'new answer for a')
  t.equal(await stage.b.offers?.('hold'), 'new answer for b')
  t.equal(await stage.b.offers?.(undefined), 'description of b')
  inbound.leg.end()
  await over
})

t.test('record, offer and the place of the app are asked for at once, and the INVITE waits for each', async (t) => {
  for (const slow of ['record', 'offer', 'app'] as const) {
    const stage = new CallStage()
    stage.found = { ...stage.found, caller: 'customer', callee: partyPhones.courier } as Lookup
    let come: () => void = () => undefined
    const held = new Promise<void>((resolve) => { come = resolve })
    const deps = stage.deps()
    const { journal, accounts, media } = deps
    const late = async <T>(name: typeof slow, work: () => Promise<T>): Promise<T> => {
      const done = await work()
      if (name === slow) await held
      return done
    }
    const session = new CallSession({
      ...deps,
      journal: { ...journal, open: (call) => late('record', () => journal.open(call)) },
      accounts: { ...accounts, whereabouts: (id) => late('app', () => accounts.whereabouts(id)) },
      media: { ...media, open: async (...how) => media.open(...how).then((one) => ({ ...one, offerForB: () => late('offer', () => one.offerForB()) })) }
    }, new ScriptedInbound(), stage.origin)
    const over = session.run()
    await tick()
    for (const step of ['journal.open', 'offerForB', 'whereabouts']) t.ok(stage.did.includes(step), `${step} beside a slow ${slow}`)
    t.notOk(stage.did.includes('dial'), `no INVITE before the ${slow}`)
    come()
    await tick()
    t.ok(stage.did.includes('dial'))
    session.stop()
    await over
  }
})

t.test('a talk is no longer than the caps of the shop allow, and its time is charged', async (t) => {
  const stage = new CallStage()
  stage.found = { ...stage.found, longestMs: 30 } as Lookup
  const { over } = start(stage, new ScriptedInbound())
  t.match(await over, { result: 'success', reason: 'limit_reached' })
  t.ok(stage.spent.length === 1 && stage.spent[0]! >= 25, 'from the answer of the callee on')

  const refused = new CallStage()
  refused.found = { kind: 'limited', deliveryId: 'demo-abc', shopId: 'demo', reference: 'order-1', caller: 'courier', phones: partyPhones, limit: 'minutes_per_day' }
  const inbound = new ScriptedInbound()
  t.equal((await start(refused, inbound).over).reason, 'cap_reached')
  t.same(inbound.sent, ['183', '480'], 'outside like every other refusal')
  t.ok(refused.did.includes('play unavailable to a'))
})

t.test('who is refused hears why', async (t) => {
  const party = { deliveryId: 'demo-abc', shopId: 'demo', reference: 'order-1', caller: 'courier', phones: partyPhones } as const
  for (const [found, prompt, status, reason] of [
    [{ kind: 'unknown' }, 'unavailable', '480', 'line_unknown'],
    [{ kind: 'over', ...party }, 'over', '410', 'delivery_over'],
    [{ kind: 'wrong_direction', ...party }, 'unavailable', '480', 'wrong_direction']
  ] as const) {
    const stage = new CallStage()
    stage.found = found
    const inbound = new ScriptedInbound()
    const { over } = start(stage, inbound)
    t.equal((await over).reason, reason)
    t.ok(stage.did.includes(`play ${prompt} to a`))
    t.same(stage.voices, [found.kind === 'unknown' ? { shop: undefined, language: 'en' } : { shop: 'demo', language: 'et' }], 'in the words of the shop')
    t.same(inbound.sent, ['183', status])
    t.equal(stage.records.length, found.kind === 'unknown' ? 0 : 1, 'a stranger leaves no record with a shop')
    wholeAfter(t, stage, inbound, { result: 'client_error', reason })
  }
})

t.test('a caller who hangs up while the code is looked at is counted out all the same', async (t) => {
  const stage = new CallStage()
  let right: (answer: CodeAnswer) => void = () => undefined
  stage.speaks = true
  stage.redeem = () => new Promise((resolve) => { right = resolve })
  stage.found = { kind: 'unknown' }
  const inbound = new ScriptedInbound()
  const session = new CallSession(stage.deps(), inbound, { ...stage.origin, asksCode: true })
  const over = session.run()
  await tick()
  for (const key of ['1', '2', '#', '1']) stage.press(key)
  await tick()
  inbound.leg.end()
  t.equal((await over).reason, 'caller_cancelled')
  t.notOk(stage.did.includes('release'))
  right({ kind: 'connect', deliveryId: 'demo-abc', shopId: 'demo', reference: 'order-1', caller: 'courier', phones: partyPhones, callee: '+46701740606' as E164, enrolled: true })
  await tick()
  t.ok(stage.did.includes('release'))
})

t.test('a caller who gives up during an announcement is not answered twice', async (t) => {
  const stage = new CallStage()
  stage.found = { kind: 'unknown' }
  stage.prompt = new Promise(() => undefined)
  const inbound = new ScriptedInbound()
  const { over } = start(stage, inbound)
  await tick()
  inbound.cancel()
  t.equal((await over).reason, 'caller_cancelled')
  t.same(inbound.sent, ['183'])
})

t.test('a leg that ends by itself is told apart from our own hang-up', async (t) => {
  const leg = new ScriptedLeg()
  await leg.hangUp()
  t.equal(await leg.ended, 'hung_up')
})
