import t from 'tap'
import { until } from '../support/whole.js'
import { failureStage, patienceMs } from './support.js'

const real = process.env.MASKLINE_DRACHTIO_URL !== undefined
const play = await failureStage(t, (config) => {
  config.sip.requestTimeoutMs = 3000
  config.media.silenceTimeoutSeconds = 10
})
const { sip } = play.doors

t.test('connection to drachtio lost: set-ups end, nothing new is tried, then it is dialled again', async (t) => {
  const line = await play.line()
  const talk = await play.talk(line)
  const ringing = play.customer.call(line.number, { via: play.via })
  const rung = await play.courier.nextCall(patienceMs)
  await rung.ring()
  await ringing.ringing(patienceMs)
  sip.shut()
  await play.ready(false)
  t.match((await play.api('GET', '/readyz')).body, { parts: [{}, {}, { name: 'sip', ok: false }, {}] })
  t.match(await play.api('POST', `/v1/deliveries/${line.id}/calls`, { first: 'courier' }), { status: 503, body: { code: 'sip_unavailable' } })
  if (real) t.ok(await talk.bothHear(), 'the talk goes on')
  // The embedded server ends what nobody can control any more.
  else t.match(await talk.taken.ended(patienceMs), { by: 'them' })
  await sip.open()
  await play.ready(true)
  await talk.call.hangUp()
  // A server that has forgotten whose call it is tells nobody that the caller hung up: the callee hears nothing, and goes.
  if (real) await talk.taken.hangUp()
  const records = await until(async () => {
    const { body } = await play.api('GET', `/v1/deliveries/${line.id}/calls`)
    const calls = body.calls as { state: string, reason: string }[]
    return calls.length === 2 && calls.every(({ state }) => state === 'ended') ? calls : undefined
  }, 'two records', 40_000)
  t.equal(records.filter(({ reason }) => ['sip_unavailable', 'signalling_lost'].includes(reason)).length, 1, 'the one in set-up')
  t.notOk(records.some(({ reason }) => reason === 'internal'), 'each with an end of ours')
  await play.callWorks(t, line, 'the next call goes through')
  await until(async () => play.app.stats().calls === 0 || undefined, 'all calls to end')
  t.match(play.app.stats(), { mediaSessions: 0, mediaPorts: 0 }, 'no port is left')
})

t.test('drachtio restarted: the connection is made anew and calls go on', async (t) => {
  if (real) { t.pass('left to whoever runs it'); return }
  const line = await play.line()
  for (let round = 0; round < 3; round++) {
    sip.shut()
    await play.ready(false)
    await sip.open()
    await play.ready(true)
    await play.callWorks(t, line, `call ${round} goes through`)
  }
  await play.idle()
})

t.test('drachtio hangs: it is noticed, said, and the connection made anew', async (t) => {
  const line = await play.line()
  const before = sip.connections()
  sip.hold(true)
  await play.ready(false)
  t.match(play.logged(), /sip\.server_hangs/)
  sip.hold(false)
  await play.ready(true)
  t.ok(sip.connections() > before)
  await play.callWorks(t, line, 'the next call goes through')
  await play.idle()
})
