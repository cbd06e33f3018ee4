import t from 'tap'
import type { IncomingCall, OutgoingCall } from '../../src/embedded/phone/index.js'
import { noRtpengine, startRtpengine } from '../support/rtpengine.js'
import { until } from '../support/whole.js'
import { freshLine, stage, type Line, type Stage } from './stage.js'

/** On a busy machine; the limit of silence below is 10 s. */
const patienceMs = 40_000

async function talk(play: Stage, line: Line): Promise<{ call: OutgoingCall, taken: IncomingCall }> {
  const call = play.courier.call(line.number, { via: play.via })
  const taken = await play.customer.nextCall(patienceMs)
  await taken.answer()
  await call.answered(patienceMs)
  call.say(440)
  taken.say(660)
  return { call, taken }
}

const heard = async ({ call, taken }: { call: OutgoingCall, taken: IncomingCall }): Promise<boolean> => await taken.hears(440, patienceMs) && await call.hears(660, patienceMs)

t.test('rtpengine is killed in mid-call: the talk ends on both sides, others are carried elsewhere', { skip: noRtpengine ?? false, timeout: 110_000 }, async (t) => {
  const first = await startRtpengine(t)
  const play = await stage(t, (config) => {
    config.rtpengine.url = first.url
    config.media.silenceTimeoutSeconds = 10
  })
  const line = await freshLine(play)
  const cut = await talk(play, line)
  t.ok(await heard(cut), 'they talk')
  t.equal((await first.load()).calls, 1, 'over rtpengine')
  await first.kill()

  const other = await talk(play, line)
  t.ok(await heard(other), 'meanwhile the voice engine carries what begins')
  await other.call.hangUp()
  await other.taken.ended(patienceMs)

  t.match(await Promise.all([cut.call.ended(patienceMs), cut.taken.ended(patienceMs)]), [{ by: 'them' }, { by: 'them' }], 'the talk that fell silent is ended')
  t.match((await play.endedCalls(line.id, 2)).map(({ reason }) => reason).sort(), ['caller_hung_up', 'media_silent'])
  await play.idle()

  const second = await startRtpengine(t, Number(new URL(first.url).port))
  await until(async () => (await play.api('GET', '/readyz')).status === 200 || undefined, 'the new one to be found', patienceMs)
  const next = await talk(play, line)
  t.ok(await heard(next))
  t.equal((await second.load()).calls, 1, 'it is used again by itself')
  await second.kill()
  await startRtpengine(t, Number(new URL(first.url).port))
  t.match(await Promise.all([next.call.ended(patienceMs), next.taken.ended(patienceMs)]), [{ by: 'them' }, { by: 'them' }], 'and one that forgot the talk ends it, too')
  t.match((await play.endedCalls(line.id, 3)).at(-1), { reason: 'media_silent', result: 'upstream_error' })
  await play.idle()
})
