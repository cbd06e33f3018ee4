import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { decodeG711 } from '../../src/media/rtp/g711.js'
import { tonePower } from '../../src/media/rtp/tone.js'
import { readWav } from '../../src/media/rtp/wav.js'
import { freshLine, stage } from './stage.js'

const play = await stage(t)
const recorded = readWav(readFileSync(new URL('../../sounds/en/recorded.wav', import.meta.url)))

const listen = async (id: string, reason = 'a complaint about the courier'): Promise<{ status: number, wav: Buffer }> => {
  const answer = await fetch(`http://127.0.0.1:${play.app.httpPort}/v1/calls/${id}/recording`, {
    method: 'POST',
    headers: { authorization: `Bearer ${play.app.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason })
  })
  return { status: answer.status, wav: Buffer.from(await answer.arrayBuffer()) }
}

/** One talk of about a second and a half in which both make their tones; resolves to the call's id. */
async function talk(): Promise<string> {
  const line = await freshLine(play)
  const call = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall()
  await ringing.answer()
  await call.answered()
  call.say(440)
  ringing.say(1000)
  t.ok(await ringing.hears(440), 'the talk goes on')
  t.ok(await call.hears(1000))
  if (announced) {
    t.ok(call.likeness(recorded) > 0.7, 'the caller was told')
    t.ok(ringing.likeness(recorded) > 0.7, 'the callee was told')
  }
  await sleep(1500)
  await call.hangUp()
  await ringing.ended()
  const [record] = await play.endedCalls(line.id, 1)
  await play.idle()
  return record!.id
}
let announced = false

t.test('nothing is recorded by default', async (t) => {
  const id = await talk()
  t.equal((await listen(id)).status, 404)
})

t.test('both are told, both are on it, the disk holds nothing in clear, and listening leaves a trace', async (t) => {
  announced = true
  t.match((await play.api('PATCH', '/v1/settings', { recording: true })).body, { status: 409, code: 'recording_period' }, 'not without a period')
  t.equal((await play.api('PUT', '/v1/retention', { reason: 'complaints are settled within a day', periods: { recording: 86_400 } })).status, 200)
  t.equal((await play.api('PATCH', '/v1/settings', { recording: true })).status, 200)
  const id = await talk()
  const { status, wav } = await listen(id)
  t.equal(status, 200)
  const samples = decodeG711('PCMU', wav.subarray(58))
  t.ok(samples.length > 8000, `${samples.length / 8000} seconds`)
  const middle = samples.subarray(4000, 8000)
  t.ok(tonePower(440, middle) > 1e-3 && tonePower(1000, middle) > 1e-3, 'both voices')

  const dir = join(play.config.dataDir, 'recordings')
  const files = readdirSync(dir, { recursive: true }).map((name) => join(dir, name as string)).filter((name) => statSync(name).isFile())
  t.equal(files.length, 1)
  t.notOk(readFileSync(files[0]!).includes(wav.subarray(2000, 2040)))

  const trail = (await play.api('GET', '/v1/audit?action=recording.read')).body.entries as { scope: string, reason: string }[]
  t.match(trail, [{ scope: `call ${id}`, reason: 'a complaint about the courier' }])
  t.equal((await listen(id, '   ')).status, 422, 'not without a reason')

  t.equal((await play.api('DELETE', `/v1/calls/${id}/recording`)).status, 204)
  t.equal((await listen(id)).status, 404)
  t.equal((await listen('../../etc')).status, 404)
})
