import t from 'tap'
import { sipServer } from '../../bench/life/processes.js'
import { freePort } from '../support/ports.js'
import { stage } from '../e2e/stage.js'
import { until } from '../support/whole.js'
import { patienceMs, scenesOn } from './support.js'

const [sipPort, adminPort, secret] = [await freePort(), await freePort(), 'a secret for tests only']
const server = sipServer('127.0.0.1', sipPort, adminPort, secret)
await server.start()
t.teardown(() => server.stop('SIGKILL'))
const play = await stage(t, (config) => {
  config.drachtio.url = `drachtio://:${encodeURIComponent(secret)}@127.0.0.1:${adminPort}`
  config.redis.commandTimeoutMs = 3000
  config.media.silenceTimeoutSeconds = 10
  Object.assign(config.limits, { callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 1000 })
})
const { talk, ready, callWorks } = scenesOn(play)
await ready(true)

t.test('the SIP server is killed and comes back: who talks talks on, and every call has its end', { timeout: 110_000 }, async (t) => {
  const line = await play.line()
  const live = await talk(line)
  const ringing = play.customer.call(line.number, { via: play.via })
  const rung = await play.courier.nextCall(patienceMs)
  await rung.ring()
  await ringing.ringing(patienceMs)
  await server.stop('SIGKILL')
  await ready(false)
  t.match(await play.api('POST', `/v1/deliveries/${line.id}/calls`, { first: 'courier' }), { status: 503, body: { code: 'sip_unavailable' } })
  t.ok(await live.bothHear(), 'their sound needs no SIP server')
  await server.start()
  await ready(true)
  t.ok(await live.bothHear(), 'nor does a new one end it')
  await callWorks(t, line, 'new calls go through by themselves')

  // Nobody tells us that they hang up: the new server does not know their call. They fall silent.
  void live.call.hangUp()
  void live.taken.hangUp()
  const calls = await until(() => play.endedCalls(line.id, 3).catch(() => undefined), 'their end', 40_000)
  t.same(calls.map(({ reason }) => reason), ['media_silent', 'sip_unavailable', 'caller_hung_up'])
  await until(async () => play.app.stats().calls === 0 || undefined, 'all calls to end', patienceMs)
  t.match(play.app.stats(), { mediaSessions: 0, mediaPorts: 0 }, 'no port is left')
})
