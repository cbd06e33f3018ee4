import t from 'tap'
import { createEmbeddedMedia } from '../../src/media/embedded/engine.js'
import { silent } from '../support/log.js'
import { conformance } from './conformance.js'

t.test('the embedded engine', (t) => {
  let first = 40_000
  conformance(t, async (t, { silenceTimeoutMs }) => {
    // Ports of their own for each engine: one that was just given back may still hear an old call.
    first += 400
    const engine = createEmbeddedMedia({ host: '127.0.0.1', ports: { from: first, to: first + 399 }, log: silent, silenceTimeoutMs })
    t.teardown(() => engine.close())
    return { engine, load: async () => ({ ...engine.stats() }) }
  }, { abilities: { relay: true, voice: true, record: true }, hangUps: 300, prefersDescribed: true })
  t.end()
})
