import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { readWav } from '../../src/media/rtp/wav.js'
import type { IncomingCall } from '../../src/embedded/phone/incoming.js'
import { courierNumber, customerNumber, freshLine, stage, type Line } from './stage.js'

const play = await stage(t, (config) => {
  config.limits.callsPerDeliveryHour = 1000
  config.limits.callsPerCallerHour = 1000
  config.call.ringTimeoutSeconds = 5
})
const sound = (name: string): Int16Array => readWav(readFileSync(new URL(`../../sounds/en/${name}.wav`, import.meta.url)))
const accept = sound('accept')

const start = async (line: Line, first: 'courier' | 'customer' = 'courier'): Promise<string> => {
  const { status, body, text } = await play.api('POST', `/v1/deliveries/${line.id}/calls`, { first })
  if (status !== 202) throw new Error(text)
  return body.id as string
}
const recordOf = async (line: Line): Promise<unknown> => (await play.endedCalls(line.id, 1))[0]

/** Up to where the first has pressed 1 and hears ringing. */
async function accepted(t: Test, line: Line): Promise<IncomingCall> {
  await start(line)
  const first = await play.courier.nextCall()
  await first.answer()
  await first.until(() => first.heardSeconds > 0.5 ? true : undefined, 5000)
  first.press('1')
  t.ok(await first.hears(425), 'ringing')
  return first
}

t.test('the shop connects the two', async (t) => {
  const line = await freshLine(play)
  const before = Date.now()
  const id = await start(line)
  const first = await play.courier.nextCall()
  t.ok(Date.now() - before < 1000, 'the first rings within a second')
  t.equal(first.shown, line.number, 'and sees the proxy number')
  t.equal(play.customer.waiting, 0)
  t.match((await play.api('GET', `/v1/deliveries/${line.id}/calls`)).body, { calls: [{ id, state: 'ringing', startedBy: 'shop' }] })
  await first.ring()
  await first.answer()
  t.ok(await first.until(() => first.likeness(accept) > 0.8 ? true : undefined, 10_000), 'is asked to press 1')
  t.equal(play.customer.waiting, 0, 'the other is not rung before')
  first.press('1')
  const second = await play.customer.nextCall()
  t.equal(second.shown, line.number)
  t.ok(await first.hears(425), 'the first hears ringing')
  await second.ring()
  await second.answer()
  first.say(660)
  second.say(880)
  t.ok(await second.hears(660))
  t.ok(await first.hears(880))
  t.match((await play.api('GET', `/v1/deliveries/${line.id}/calls`)).body, { calls: [{ id, state: 'talking' }] })
  await first.hangUp()
  t.match(await second.ended(), { by: 'them' })
  t.match(await recordOf(line), { id, state: 'ended', startedBy: 'shop', result: 'success', reason: 'caller_hung_up', talkMs: Number })
  await play.idle()
  for (const [phone, other] of [[play.courier, customerNumber], [play.customer, courierNumber]] as const) {
    t.notOk(phone.seen.includes(other.slice(1)), 'neither learns the other\'s number')
  }
})

t.test('the customer first, and the other hangs up', async (t) => {
  const line = await freshLine(play, { direction: 'courier' })
  await start(line, 'customer')
  const first = await play.customer.nextCall()
  await first.answer()
  await first.until(() => first.heardSeconds > 0.5 ? true : undefined)
  await first.pressByInfo('1')
  const second = await play.courier.nextCall()
  await second.answer()
  second.say(880)
  t.ok(await first.hears(880))
  await first.hold()
  await first.resume()
  t.ok(await first.hears(880), 'after a hold as well')
  await second.hangUp()
  t.match(await first.ended(), { by: 'them' })
  t.match(await recordOf(line), { result: 'success', reason: 'callee_hung_up' })
})

t.test('the first does not take it', async (t) => {
  const cases: [string, (call: IncomingCall) => unknown][] = [
    ['first_busy', (call) => call.reject(486)],
    ['first_declined', (call) => call.reject(603)],
    ['first_unreachable', (call) => call.reject(404)],
    ['first_no_answer', async (call) => { await call.ring(); await call.ended(10_000) }],
    ['first_declined', async (call) => { await call.answer(); await call.until(() => call.heardSeconds > 0.5 ? true : undefined); await call.hangUp() }],
    ['media_incompatible', (call) => call.answer({ sdp: () => 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 4000 RTP/AVP 99\r\n' })]
  ]
  for (const [reason, act] of cases) {
    const line = await freshLine(play)
    await start(line)
    const first = await play.courier.nextCall()
    await act(first)
    await first.ended(10_000)
    t.match(await recordOf(line), { reason, startedBy: 'shop' }, reason)
    t.equal(play.customer.waiting, 0, 'nobody else is disturbed')
  }
})

t.test('a voicemail is not connected', async (t) => {
  const line = await freshLine(play)
  await start(line)
  const first = await play.courier.nextCall()
  await first.answer()
  first.say(660)
  t.match(await first.ended(60_000), { by: 'them' })
  t.match(await recordOf(line), { result: 'client_error', reason: 'first_not_accepted' })
  t.equal(play.customer.waiting, 0)
})

t.test('the second does not take it, and the first is told', async (t) => {
  const cases: [string, string, (call: IncomingCall) => unknown][] = [
    ['busy', 'busy', (call) => call.reject(486)],
    ['declined', 'unavailable', (call) => call.reject(603)],
    ['no_answer', 'unavailable', async (call) => { await call.ring(); await call.ended(10_000) }]
  ]
  for (const [reason, prompt, act] of cases) {
    const line = await freshLine(play)
    const first = await accepted(t, line)
    await act(await play.customer.nextCall())
    t.match(await first.ended(20_000), { by: 'them' })
    t.ok(first.likeness(sound(prompt)) > 0.8, `hears ${prompt}`)
    t.match(await recordOf(line), { reason })
  }
})

t.test('the first gives up while the second rings', async (t) => {
  const line = await freshLine(play)
  const first = await accepted(t, line)
  const second = await play.customer.nextCall()
  await second.ring()
  await first.hangUp()
  t.match(await second.ended(), { by: 'cancelled' })
  t.match(await recordOf(line), { result: 'client_error', reason: 'caller_cancelled' })
})

t.test('both hang up at once', async (t) => {
  for (let i = 0; i < 3; i++) {
    const line = await freshLine(play)
    const first = await accepted(t, line)
    const second = await play.customer.nextCall()
    await Promise.all([second.answer(), first.hangUp()])
    await second.ended(10_000)
    t.match(await recordOf(line), { state: 'ended' })
  }
})

t.test('the second is asked too where the shop wants that', async (t) => {
  await play.api('PATCH', '/v1/settings', { acceptance: 'customer' })
  t.teardown(() => play.api('PATCH', '/v1/settings', { acceptance: 'off' }))
  const line = await freshLine(play)
  const first = await accepted(t, line)
  const second = await play.customer.nextCall()
  await second.answer()
  t.ok(await second.until(() => second.likeness(accept) > 0.8 ? true : undefined, 10_000), 'is asked')
  second.say(880)
  t.notOk(await first.hears(880, 500), 'and not heard yet')
  second.press('1')
  t.ok(await first.hears(880))
  await second.hangUp()
  await first.ended()
  t.match(await recordOf(line), { result: 'success' })
})

t.test('a party that is called while the shop calls counts as a call', async (t) => {
  const line = await freshLine(play)
  await start(line)
  await start(line)
  const { status, body } = await play.api('POST', `/v1/deliveries/${line.id}/calls`, { first: 'courier' })
  t.equal(status, 429)
  t.match(body, { code: 'call_limited' })
  for (let i = 0; i < 2; i++) (await play.courier.nextCall()).reject(486)
  await play.endedCalls(line.id, 2)
})

t.test('after all of this nothing is left, and nobody is in the log', async (t) => {
  await play.idle()
  t.notMatch(play.logged(), /467017406|4420794/)
})
