import type { Test } from 'tap'
import { newId } from '../../src/ids.js'
import { readSdp } from '../../src/media/sdp.js'
import { soundsFolder } from '../../src/media/sounds.js'
import { empty, phone } from './call.js'
import type { MakeEngine } from './conformance.js'
import { canaries, events, likeness, opus, pcma, pcmu, type Phone } from './phone.js'

const long = 600_000
const toneA = 700
const toneB = 1100

/** What an engine must do that can make the first offer: for callbacks, and for callers who leave the offer to us. */
export async function offerFirst(t: Test, makeEngine: MakeEngine, { voice }: { readonly voice: boolean }): Promise<void> {
  const { engine, load } = await makeEngine(t, { silenceTimeoutMs: long })
  const talk = async (t: Test, a: Phone, b: Phone): Promise<void> => {
    a.speak(toneA)
    b.speak(toneB)
    const [atB, atA] = await Promise.all([b.hears(toneA), a.hears(toneB)])
    t.ok(atB, 'B hears A')
    t.ok(atA, 'A hears B')
  }

  for (const [name, codecsOfA, codecsOfB] of [['one law', [pcma, events(101)], [pcma, events(101)]], ['a law each', [pcmu, events(96)], [pcma]]] as const) {
    await t.test(`A answers first, then B: ${name}`, async (t) => {
      const [a, b] = await Promise.all([phone(t, codecsOfA), phone(t, codecsOfB)])
      const session = await engine.open(newId(), undefined)
      const offer = await session.offerForA()
      t.equal(await session.offerForA(), offer, 'the same again')
      t.equal(session.localDescription('a'), offer)
      await session.acceptFromA(a.answer(offer, { talkative: true }))
      const forB = await session.offerForB()
      for (const canary of canaries) t.notMatch(forB, canary)
      t.equal(await session.connect(b.answer(forB)), offer, 'nothing new for A')
      await talk(t, a, b)
      t.equal(readSdp(await session.renegotiate('a', a.offer({ direction: 'sendonly' }))).direction, 'recvonly', 'a hold as in any call')
      await session.close()
    })
  }
  await t.test('B answers first, then A', async (t) => {
    const [a, b] = await Promise.all([phone(t, [pcmu, pcma, events(101)]), phone(t, [pcmu, events(101)])])
    const session = await engine.open(newId(), undefined)
    t.equal(await session.answerEarly(), undefined, 'nothing can be said early')
    const forA = await session.connect(b.answer(await session.offerForB(), { talkative: true }))
    for (const canary of canaries) t.notMatch(forA, canary)
    t.equal(forA, await session.offerForA())
    t.same(readSdp(forA).codecs.map((codec) => codec.name), ['PCMU', 'PCMA', 'telephone-event'], 'B\'s law first')
    await session.acceptFromA(a.answer(forA))
    await talk(t, a, b)
    await a.press('4')
    t.ok(await b.hearsDigit('4'))
    await session.close()
  })
  await t.test('what cannot be', async (t) => {
    const a = await phone(t, [opus(98)])
    const session = await engine.open(newId(), undefined)
    await t.rejects(session.answerAlone(), { code: 'media_rejected' }, 'there is no offer to answer')
    await t.rejects(session.acceptFromA(a.offer()), { code: 'internal' }, 'nothing was offered yet')
    await session.offerForA()
    for (const bad of ['', 'hello', a.offer(), a.offer({ codecs: [pcma] }).replace(/m=audio \d+/, 'm=audio 0')]) await t.rejects(session.acceptFromA(bad), { code: 'media_rejected' })
    await session.close()
    await t.rejects(session.offerForA(), { code: 'media_unavailable' })
    await t.rejects(session.acceptFromA(a.offer()), { code: 'media_unavailable' })
    const other = await engine.open(newId(), (await phone(t, [pcma])).offer())
    await t.rejects(other.offerForA(), { code: 'internal' }, 'A has made an offer')
    await other.close()
  })
  if (voice) {
    await t.test('prompts and keys before there is a B', async (t) => {
      const a = await phone(t, [pcmu, events(101)])
      const session = await engine.open(newId(), undefined, { voice: true })
      const keys: string[] = []
      session.voice!.onDigit('a', (digit) => keys.push(digit))
      await session.play('a', 'accept').done
      await session.acceptFromA(a.answer(await session.offerForA()))
      a.speak(toneA)
      await session.play('a', 'accept').done
      t.ok(await a.until(() => likeness(a.sound(), `${soundsFolder}en/accept.wav`) > 0.9, 2000), 'the question is heard')
      await a.press('1')
      t.ok(await a.until(() => keys.join() === '1'))
      await session.close()
    })
  }
  await empty(t, load)
}
