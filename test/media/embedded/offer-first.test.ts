import t from 'tap'
import { createEmbeddedMedia } from '../../../src/media/embedded/engine.js'
import { silent } from '../../support/log.js'
import { offerFirst } from '../conformance-offer.js'

t.test('the embedded engine makes the first offer', (t) => offerFirst(t, async (t, { silenceTimeoutMs }) => {
  const engine = createEmbeddedMedia({ host: '127.0.0.1', ports: { from: 37_000, to: 37_399 }, log: silent, silenceTimeoutMs })
  t.teardown(() => engine.close())
  return { engine, load: async () => ({ ...engine.stats() }) }
}, { voice: true }))
