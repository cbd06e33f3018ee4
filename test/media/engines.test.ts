import t, { type Test } from 'tap'
import { MaskError } from '../../src/errors.js'
import { newId } from '../../src/ids.js'
import { createEmbeddedMedia } from '../../src/media/embedded/engine.js'
import { createMediaEngines } from '../../src/media/engines.js'
import { createRtpengineMedia } from '../../src/media/rtpengine/engine.js'
import type { MediaEngine } from '../../src/media/types.js'
import { captured, silent } from '../support/log.js'
import { freePort } from '../support/ports.js'
import { noRtpengine, startRtpengine } from '../support/rtpengine.js'
import { connected, phone } from './call.js'
import { conformance } from './conformance.js'
import { pcma, waitFor } from './phone.js'

let first = 50_000

function embedded(t: Pick<Test, 'teardown'>, silenceTimeoutMs = 600_000): MediaEngine {
  first += 200
  const engine = createEmbeddedMedia({ host: '127.0.0.1', ports: { from: first, to: first + 199 }, log: silent, silenceTimeoutMs })
  t.teardown(() => engine.close())
  return engine
}

function rtpengine(t: Pick<Test, 'teardown'>, url: string, silenceTimeoutMs = 600_000): MediaEngine {
  const engine = createRtpengineMedia({ urls: [url], log: silent, deadlineMs: 2000, silenceTimeoutMs })
  t.teardown(() => engine.close())
  return engine
}

/** An engine of which the test sees which calls it got. */
function watched(engine: MediaEngine, calls: string[], name: string): MediaEngine {
  return { ...engine, open: (...args) => { calls.push(name); return engine.open(...args) } }
}

t.test('conformance of rtpengine with a voice beside it', { skip: noRtpengine ?? false }, async (t) => {
  const server = await startRtpengine(t)
  conformance(t, async (t, { silenceTimeoutMs }) => {
    const voice = embedded(t, silenceTimeoutMs)
    const engine = createMediaEngines({ relay: rtpengine(t, server.url, silenceTimeoutMs), voice, log: silent })
    t.teardown(() => engine.close())
    return { engine, load: async () => ({ ...await server.load(), ...voice.stats() }) }
  }, { abilities: { relay: true, voice: true, record: true }, hangUps: 300, learnedMs: 4000 })
})

t.test('what a call needs decides where it goes', async (t) => {
  const calls: string[] = []
  const [relay, voice] = [watched(embedded(t), calls, 'relay'), watched(embedded(t), calls, 'voice')]
  const engine = createMediaEngines({ relay, voice, log: silent })
  const a = await phone(t, [pcma])
  const opened = await engine.open(newId(), a.offer())
  t.same(calls, [], 'nobody is asked before it is clear')
  t.equal(opened.voice, undefined)
  await opened.play('a', 'over').done
  await opened.answerAlone()
  await opened.offerForB()
  t.ok(opened.voice)
  await opened.close()
  t.same(calls.splice(0), ['voice'], 'a question, then a call: all by the one that asked')

  const plain = await engine.open(newId(), a.offer())
  await Promise.all([plain.offerForB(), plain.answerEarly()])
  await plain.close()
  t.same(calls.splice(0), ['relay'], 'a plain call, opened once')

  const accepted = await engine.open(newId(), a.offer(), { voice: true })
  t.ok(accepted.voice, 'at once')
  await accepted.offerForB()
  await accepted.close()
  t.same(calls.splice(0), ['voice'], 'a call in which something will be said')

  await t.rejects(createMediaEngines({ relay, voice: { ...voice, open: () => Promise.reject(new MaskError('media_unavailable')) }, log: silent }).open(newId(), a.offer(), { voice: true }), { code: 'media_unavailable' })

  const nothing = await engine.open(newId(), a.offer())
  await nothing.close()
  t.same(calls, [])
  await t.rejects(nothing.offerForB(), { code: 'media_unavailable' })
  await t.rejects(nothing.answerAlone(), { code: 'media_unavailable' })
  const early = await engine.open(newId(), a.offer())
  await t.rejects(early.connect(a.offer()), { code: 'internal' })
  await early.close()
})

t.test('one engine for both is that engine', async (t) => {
  const engine = embedded(t)
  t.equal(createMediaEngines({ relay: engine, voice: engine, log: silent }), engine)
  const mute: MediaEngine = { ...engine, abilities: { relay: true, voice: false, record: false } }
  t.throws(() => createMediaEngines({ relay: engine, voice: mute, log: silent }), { code: 'config_invalid' })
  t.throws(() => createMediaEngines({ relay: { ...engine, abilities: { relay: false, voice: true, record: false } }, voice: engine, log: silent }), { code: 'config_invalid' })
})

t.test('while the relay engine is gone the voice engine takes its calls', async (t) => {
  const { log, text } = captured()
  const voice = embedded(t)
  const engine = createMediaEngines({ relay: rtpengine(t, `udp://127.0.0.1:${await freePort()}`), voice, log })
  const call = await connected(t, engine, [pcma], [pcma])
  call.a.speak(700)
  t.ok(await call.b.hears(700))
  t.equal(voice.stats().sessions, 1)
  await call.session.close()
  t.equal(voice.stats().sessions, 0)
  t.match(text(), 'media.relay_replaced')
  await t.rejects(engine.ping(), { code: 'media_unavailable' }, 'but somebody should look')
  const onlyVoice: MediaEngine = { ...voice, abilities: { relay: false, voice: true, record: false } }
  const without = createMediaEngines({ relay: rtpengine(t, `udp://127.0.0.1:${await freePort()}`), voice: onlyVoice, log: silent })
  const session = await without.open(newId(), call.a.offer())
  await t.rejects(session.offerForB(), { code: 'media_unavailable' })
  await session.close()
})

t.test('a session that falls silent in its engine is silent', async (t) => {
  const engine = createMediaEngines({ relay: embedded(t, 400), voice: embedded(t), log: silent })
  const call = await connected(t, engine, [pcma], [pcma])
  let silentNow = false
  void call.session.silent.then(() => { silentNow = true })
  t.ok(await waitFor(() => silentNow))
  await call.session.close()
})
