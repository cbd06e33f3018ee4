import t from 'tap'
import { createFreeswitchMedia } from '../../../src/media/freeswitch/engine.js'
import { soundsFolder } from '../../../src/media/sounds.js'
import { guardConsole } from '../../../src/telemetry/console-guard.js'
import { channelsOf, connectedSrf, listenForFreeswitch, noFreeswitch, realFreeswitch } from '../../support/freeswitch.js'
import { silent } from '../../support/log.js'
import { conformance } from '../conformance.js'

if (noFreeswitch !== undefined) t.comment(noFreeswitch)

t.test('the real FreeSWITCH', { skip: noFreeswitch ?? false }, async (t) => {
  // The libraries write to the console what does not belong into a test's output.
  t.teardown(guardConsole(silent))
  const url = realFreeswitch!
  const srf = await connectedSrf(t)
  conformance(t, async (t, { silenceTimeoutMs }) => {
    const engine = createFreeswitchMedia({ url, srf, listen: listenForFreeswitch(), sounds: { root: soundsFolder.replace(/\/$/, '') }, log: silent, deadlineMs: 4000, silenceTimeoutMs })
    t.teardown(() => engine.close())
    return { engine, load: async () => ({ channels: await channelsOf(url) }) }
  }, { abilities: { relay: true, voice: true, record: false }, hangUps: 200 })
})
