import { randomInt } from 'node:crypto'
import type { Test } from 'tap'
import { newId } from '../../src/ids.js'
import type { MediaEngine, MediaSession } from '../../src/media/types.js'
import { empty, phone } from './call.js'
import type { MakeEngine } from './conformance.js'
import { events, pcma, sleep, type Phone } from './phone.js'

/** In a box, since a generator would wait for the promise itself. */
interface Step {
  readonly work: Promise<unknown>
}

/** The steps of a call; each may be the one at which somebody hangs up. */
async function* steps(engine: MediaEngine, a: Phone, b: Phone, own: (session: MediaSession) => void): AsyncGenerator<Step> {
  const opening = engine.open(newId(), a.offer())
  void opening.then(own, () => undefined)
  yield { work: opening }
  const session = await opening
  if (engine.abilities.voice && randomInt(4) === 0) {
    yield { work: session.answerAlone() }
    session.play('a', 'over')
    yield { work: sleep(randomInt(50)) }
    return
  }
  const offering = session.offerForB()
  yield { work: offering }
  if (engine.abilities.voice && randomInt(2) === 0) {
    yield { work: session.answerEarly() }
    session.play('a', 'ringback', { loop: true })
  }
  yield { work: session.connect(b.answer(await offering)) }
  yield { work: session.renegotiate('b', b.offer({ direction: 'sendonly' })) }
  yield { work: sleep(randomInt(50)) }
}

/** Hangs up at every step and at random moments; all must be given back. */
export async function leaks(t: Test, makeEngine: MakeEngine, hangUps: number): Promise<void> {
  const { engine, load } = await makeEngine(t, { silenceTimeoutMs: 600_000 })
  const [a, b] = await Promise.all([phone(t, [pcma, events(101)]), phone(t, [pcma, events(101)])])
  /** Goes so many steps and closes while the last is under way. */
  const hangUpAt = async (last: number): Promise<void> => {
    let session: MediaSession | undefined
    let closing: Promise<void> | undefined
    let over = false
    const own = (opened: MediaSession): void => {
      session = opened
      if (over) closing = opened.close()
    }
    let count = 0
    for await (const { work } of steps(engine, a, b, own)) {
      const settled = work.then(() => undefined, (error: unknown) => error as { code?: string })
      if (++count < last) {
        t.equal(await settled, undefined, 'a step of a call')
        continue
      }
      if (randomInt(2) === 0) await sleep(randomInt(20))
      over = true
      closing = session?.close()
      const error = await settled
      if (error !== undefined) t.equal(error.code, 'media_unavailable', 'a step that was cut off')
      break
    }
    over = true
    await (closing ?? session?.close())
    await session?.close()
    if (session !== undefined) await t.rejects(session.connect(''), { code: 'media_unavailable' }, 'nothing after the end')
  }
  await t.test('a hang-up at each step', async () => {
    for (let step = 1; step <= 6; step++) await hangUpAt(step)
  })
  await empty(t, load)
  await t.test('many at random', async () => {
    let left = hangUps
    await Promise.all(Array.from({ length: 8 }, async () => {
      while (left-- > 0) await hangUpAt(1 + randomInt(6))
    }))
  })
  t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
  await empty(t, load)
  await t.test('a stop ends what is under way', async (t) => {
    await Promise.all(Array.from({ length: 3 }, async () => engine.open(newId(), a.offer())))
    const late = engine.open(newId(), a.offer())
    const settled = late.then((session) => session.close(), (error: unknown) => t.match(error, { code: 'media_unavailable' }))
    if (randomInt(2) === 0) await sleep(randomInt(5))
    await engine.close()
    await settled
    t.same(engine.stats(), { sessions: 0, portsInUse: 0 })
  })
  await empty(t, load)
}
