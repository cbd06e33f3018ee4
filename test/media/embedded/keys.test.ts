import t, { type Test } from 'tap'
import { encodeG711 } from '../../../src/media/rtp/g711.js'
import { buildTelephoneEvent, eventOfDigit } from '../../../src/media/rtp/telephone-event.js'
import { sine } from '../../../src/media/rtp/tone.js'
import type { MediaSession } from '../../../src/media/types.js'
import { Peer, settle, testEngine } from '../../support/media-peer.js'

const engine = testEngine(31800)
t.teardown(() => engine.close())
const voice = encodeG711('PCMA', sine(440, 20))

async function caller(t: Test): Promise<{ a: Peer, b: Peer, session: MediaSession }> {
  const [a, b] = [await Peer.open(), await Peer.open()]
  const session = await engine.open('call', a.sdp('8 101'))
  t.teardown(async () => Promise.all([session.close(), a.close(), b.close()]))
  return { a, b, session }
}

/** One press as a phone sends it: several packets with one timestamp, the last of them three times. */
function press(peer: Peer, to: string, digit: string, timestamp: number): void {
  for (const [duration, end] of [[160, false], [320, false], [480, true], [480, true], [480, true]] as const) {
    peer.send(to, 101, buildTelephoneEvent({ event: eventOfDigit(digit)!, end, volume: 10, duration }), { timestamp })
  }
}

t.test('every press counts once, also when it comes before there is a B', async (t) => {
  const { a, session } = await caller(t)
  const sdp = await session.answerAlone()
  const heard: string[] = []
  const stop = session.voice!.onDigit('a', (digit) => heard.push(digit))
  for (const [i, digit] of ['1', '#', '1', '*', '9'].entries()) press(a, sdp, digit, 8000 * (i + 1))
  a.send(sdp, 101, Buffer.from([16, 0, 0, 160]), { timestamp: 90_000 })
  a.send(sdp, 101, Buffer.from([5]), { timestamp: 91_000 })
  press(a, sdp, '7', 92_000)
  while (!heard.includes('7')) await settle(10)
  t.same(heard.join(''), '1#1*97', 'a flash and a torn packet are no keys')
  stop()
  press(a, sdp, '3', 99_000)
  await settle(50)
  t.same(heard.join(''), '1#1*97')
})

t.test('held apart, the sides hear neither voice nor keys of each other, and each is still listened to', async (t) => {
  const { a, b, session } = await caller(t)
  const toB = await session.offerForB()
  const toA = await session.connect(b.sdp('8 101'))
  const pressed: string[] = []
  session.voice!.onDigit('b', (digit) => pressed.push(digit))
  session.voice!.allowTalk(false)
  a.send(toA, 8, voice)
  b.send(toB, 8, voice)
  press(b, toB, '1', 8000)
  while (pressed.length === 0) await settle(10)
  await settle(50)
  t.equal(a.rtp.length + b.rtp.length, 0)
  session.voice!.allowTalk(true)
  a.send(toA, 8, voice)
  await b.until(() => b.rtp.length === 1)
  t.same(pressed, ['1'])
})
