import t from 'tap'
import { request } from 'node:http'
import { until } from '../support/whole.js'
import { stage } from '../e2e/stage.js'
import { patienceMs } from './support.js'

const play = await stage(t, (config) => {
  Object.assign(config.overload, { callsInSetUp: 1, requestsInFlight: 1, busyPercent: 100 })
  config.redis.commandTimeoutMs = 3000
})
await until(async () => (await play.api('GET', '/readyz')).status === 200 || undefined, 'readiness', patienceMs)

t.test('a call beyond the limit is refused before any work; who talks is not in set-up', async (t) => {
  const line = await play.line()
  const first = play.courier.call(line.number, { via: play.via })
  const ringing = await play.customer.nextCall(patienceMs)
  await ringing.ring()
  await first.ringing(patienceMs)
  const second = await play.stranger.call(line.number, { via: play.via }).refused(patienceMs)
  t.equal(second.status, 503)
  t.equal(second.headers.get('retry-after'), '2')
  t.match(await play.api('POST', `/v1/deliveries/${line.id}/calls`, { first: 'courier' }), { status: 503, body: { code: 'overloaded', retryAfter: 2 } })
  await ringing.answer()
  await first.answered(patienceMs)
  const third = await play.stranger.call(line.number, { via: play.via }).refused(patienceMs)
  t.equal(third.status, 480, 'looked up as ever')
  await first.hangUp()
  await play.idle()
  t.match(await play.metrics(), /maskline_overload_refused_total\{what="call"\} 2/)
})

t.test('a request beyond the limit gets 503 at once; probes are answered', async (t) => {
  // A request whose body does not come to its end.
  const open = request({ port: play.app.httpPort, host: '127.0.0.1', method: 'POST', path: '/v1/deliveries', headers: { authorization: `Bearer ${play.app.apiKey}`, 'content-type': 'application/json', 'content-length': '10' } })
  open.on('error', () => undefined)
  open.write('{')
  const refused = await until(async () => {
    const answer = await play.api('GET', '/v1/me')
    return answer.status === 503 ? answer : undefined
  }, 'the limit', patienceMs)
  t.match(refused.body, { code: 'overloaded', retryAfter: 1 })
  t.equal((await play.api('GET', '/healthz')).status, 200)
  t.equal((await play.api('GET', '/readyz')).status, 200)
  open.destroy()
  await until(async () => (await play.api('GET', '/v1/me')).status === 200 || undefined, 'room', patienceMs)
  t.pass('whoever goes away makes room')
})
