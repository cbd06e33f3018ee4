import t, { type Test } from 'tap'
import { createPhone, type Phone } from '../../src/embedded/phone/index.js'
import { answerLateOffer } from '../../src/call/late-offer.js'
import { createEmbeddedMedia } from '../../src/media/embedded/engine.js'
import type { MediaSession } from '../../src/media/types.js'
import { AckMissing, CallerGone, type InboundCall } from '../../src/sip/types.js'
import { silent } from '../support/log.js'
import { startTestSipServer } from '../support/sip-server.js'

const server = await startTestSipServer({ t1: 100 })
const engine = createEmbeddedMedia({ host: '127.0.0.1', ports: { from: 36_000, to: 36_399 }, log: silent, silenceTimeoutMs: 60_000 })
const via = `sip:127.0.0.1:${server.port}`
t.teardown(async () => {
  await engine.close()
  await server.close()
})

const phone = async (t: Test): Promise<Phone> => {
  const made = await createPhone({ number: '+46701740605' })
  t.teardown(() => made.close())
  return made
}
const nextCall = (): Promise<InboundCall> => new Promise((resolve) => { server.sip.onCall(resolve) })
const open = async (t: Test): Promise<MediaSession> => {
  const session = await engine.open('call', undefined)
  t.teardown(() => session.close())
  return session
}
const noOffer = { via, sdp: () => undefined }

t.test('our offer goes out in the 200, the answer comes in the ACK', async (t) => {
  const caller = await phone(t)
  const coming = nextCall()
  const call = caller.call('+442079460000', noOffer)
  const inbound = await coming
  t.equal(inbound.offer, undefined)
  t.notOk(inbound.bodyUnsupported)
  const media = await open(t)
  await inbound.ring(await media.answerEarly())
  const ringing = await call.ringing()
  t.equal(ringing.body.length, 0, 'a plain 180')
  const offer = await media.offerForA()
  const leg = await answerLateOffer(inbound, media, offer)
  await call.answered()
  t.equal(call.final?.body.toString(), offer)
  const ringback = media.play('a', 'ringback', { loop: true })
  t.ok(await call.hears(425), 'the caller hears us')
  ringback.stop()
  leg.onOffer((next) => next === undefined ? Promise.resolve(media.localDescription('a')) : media.renegotiate('a', next))
  t.equal((await call.hold()).status, 200, 'a hold later on')
  await leg.hangUp()
  t.match(await call.ended(), { by: 'them' })
})

t.test('an ACK that is late still counts', async (t) => {
  const caller = await phone(t)
  const coming = nextCall()
  const call = caller.call('+442079460000', { ...noOffer, ack: 1200 })
  const media = await open(t)
  const leg = await answerLateOffer(await coming, media, await media.offerForA())
  const ringback = media.play('a', 'ringback', { loop: true })
  t.ok(await call.hears(425))
  ringback.stop()
  await call.hangUp()
  t.equal(await leg.ended, 'bye')
})

t.test('an ACK with nothing, or nothing of use, ends the call', async (t) => {
  const bodies: [string, string | undefined][] = [['application/sdp', undefined], ['application/sdp', 'hello'], ['text/plain', 'v=0'], ['application/sdp', 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 3\r\n']]
  for (const [type, body] of bodies) {
    const caller = await phone(t)
    const coming = nextCall()
    const call = caller.call('+442079460000', { ...noOffer, ack: 'by hand' })
    const media = await open(t)
    const answered = answerLateOffer(await coming, media, await media.offerForA())
    answered.catch(() => undefined)
    await call.answered()
    call.acknowledge(body === undefined ? 'none' : { type, text: body })
    await t.rejects(answered, { code: 'media_rejected' }, body ?? 'no body')
    t.match(await call.ended(), { by: 'them' })
  }
})

t.test('a caller who hangs up instead', async (t) => {
  const caller = await phone(t)
  const coming = nextCall()
  const call = caller.call('+442079460000', { ...noOffer, ack: 'by hand' })
  const media = await open(t)
  const answered = answerLateOffer(await coming, media, await media.offerForA())
  answered.catch(() => undefined)
  await call.answered()
  void call.ask('BYE')
  await t.rejects(answered, new CallerGone())
})

t.test('a caller who gives up before the answer', async (t) => {
  const caller = await phone(t)
  const coming = nextCall()
  const call = caller.call('+442079460000', noOffer)
  const inbound = await coming
  await call.cancel()
  t.equal((await call.refused()).status, 487)
  const media = await open(t)
  await t.rejects(answerLateOffer(inbound, media, await media.offerForA()), new CallerGone())
})

t.test('a caller who never acknowledges is hung up', async (t) => {
  const caller = await phone(t)
  const coming = nextCall()
  const call = caller.call('+442079460000', { ...noOffer, ack: 'never' })
  const media = await open(t)
  await t.rejects(answerLateOffer(await coming, media, await media.offerForA()), new AckMissing())
  t.match(await call.ended(), { by: 'them' })
})
