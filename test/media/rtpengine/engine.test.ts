import t from 'tap'
import { createRtpengineMedia } from '../../../src/media/rtpengine/engine.js'
import { silent } from '../../support/log.js'
import { noRtpengine, startRtpengine } from '../../support/rtpengine.js'
import { conformance } from '../conformance.js'

if (noRtpengine !== undefined) t.comment(noRtpengine)

t.test('conformance', { skip: noRtpengine ?? false }, async (t) => {
  const server = await startRtpengine(t)
  conformance(t, async (t, { silenceTimeoutMs }) => {
    const engine = createRtpengineMedia({ urls: [server.url], log: silent, deadlineMs: 4000, silenceTimeoutMs })
    t.teardown(() => engine.close())
    return { engine, load: () => server.load() }
  }, { abilities: { relay: true, voice: false, record: false }, hangUps: 300 })
})
