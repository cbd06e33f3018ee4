import t, { type Test } from 'tap'
import { within } from '../../../src/deadline.js'
import { decodeG711, encodeG711, silence } from '../../../src/media/rtp/g711.js'
import { energy, hearsTone, sine } from '../../../src/media/rtp/tone.js'
import { readWav } from '../../../src/media/rtp/wav.js'
import { readFileSync } from 'node:fs'
import { soundsFolder } from '../../../src/media/sounds.js'
import { createEmbeddedMedia } from '../../../src/media/embedded/engine.js'
import { createLog } from '../../../src/telemetry/log.js'
import type { MediaSession } from '../../../src/media/types.js'
import { Peer, settle, testEngine } from '../../support/media-peer.js'

const voice = encodeG711('PCMA', sine(440, 20))
const engine = testEngine(31400)
t.teardown(() => engine.close())

async function caller(t: Test, payloads?: string, attributes?: readonly string[]): Promise<{ a: Peer, session: MediaSession }> {
  const a = await Peer.open()
  const session = await engine.open('call', a.sdp(payloads, attributes))
  t.teardown(async () => Promise.all([session.close(), a.close()]))
  return { a, session }
}
const sound = (a: Peer, law: 'PCMA' | 'PCMU', first = 0): Int16Array => decodeG711(law, Buffer.concat(a.heard.slice(first).map((packet) => packet.payload)))

t.test('an announcement is heard whole, sample by sample, in the law of the caller', async (t) => {
  const { a, session } = await caller(t, '0')
  const sdp = await session.answerAlone()
  t.match(sdp, /m=audio \d+ RTP\/AVP 0\r\n/)
  const start = performance.now()
  await within(15000, session.play('a', 'unavailable').done)
  const seconds = (performance.now() - start) / 1000
  const samples = readWav(readFileSync(new URL('../../../sounds/en/unavailable.wav', import.meta.url)))
  const frames = Math.ceil(samples.length / 160)
  await a.until(() => a.rtp.length === frames)
  const expected = Buffer.concat([encodeG711('PCMU', samples), Buffer.alloc(frames * 160 - samples.length, silence.PCMU)])
  t.ok(Buffer.concat(a.heard.map((packet) => packet.payload)).equals(expected))
  t.ok(seconds > samples.length / 8000 - 0.5, 'paced and not poured out')
  t.ok(a.heard.every((packet, i) => i === 0 || (packet.timestamp - a.heard[i - 1]!.timestamp) >>> 0 === 160))
  t.same(a.heard.map((packet) => packet.marker).indexOf(true, 1), -1, 'one marker, at the start')
})

t.test('ringing is 425 Hz until it is stopped', async (t) => {
  const { a, session } = await caller(t)
  t.ok(await session.answerEarly())
  const ringing = session.play('a', 'ringback', { loop: true })
  await a.until(() => a.rtp.length === 30)
  ringing.stop()
  await within(1000, ringing.done)
  t.ok(hearsTone(425, sound(a, 'PCMA')))
  const heard = a.rtp.length
  await settle(100)
  t.ok(a.rtp.length <= heard + 1, 'nothing comes after')
})

t.test('what plays next takes the place of what played before', async (t) => {
  const { a, session } = await caller(t)
  await session.answerAlone()
  const first = session.play('a', 'ringback', { loop: true })
  await a.until(() => a.rtp.length === 5)
  const second = session.play('a', 'over')
  await within(1000, first.done)
  await a.until(() => a.rtp.length >= 30)
  t.notOk(hearsTone(425, sound(a, 'PCMA', 15)))
  t.ok(energy(sound(a, 'PCMA', 15)) > 1e-4)
  t.ok(a.heard.every((packet, i) => i === 0 || ((packet.sequence - a.heard[i - 1]!.sequence) & 0xffff) === 1))
  t.ok(a.heard.every((packet, i) => i === 0 || ((packet.timestamp - a.heard[i - 1]!.timestamp - 1) >>> 0) < 8000), 'and time only moves on')
  await session.close()
  await within(1000, second.done)
  t.pass('closing ends a playback')
  await within(1000, session.play('a', 'over').done)
  t.pass('and one that comes too late is over at once')
})

t.test('while something is played to a side the other is not heard, and goes on after', async (t) => {
  const { a, session } = await caller(t)
  const b = await Peer.open()
  t.teardown(() => b.close())
  const toB = await session.offerForB()
  await session.answerEarly()
  const ringing = session.play('a', 'ringback', { loop: true })
  await session.connect(b.sdp())
  await a.until(() => a.rtp.length === 3)
  for (let i = 0; i < 3; i++) b.send(toB, 8, Buffer.from('from B'))
  await settle()
  t.notOk(a.heard.some((packet) => packet.payload.equals(Buffer.from('from B'))))
  ringing.stop()
  const before = a.rtp.length
  b.send(toB, 8, voice)
  b.send(toB, 8, voice)
  await a.until(() => a.heard.filter((packet) => packet.payload.equals(voice)).length === 2)
  const joint = a.heard.slice(before - 1)
  t.ok(joint.every((packet, i) => i === 0 || ((packet.sequence - joint[i - 1]!.sequence) & 0xffff) === 1), 'sequence numbers run on')
  t.ok(joint.every((packet, i) => i === 0 || ((packet.timestamp - joint[i - 1]!.timestamp) >>> 0) < 8000), 'and so does time')
  t.equal(joint.find((packet) => packet.payload.equals(voice))!.marker, true)
  t.equal(new Set(a.heard.map((packet) => packet.ssrc)).size, 1)
})

t.test('a side with opus alone hears nothing, and nobody waits for it', async (t) => {
  const { a, session } = await caller(t, '96', ['rtpmap:96 opus/48000/2'])
  t.equal(await session.answerEarly(), undefined)
  t.match(await session.answerAlone(), /RTP\/AVP 96\r\n/)
  await within(500, session.play('a', 'over').done)
  t.equal(a.rtp.length, 0)
})

t.test('a prompt is spoken in the language that was asked for, and with the shop\'s own voice', async (t) => {
  const own = t.testdir({ demo: { et: { 'hint.wav': readFileSync(`${soundsFolder}ru/busy.wav`) } } })
  const speaking = createEmbeddedMedia({ host: '127.0.0.1', ports: { from: 31500, to: 31599 }, log: createLog('silent'), silenceTimeoutMs: 60000, sounds: { overrides: own } })
  t.teardown(() => speaking.close())
  for (const [shop, file] of [[undefined, 'et/hint.wav'], ['demo', 'ru/busy.wav']] as const) {
    const a = await Peer.open()
    const session = await speaking.open('call', a.sdp('8'))
    t.teardown(async () => Promise.all([session.close(), a.close()]))
    await session.answerAlone()
    const playback = session.play('a', 'hint', { language: 'et', shop })
    await a.until(() => a.rtp.length === 40)
    playback.stop()
    const expected = encodeG711('PCMA', readWav(readFileSync(`${soundsFolder}${file}`)))
    t.ok(Buffer.concat(a.heard.slice(0, 40).map((packet) => packet.payload)).equals(expected.subarray(0, 40 * 160)), file)
  }
})

t.test('a prompt without a sound is over at once, and ends what was playing', async (t) => {
  const mute = createEmbeddedMedia({ host: '127.0.0.1', ports: { from: 31600, to: 31699 }, log: createLog('silent'), silenceTimeoutMs: 60000, sounds: { root: '/nowhere' } })
  const a = await Peer.open()
  const session = await mute.open('call', a.sdp())
  t.teardown(async () => Promise.all([mute.close(), a.close()]))
  await session.answerAlone()
  const ringing = session.play('a', 'ringback', { loop: true })
  await within(500, session.play('a', 'over').done)
  await within(500, ringing.done)
  await within(500, session.play('a', 'over', { loop: true }).done)
  t.pass()
})

t.test('nothing can be played before anything is agreed', async (t) => {
  const { session } = await caller(t)
  await within(500, session.play('a', 'over').done)
  await within(500, session.play('b', 'over').done)
  t.pass()
})
