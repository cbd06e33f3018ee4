import t, { type Test } from 'tap'
import { courierNumber, strangerNumber, stage, type Line } from '../e2e/stage.js'
import { primaryOf, startCluster } from '../support/cluster.js'
import { receiver } from '../support/receiver.js'
import { until } from '../support/whole.js'
import { patienceMs, scenesOn } from './support.js'

const { url, nodes } = await startCluster(t)
const shop = await receiver(t)
const play = await stage(t, (config) => {
  config.redis.url = url
  config.redis.commandTimeoutMs = 3000
  config.webhooks.allowPrivate = ['127.0.0.0/8']
  Object.assign(config.limits, { callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 1000 })
})
const { talk, ready, callWorks } = scenesOn(play)
await ready(true)

/** @returns the body of an answer that is right */
async function ask(t: Test, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await play.api(method, path, body)
  t.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.status < 300 ? '' : answer.text}`)
  return answer.body
}

/** The events of a delivery, in the order in which they came. */
const told = ({ id }: Line): unknown[] => shop.got.filter(({ event }) => event.data.deliveryId === id).map(({ event }) => event.type)

t.test('a delivery from its order to its records, and all that is told of it, over three primaries', async (t) => {
  await ask(t, 'PUT', '/v1/webhooks', { url: shop.url, events: ['delivery.created', 'delivery.closed', 'call.started', 'call.answered', 'call.ended'], gate: null })
  const line = await play.line()
  await callWorks(t, line, 'they talk')
  await play.endedCalls(line.id, 1)
  await ask(t, 'POST', `/v1/deliveries/${line.id}/calls`, { first: 'courier' })
  const first = await play.courier.nextCall(patienceMs)
  first.reject(486)
  const [talked, missed] = await play.endedCalls(line.id, 2)
  t.match([talked, missed], [{ result: 'success' }, { reason: 'first_busy', startedBy: 'shop' }])
  await ask(t, 'PATCH', `/v1/deliveries/${line.id}`, { direction: 'courier' })
  await ask(t, 'POST', `/v1/deliveries/${line.id}/phones`, { party: 'courier', phone: strangerNumber })
  await ask(t, 'DELETE', `/v1/deliveries/${line.id}`)
  t.equal((await play.courier.call(line.number, { via: play.via }).refused(patienceMs)).status, 410, 'over')
  await play.idle()
  await until(async () => told(line).length >= 9 || undefined, () => told(line).join(' '), patienceMs)
  const ofCall = ['call.started', 'call.answered', 'call.ended']
  t.same(told(line), ['delivery.created', ...ofCall, 'call.started', 'call.ended', 'delivery.closed', 'call.started', 'call.ended'])

  for (const path of ['/v1/calls', '/v1/stats', '/v1/stats/now', '/v1/numbers', '/v1/settings', '/v1/keys', '/v1/webhooks', '/v1/retention', '/v1/retention/runs', '/v1/holds', '/v1/shops', '/v1/audit', `/v1/calls/${talked!.id}/trace`, '/v1/documents/processing-record']) await ask(t, 'GET', path)
  await ask(t, 'PATCH', '/v1/settings', { language: 'et' })
  await ask(t, 'POST', '/v1/holds', { deliveryId: line.id, reason: 'a complaint', endsAt: new Date(Date.now() + 3_600_000).toISOString() })
  for (const right of ['access', 'export', 'erasure']) await ask(t, 'POST', `/v1/persons/${right}`, { phone: courierNumber, proof: { kind: 'declared', reason: 'has shown the phone' }, reason: 'a letter' })
  const { id } = await ask(t, 'POST', '/v1/keys', { label: 'a key', roles: ['app'] })
  await ask(t, 'DELETE', `/v1/keys/${String(id)}`)
  t.match(await ask(t, 'POST', '/v1/retention/runs'), { state: 'done' })
  t.match(await ask(t, 'GET', '/v1/audit/verify'), { whole: true })
})

t.test('a primary dies under live calls and its replica takes over', async (t) => {
  const line = await play.line()
  const live = await talk(line)
  const primary = await primaryOf(nodes, 'pool:{demo}')
  const others = nodes.filter((node) => node !== primary)
  const mayTakeOver = (is: boolean): Promise<unknown> => Promise.all(others.map(({ store }) => store.call('CONFIG', 'SET', 'cluster-replica-no-failover', is ? 'no' : 'yes')))
  await mayTakeOver(false)
  await primary.kill()
  const late = await play.customer.call(line.number, { via: play.via }).refused(patienceMs)
  t.equal(late.status, 503)
  t.match(late.headers.get('retry-after'), /^\d+$/)
  t.equal(play.courier.waiting, 0, 'nobody else rings')
  const order = { reference: 'late', courier: { phone: courierNumber }, customer: { phone: strangerNumber }, ttlSeconds: 3600 }
  t.match(await play.api('POST', '/v1/deliveries', order), { status: 503, body: { code: 'store_unavailable' } })
  t.match(await play.api('GET', '/readyz'), { status: 503, body: { parts: [{ name: 'store', ok: false }, { ok: true }, { ok: true }, { ok: true }] } })
  t.ok(await live.bothHear(), 'they talk on')
  await mayTakeOver(true)
  await until(async () => await primaryOf(nodes, 'pool:{demo}') !== primary || undefined, 'a failover', 40_000)
  await live.call.hangUp()
  t.match(await play.endedCalls(line.id, 1), [{ result: 'success', reason: 'caller_hung_up' }])
  await ready(true)
  await callWorks(t, line, 'new calls go through by themselves')
  await primary.start()
  const made = await until(async () => {
    const answer = await play.api('POST', '/v1/deliveries', order)
    return answer.status === 201 ? answer : undefined
  }, 'deliveries to be given, as soon as a replica can have them', patienceMs)
  t.not(made.body.number, line.number)
  await play.idle()
})
