import t from 'tap'
import { person } from '../support/lines.js'
import { keys, order, testApi } from './support.js'

const { send, lines, events } = await testApi(t, {}, (config) => ({ ...config, limits: { ...config.limits, callsPerShop: 10, callsPerDelivery: 10, minutesPerShopDay: 100 } }))

t.test('a shop allows itself less, never more than its ceiling', async (t) => {
  t.match((await send('GET', '/v1/settings')).json(), { callsAtOnce: null, callsPerHour: null, minutesPerDay: null })
  t.match((await send('PATCH', '/v1/settings', { callsAtOnce: 3, minutesPerDay: 100 })).json(), { callsAtOnce: 3, callsPerHour: null, minutesPerDay: 100 })
  for (const [name, values] of Object.entries({ callsAtOnce: [11, 0, -1, 1.5, '3'], callsPerHour: [20_001, 0], minutesPerDay: [101, 1] })) {
    for (const value of values) t.match((await send('PATCH', '/v1/settings', { [name]: value })).json(), { status: 422, code: 'request_invalid', field: name }, `${name} ${value}`)
  }
  t.match((await send('GET', '/v1/stats/now')).json(), { caps: { callsAtOnce: { used: 0, limit: 3 }, callsPerHour: { used: 0, limit: 20_000 }, minutesPerDay: { used: 0, limit: 100 } } })
  t.match((await send('GET', '/v1/stats/now', undefined, { key: keys.two })).json(), { caps: { callsAtOnce: { limit: 10 } } }, 'another shop has its own')
})

t.test('an operator sets the ceilings of a shop, which hold also for what it had set before', async (t) => {
  await send('POST', '/v1/shops', { id: 'bakery', name: 'Bakery', pool: 'demo', country: 'EE', ceilings: { callsAtOnce: 8 } })
  const { key } = (await send('POST', '/v1/shops/bakery/keys', { label: 'first', roles: ['admin'] })).json<{ key: string }>()
  t.equal((await send('PATCH', '/v1/settings', { callsAtOnce: 8 }, { key })).statusCode, 200)
  t.match((await send('PATCH', '/v1/shops/bakery', { ceilings: { callsAtOnce: 2, callsPerHour: 50 } })).json(), { ceilings: { callsAtOnce: 2, callsPerHour: 50 } })
  t.match((await send('GET', '/v1/stats/now', undefined, { key })).json(), { caps: { callsAtOnce: { limit: 2 }, callsPerHour: { limit: 50 }, minutesPerDay: { limit: 100 } } })
  for (const ceilings of [{ callsAtOnce: 0 }, { callsPerHour: 1e9 }, { minutesPerDay: '5' }, { calls: 1 }, 5]) {
    t.equal((await send('PATCH', '/v1/shops/bakery', { ceilings })).statusCode, 422, JSON.stringify(ceilings))
  }
  t.equal((await send('PATCH', '/v1/shops/bakery', { ceilings: { callsAtOnce: 100 } }, { key })).statusCode, 403, 'and nobody else')
})

t.test('what the shop starts is refused at its cap, and told', async (t) => {
  const alarms: string[] = []
  events.on('cap.near', ({ cap, shopId, used, limit }) => alarms.push(`near ${shopId} ${cap} ${used}/${limit}`))
  events.on('cap.reached', ({ cap, shopId, limit }) => alarms.push(`reached ${shopId} ${cap} ${limit}`))
  const { id, number } = (await send('POST', '/v1/deliveries', order())).json<{ id: string, number: string }>()
  for (const call of ['a', 'b', 'c']) await lines.count('one', number, call)
  t.match((await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' })).json(), { status: 429, code: 'call_limited' })
  t.match(await lines.lookup(number, person(0), 'd'), { kind: 'limited', limit: 'calls_at_once' })
  t.match((await send('GET', '/v1/stats/now')).json(), { caps: { callsAtOnce: { used: 3, limit: 3 } } })
  for (const call of ['a', 'b', 'c']) await lines.release(undefined, call)
  t.equal((await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' })).statusCode, 202)
  t.same(alarms, ['near one calls_at_once 3/3', 'reached one calls_at_once 3'])
})
