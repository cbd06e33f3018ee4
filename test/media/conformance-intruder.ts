import type { Test } from 'tap'
import { hearsTone } from '../../src/media/rtp/tone.js'
import { connected, empty, phone } from './call.js'
import type { MakeEngine } from './conformance.js'
import { events, pcma, sleep } from './phone.js'

const [toneA, toneB, toneOfStranger] = [700, 1100, 1900]

/**
 * Somebody who found the ports of a talk sends sound and keys there: neither side hears any of it, and nothing is sent
 * to them (the "RTP bleed" attack).
 * @param learnedMs after which the engine has learned for good where the phones are; until then it may let a stranger be heard, never hear
 */
export async function intruder(t: Test, makeEngine: MakeEngine, learnedMs: number): Promise<void> {
  const { engine, load } = await makeEngine(t, { silenceTimeoutMs: 600_000 })
  const { a, b, session, offeredToB, answeredToA } = await connected(t, engine, [pcma, events(101)], [pcma, events(101)])
  const stranger = await phone(t, [pcma, events(101)])
  a.speak(toneA)
  b.speak(toneB)
  t.ok(await b.hears(toneA))
  t.ok(await a.hears(toneB))
  const intrude = async (): Promise<void> => {
    for (const description of [session.localDescription('a'), session.localDescription('b')]) {
      stranger.take(description)
      stranger.speak(toneOfStranger)
      await sleep(400)
      await stranger.press('7')
    }
    stranger.hush()
  }
  if (learnedMs > 0) await intrude()
  t.equal(stranger.received.length, 0, 'nobody speaks to the stranger, however early')
  await sleep(learnedMs)
  a.forget()
  b.forget()
  await intrude()
  t.not(offeredToB.rtpPort, answeredToA.rtpPort, 'both ports were tried')
  for (const [name, own, tone] of [['A', a, toneB], ['B', b, toneA]] as const) {
    const sound = own.sound()
    t.ok(sound.length > 4000, `${name} hears`)
    for (let at = 0; at + 800 <= sound.length; at += 400) if (hearsTone(toneOfStranger, sound.slice(at, at + 800))) t.fail(`${name} hears the stranger`)
    t.notOk(own.received.some(({ packet }) => packet.payloadType === 101 || packet.ssrc === stranger.ssrc), `${name} gets no key and no packet of theirs`)
    t.ok(await own.hears(tone), 'and the talk goes on')
  }
  t.equal(stranger.received.length, 0, 'nobody speaks to the stranger')
  await session.close()
  await empty(t, load)
}
