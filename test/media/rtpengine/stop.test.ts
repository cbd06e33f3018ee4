import t from 'tap'
import { newId } from '../../../src/ids.js'
import { createRtpengineMedia } from '../../../src/media/rtpengine/engine.js'
import { silent } from '../../support/log.js'
import { noRtpengine, startRtpengine } from '../../support/rtpengine.js'
import { empty, phone } from '../call.js'
import { pcma, sleep } from '../phone.js'

t.test('a stop while calls are being opened leaves none behind', { skip: noRtpengine ?? false }, async (t) => {
  const server = await startRtpengine(t)
  const a = await phone(t, [pcma])
  for (let round = 0; round < 30; round++) {
    const engine = createRtpengineMedia({ urls: [server.url], log: silent, deadlineMs: 4000, silenceTimeoutMs: 60_000 })
    await engine.ping()
    const opening = Array.from({ length: 8 }, () => engine.open(newId(), a.offer()).catch(() => undefined))
    if (round % 2 === 0) await sleep(round / 10)
    await engine.close()
    await Promise.all(opening)
  }
  await empty(t, () => server.load())
})
