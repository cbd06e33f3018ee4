import type { Test } from 'tap'
import { newId } from '../../src/ids.js'
import { hearsTone } from '../../src/media/rtp/tone.js'
import type { MediaEngine, Side } from '../../src/media/types.js'
import { connected, empty, phone } from './call.js'
import type { MakeEngine } from './conformance.js'
import { events, pcma, sleep, type Description } from './phone.js'

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

/**
 * A phone behind NAT, which says from which address it comes but not from which port, and a stranger with another address who
 * was there first and stays: the phone is taken for itself, and the stranger is heard no more.
 */
export async function behindNat(t: Test, makeEngine: MakeEngine): Promise<void> {
  const { engine, load } = await makeEngine(t, { silenceTimeoutMs: 600_000 })
  await Promise.all((['a', 'b'] as const).map((side) => besideStranger(t, engine, side)))
  await empty(t, load)
}

/** @param side who is behind NAT */
async function besideStranger(t: Test, engine: MediaEngine, side: Side): Promise<void> {
  const [a, b, stranger, named] = await Promise.all([phone(t, [pcma]), phone(t, [pcma]), phone(t, [pcma], '127.0.0.2'), phone(t, [pcma])])
  const says = (who: Side): Description => who === side ? { place: { host: '127.0.0.1', port: named.port } } : {}
  const session = await engine.open(newId(), a.offer(says('a')))
  a.take(await session.connect(b.answer(await session.offerForB(), says('b'))))
  const [inside, other] = side === 'a' ? [a, b] : [b, a]
  stranger.take(session.localDescription(side))
  other.speak(toneB)
  stranger.speak(toneOfStranger)
  t.ok(await stranger.until(() => stranger.received.length > 0), `${side}: the stranger is first, and hears`)
  inside.speak(toneA)
  t.ok(await inside.hears(toneB), `${side}: until the phone speaks`)
  for (const one of [stranger, named]) one.forget()
  t.ok(await other.hears(toneA), `${side}: which is heard alone`)
  for (const one of [inside, other]) one.forget()
  await sleep(400)
  t.same([stranger, named].map(({ received }) => received.length), [0, 0], `${side}: nobody else has heard anything meanwhile`)
  t.ok(hearsTone(toneB, inside.sound()) && hearsTone(toneA, other.sound()), `${side}: the two go on hearing each other`)
  for (const one of [a, b, stranger]) one.hush()
  await session.close()
}
