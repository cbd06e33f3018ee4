import type { Test } from 'tap'
import { newId } from '../../src/ids.js'
import { readSdp } from '../../src/media/sdp.js'
import type { MediaEngine, MediaNeeds } from '../../src/media/types.js'
import { Phone, waitFor, type Description } from './phone.js'

/** What of an engine is in use, as its server sees it; all zero when nobody calls. */
export type Load = () => Promise<Readonly<Record<string, number>>>

export async function phone(t: Pick<Test, 'teardown'>, codecs: Phone['codecs'], address?: string): Promise<Phone> {
  const opened = await Phone.open(codecs, address)
  t.teardown(() => opened.close())
  return opened
}

/** A call of two phones up to where both could talk. */
export async function connected(t: Pick<Test, 'teardown'>, engine: MediaEngine, codecsOfA: Phone['codecs'], codecsOfB: Phone['codecs'], how: Description = {}, needs: MediaNeeds = {}) {
  const [a, b] = await Promise.all([phone(t, codecsOfA), phone(t, codecsOfB)])
  const session = await engine.open(newId(), a.offer(how), needs)
  const offerForB = await session.offerForB()
  const answerForA = await session.connect(b.answer(offerForB, how))
  a.take(answerForA)
  return { a, b, session, offerForB, answerForA, offeredToB: readSdp(offerForB), answeredToA: readSdp(answerForA) }
}

/** Waits until the server holds nothing of ours any more. */
export async function empty(t: Test, load: Load): Promise<void> {
  await waitFor(async () => Object.values(await load()).every((count) => count === 0))
  const left = await load()
  t.same(left, Object.fromEntries(Object.keys(left).map((key) => [key, 0])), 'nothing is left')
}
