import t from 'tap'
import { readFileSync } from 'node:fs'
import { readWav } from '../../src/media/rtp/wav.js'
import { courierNumber, customerNumber, freshLine, stage } from './stage.js'

const play = await stage(t, (config) => {
  config.limits.callsPerDeliveryHour = 1000
  config.call.ringTimeoutSeconds = 5
  config.line.minTtlSeconds = 1
})

const recordOf = async (line: { id: string }): Promise<unknown> => (await play.endedCalls(line.id, 1))[0]

t.test('busy, declined, gone elsewhere, silent: what the caller gets, in our own words', async (t) => {
  const cases: [number, number, string][] = [[486, 486, 'busy'], [603, 603, 'declined'], [404, 480, 'unreachable'], [503, 480, 'unreachable'], [488, 488, 'media_incompatible']]
  for (const [said, told, reason] of cases) {
    const line = await freshLine(play)
    const call = play.courier.call(line.number, { via: play.via })
    const ringing = await play.customer.nextCall()
    ringing.reject(said, { reason: `Mari ${customerNumber} is away`, headers: [['Warning', `399 host "${customerNumber}"`], ['Retry-After', '7'], ['P-Asserted-Identity', `<tel:${customerNumber}>`]] })
    const final = await call.refused()
    t.equal(final.status, told, `${said} is told as ${told}`)
    t.notMatch(final.reason, /Mari/)
    t.match(await recordOf(line), { reason, state: 'ended' })
  }
  t.same(play.courier.seen.indexOf('Mari'), -1)
})

t.test('a redirect is not followed', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  ringing.redirect([`sip:${courierNumber}@127.0.0.1:${play.gatewayPort}`])
  t.equal((await call.refused()).status, 480)
  t.equal(play.courier.waiting, 0)
  t.match(await recordOf(line), { reason: 'redirected' })
})

t.test('nobody answers', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.ring()
  t.equal((await call.refused(10_000)).status, 480)
  t.match(await ringing.ended(), { by: 'cancelled' })
  t.match(await recordOf(line), { reason: 'no_answer', result: 'client_error' })
})

t.test('the caller gives up while it rings', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.ring()
  await call.ringing()
  await call.cancel()
  t.equal((await call.refused()).status, 487)
  t.match(await ringing.ended(), { by: 'cancelled' })
  t.match(await recordOf(line), { reason: 'caller_cancelled' })
})

t.test('the caller gives up in the instant of the answer', async (t) => {
  for (let i = 0; i < 5; i++) {
    const line = await freshLine(play)
    const call = play.courier.call(line.number, { via: play.via })
    const ringing = await play.customer.nextCall()
    await ringing.ring()
    await call.ringing()
    await Promise.all([ringing.answer(), call.cancel()])
    await ringing.ended(10_000)
    await call.until(() => call.final, 5000)
    if (call.state === 'talking') await call.ended(10_000)
    t.match(await recordOf(line), { state: 'ended' }, 'one record whichever was first')
  }
})

t.test('the callee answers although the caller is gone', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.ring()
  await call.ringing()
  ringing.missCancel()
  await call.cancel()
  t.equal((await call.refused()).status, 487)
  await ringing.answer()
  t.match(await ringing.ended(10_000), { by: 'them' }, 'the callee is hung up at once')
})

t.test('the caller hangs up in the instant after the answer', async (t) => {
  for (let i = 0; i < 5; i++) {
    const line = await freshLine(play)
    const call = play.courier.call(line.number, { via: play.via, onAnswer: (own) => void own.hangUp() })
    const ringing = await play.customer.nextCall()
    await ringing.answer()
    t.match(await ringing.ended(10_000), { by: 'them' }, 'the callee is not left alone')
    await call.ended()
    t.match(await recordOf(line), { result: 'success', reason: 'caller_hung_up' })
  }
})

t.test('a late ACK does no harm', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via, ack: 1500 })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  ringing.say(660)
  t.ok(await call.hears(660))
  await new Promise((resolve) => setTimeout(resolve, 2000))
  t.equal(call.state, 'talking')
  await call.hangUp()
  await ringing.ended()
  t.match(await recordOf(line), { result: 'success' })
})

t.test('a BYE that gets lost on its way is sent again', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  play.courier.lose({ direction: 'out', method: 'BYE' }, 2)
  t.equal((await call.hangUp())?.status, 200)
  t.match(await ringing.ended(10_000), { by: 'them' })
  t.match(await recordOf(line), { reason: 'caller_hung_up' })
})

t.test('a number without a line and a caller without one are told the same', async (t) => {
  const line = await freshLine(play)
  const wav = readWav(readFileSync(new URL('../../sounds/en/unavailable.wav', import.meta.url)))
  const told = []
  for (const dialled of [line.number, '+442079460999', '+442079461111', 'nobody']) {
    await play.idle()
    const call = play.stranger.call(dialled, { via: play.via })
    const final = await call.refused(20_000)
    t.ok(call.likeness(wav) > 0.8, `${dialled}: the announcement is heard`)
    told.push(call.messages.filter(({ direction }) => direction === 'in').map(({ message }) => message?.kind === 'response' ? `${message.status} ${message.reason} ${[...message.headers].map(({ name }) => name).join()}` : ''))
    t.equal(final.status, 480)
  }
  for (const messages of told) t.same(messages, told[0], 'the same responses with the same headers')
  t.equal(play.courier.waiting + play.customer.waiting, 0, 'nobody rings')
})

t.test('a party whose delivery has expired hears that it is over', async (t) => {
  const line = await freshLine(play, { ttlSeconds: 1 })
  await new Promise((resolve) => setTimeout(resolve, 1300))
  const call = play.courier.call(line.number, { via: play.via })
  t.equal((await call.refused(20_000)).status, 410)
  t.ok(call.likeness(readWav(readFileSync(new URL('../../sounds/en/over.wav', import.meta.url)))) > 0.8)
  t.match(await recordOf(line), { reason: 'delivery_over' })
})

t.test('a caller who withholds the number is nobody', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: `sip:127.0.0.1:${play.sipPort}`, from: '"Anonymous" <sip:anonymous@anonymous.invalid>' })
  t.equal((await call.refused(20_000)).status, 480)
  t.equal(play.customer.waiting, 0)
})

t.test('offers that cannot be served', async (t) => {
  const line = await freshLine(play)
  const bad: [string, (own: string) => string | undefined][] = [
    ['not SDP', () => 'hello'],
    ['video only', (own) => own.replace(/m=audio/, 'm=video')],
    ['no codec of ours', (own) => own.replace(/m=audio (\d+) RTP\/AVP .*/, 'm=audio $1 RTP/AVP 3').replace(/a=(rtpmap|fmtp).*\r\n/g, '')],
    ['SRTP only', (own) => own.replace('RTP/AVP', 'RTP/SAVP')]
  ]
  for (const [name, sdp] of bad) {
    const call = play.courier.call(line.number, { via: play.via, sdp })
    t.equal((await call.refused()).status, 488, name)
  }
  t.equal(play.customer.waiting, 0)
})

t.test('an answer that cannot be served ends both sides', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.answer({ sdp: () => 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 4000 RTP/AVP 99\r\n' })
  t.equal((await call.refused()).status, 488)
  t.match(await ringing.ended(), { by: 'them' })
  t.match(await recordOf(line), { reason: 'media_incompatible' })
})

t.test('no hops left', async (t) => {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: `sip:127.0.0.1:${play.sipPort}`, headers: [['Max-Forwards', '0']] })
  t.equal((await call.refused()).status, 483)
  t.equal(play.customer.waiting, 0)
})

t.test('after all of this nothing is left', async () => {
  await play.idle()
})
