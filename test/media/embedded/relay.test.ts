import t, { type Test } from 'tap'
import { decodeG711, encodeG711, transcodeG711 } from '../../../src/media/rtp/g711.js'
import { sine } from '../../../src/media/rtp/tone.js'
import { buildTelephoneEvent } from '../../../src/media/rtp/telephone-event.js'
import type { MediaSession } from '../../../src/media/types.js'
import { Peer, settle, testEngine } from '../../support/media-peer.js'

const voice = encodeG711('PCMA', sine(440, 20))
const engine = testEngine(31000)
t.teardown(() => engine.close())

interface Ends { a: Peer, b: Peer, stranger: Peer, session: MediaSession, toA: string, toB: string }

/** A session between two peers. `toA` and `toB` are our descriptions, where the peers send to. */
async function connected(t: Test, offer?: (a: Peer) => string, answer?: (b: Peer) => string, early = false): Promise<Ends> {
  const [a, b, stranger] = [await Peer.open(), await Peer.open(), await Peer.open()]
  const session = await engine.open('call', offer?.(a) ?? a.sdp())
  t.teardown(async () => Promise.all([session.close(), a.close(), b.close(), stranger.close()]))
  if (early) await session.answerEarly()
  const toB = await session.offerForB()
  const toA = await session.connect(answer?.(b) ?? b.sdp())
  return { a, b, stranger, session, toA, toB }
}

t.test('both hear the other, under our own numbers and from our own ports', async (t) => {
  const { a, b, toA, toB } = await connected(t)
  for (let i = 0; i < 5; i++) a.send(toA, 8, voice)
  await b.until(() => b.rtp.length === 5)
  b.send(toB, 8, voice)
  await a.until(() => a.rtp.length === 1)
  t.same(b.heard.map((packet) => packet.payload), Array<Buffer>(5).fill(voice))
  t.ok(b.heard.every((packet) => packet.ssrc !== a.ssrc && packet.ssrc === b.heard[0]!.ssrc))
  t.not(b.heard[0]!.sequence, 65531, 'the sequence starts elsewhere')
  t.same(b.heard.map((packet) => (packet.sequence - b.heard[0]!.sequence) & 0xffff), [0, 1, 2, 3, 4])
  t.same(b.heard.map((packet) => (packet.timestamp - b.heard[0]!.timestamp) >>> 0), [0, 160, 320, 480, 640])
  t.equal(a.heard[0]!.payload.equals(voice), true)
  t.not(a.heard[0]!.ssrc, b.heard[0]!.ssrc, 'each side has a stream of its own')
})

t.test('each side keeps its own payload types, digits included', async (t) => {
  const { a, b, toA, toB } = await connected(t,
    (a) => a.sdp('120 96 8', ['rtpmap:120 opus/48000/2', 'rtpmap:96 telephone-event/8000']),
    (b) => b.sdp('77 99', ['rtpmap:77 opus/48000/2', 'rtpmap:99 telephone-event/8000']))
  t.match(toB, /m=audio \d+ RTP\/AVP 111 8 0 101\r\n/)
  t.match(toA, /m=audio \d+ RTP\/AVP 120 96\r\n/)
  const digit = buildTelephoneEvent({ event: 5, end: false, volume: 10, duration: 160 })
  a.send(toA, 120, Buffer.from('opus frame'))
  a.send(toA, 96, digit)
  b.send(toB, 111, Buffer.from('opus back'))
  b.send(toB, 101, digit)
  await b.until(() => b.rtp.length === 2)
  await a.until(() => a.rtp.length === 2)
  t.same(b.heard.map((packet) => [packet.payloadType, packet.payload.toString('hex')]), [[77, Buffer.from('opus frame').toString('hex')], [99, digit.toString('hex')]])
  t.same(a.heard.map((packet) => packet.payloadType), [120, 96])
})

t.test('two laws of G.711 are turned into each other when A was answered before B chose', async (t) => {
  const { a, b, toA, toB } = await connected(t, (a) => a.sdp('8 101'), (b) => b.sdp('0 101'), true)
  a.send(toA, 8, voice)
  await b.until(() => b.rtp.length === 1)
  t.equal(b.heard[0]!.payloadType, 0)
  t.same(b.heard[0]!.payload, transcodeG711('PCMU', voice))
  const back = encodeG711('PCMU', sine(660, 20))
  b.send(toB, 0, back)
  await a.until(() => a.rtp.length === 1)
  t.equal(a.heard[0]!.payloadType, 8)
  const error = decodeG711('PCMA', a.heard[0]!.payload).map((sample, i) => Math.abs(sample - decodeG711('PCMU', back)[i]!))
  t.ok(Math.max(...error) < 600, 'it still sounds the same')
})

t.test('extensions, sources and padding end here', async (t) => {
  const { a, b, toA } = await connected(t)
  const header = Buffer.from('b1080001000000010a0b0c0d', 'hex')
  a.sendRaw(toA, Buffer.concat([header, Buffer.from('CSRC'), Buffer.from([0xbe, 0xde, 0, 2]), Buffer.from('CANARY!!'), voice, Buffer.from([0, 0, 0, 4])]))
  await b.until(() => b.rtp.length === 1)
  t.same(b.heard[0]!.payload, voice)
  t.equal(b.rtp[0]!.data.length, 12 + voice.length)
})

t.test('a stranger is not relayed once the side is known', async (t) => {
  const { a, b, stranger, toA, toB } = await connected(t)
  a.send(toA, 8, voice)
  b.send(toB, 8, voice)
  await b.until(() => b.rtp.length === 1)
  await a.until(() => a.rtp.length === 1)
  stranger.send(toA, 8, Buffer.from('intruder'))
  stranger.send(toB, 8, Buffer.from('intruder'))
  a.send(toA, 8, voice)
  await b.until(() => b.rtp.length === 2)
  await settle()
  t.notOk([...a.rtp, ...b.rtp].some(({ data }) => data.includes('intruder')))
  t.equal(b.rtp.length, 2)
  t.equal(stranger.rtp.length, 0, 'and nothing is sent to the stranger')
})

t.test('a phone behind NAT is heard from where it sends, and answered there', async (t) => {
  const { a, b, stranger, toA, toB } = await connected(t, (a) => a.sdp('8', []).replace(/m=audio \d+/, 'm=audio 9998'))
  a.send(toA, 8, voice)
  await b.until(() => b.rtp.length === 1)
  b.send(toB, 8, voice)
  await a.until(() => a.rtp.length === 1)
  stranger.send(toA, 8, Buffer.from('intruder'))
  await settle()
  t.equal(b.rtp.length, 1, 'the first source is locked')
})

t.test('the address that was described takes its place back from whoever came first', async (t) => {
  const { a, b, stranger, toA, toB } = await connected(t)
  stranger.send(toA, 8, voice)
  await b.until(() => b.rtp.length === 1)
  a.send(toA, 8, voice)
  await b.until(() => b.rtp.length === 2)
  b.send(toB, 8, voice)
  await a.until(() => a.rtp.length === 1)
  stranger.send(toA, 8, voice)
  await settle()
  t.equal(b.rtp.length, 2)
  t.equal(stranger.rtp.length, 0)
})

t.test('only after a new description is a new source learned', async (t) => {
  const { a, b, stranger, session, toA } = await connected(t)
  a.send(toA, 8, voice)
  await b.until(() => b.rtp.length === 1)
  stranger.ssrc = 99
  const again = await session.renegotiate('a', stranger.sdp())
  stranger.send(again, 8, voice)
  await b.until(() => b.rtp.length === 2)
  a.send(toA, 8, voice)
  await settle()
  t.equal(b.rtp.length, 2, 'the old source is the stranger now')
  t.equal((b.heard[1]!.sequence - b.heard[0]!.sequence) & 0xffff, 1, 'and our stream goes on')
})

t.test('before the answer of B nothing of B gets through, and what is no media never does', async (t) => {
  const [a, b] = [await Peer.open(), await Peer.open()]
  const session = await engine.open('call', a.sdp())
  t.teardown(async () => Promise.all([session.close(), a.close(), b.close()]))
  const toB = await session.offerForB()
  await session.answerEarly()
  b.send(toB, 8, Buffer.from('early media'))
  await settle()
  const toA = await session.connect(b.sdp())
  b.send(toB, 13, voice)
  b.send(toB, 101, voice, { ssrc: 1 })
  b.sendRaw(toB, Buffer.alloc(1600, 0x80))
  b.sendRaw(toB, Buffer.from('no packet at all'))
  a.send(toA, 8, Buffer.alloc(1500))
  b.send(toB, 8, voice)
  await a.until(() => a.rtp.length === 2)
  await settle()
  t.same(a.heard.map((packet) => packet.payloadType), [101, 8], 'only what was agreed')
  t.equal(b.rtp.length, 0, 'a packet of more than 1500 bytes is dropped')
})

t.test('a flood is cut off', async (t) => {
  const { a, b, toA } = await connected(t)
  const start = performance.now()
  for (let i = 0; i < 6000; i++) {
    a.send(toA, 8, Buffer.alloc(1))
    if (i % 100 === 0) await new Promise(setImmediate)
  }
  await settle(200)
  t.ok(b.rtp.length > 100, 'some of it is relayed')
  const seconds = Math.ceil((performance.now() - start) / 1000) + 1
  t.ok(b.rtp.length <= Math.min(5000, 1000 * seconds), 'a thousand packets a second at most')
})
