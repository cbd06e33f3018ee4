import t, { type Test } from 'tap'
import { createRtpengineMedia } from '../../../src/media/rtpengine/engine.js'
import type { MediaEngine } from '../../../src/media/types.js'
import { silent } from '../../support/log.js'
import { noRtpengine, startRtpengine } from '../../support/rtpengine.js'
import { connected, empty } from '../call.js'
import { conformance, ownSources } from '../conformance.js'
import { events, opus, pcma, type Phone } from '../phone.js'

if (noRtpengine !== undefined) t.comment(noRtpengine)

t.test('conformance', { skip: noRtpengine ?? false }, async (t) => {
  const server = await startRtpengine(t)
  conformance(t, async (t, { silenceTimeoutMs }) => {
    const engine = createRtpengineMedia({ urls: [server.url], log: silent, deadlineMs: 4000, silenceTimeoutMs })
    t.teardown(() => engine.close())
    return { engine, load: () => server.load() }
  }, { abilities: { relay: true, voice: false, record: false }, hangUps: 300, learnedMs: 4000, prefersDescribed: true })
})

/** Until both hear each other. */
async function talk(t: Test, a: Phone, b: Phone): Promise<void> {
  a.speak(700)
  b.speak(1100)
  const heard = await Promise.all([b.hears(700), a.hears(1100)])
  t.same(heard, [true, true], 'they hear each other')
}

t.test('RTP sources', { skip: noRtpengine ?? false }, async (t) => {
  const server = await startRtpengine(t)
  const engineWith = (ownSources: boolean): MediaEngine => {
    const engine = createRtpengineMedia({ urls: [server.url], log: silent, deadlineMs: 4000, silenceTimeoutMs: 60_000, ownSources })
    t.teardown(() => engine.close())
    return engine
  }
  const engine = engineWith(true)
  await t.test('are its own where opus was possible and does not come about', async (t) => {
    const { a, b, session, answeredToA } = await connected(t, engine, [opus(98), pcma, events(101)], [pcma, events(101)])
    t.same(answeredToA.codecs.map(({ name }) => name), ['PCMA', 'telephone-event'])
    await talk(t, a, b)
    await a.press('6')
    t.ok(await b.hearsDigit('6'))
    ownSources(t, a, b)
    await session.renegotiate('a', a.offer({ direction: 'sendonly' }))
    await session.renegotiate('a', a.offer())
    await talk(t, a, b)
    ownSources(t, a, b)
    await session.close()
  })
  await t.test('are passed on where that was chosen', async (t) => {
    const { a, b, session } = await connected(t, engineWith(false), [pcma], [pcma])
    await talk(t, a, b)
    t.ok(b.received.some(({ packet }) => packet.ssrc === a.ssrc), 'and the kernel may do it')
    await session.close()
  })
  await empty(t, () => server.load())
})
