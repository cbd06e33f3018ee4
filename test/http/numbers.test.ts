import t from 'tap'
import { testApi } from './support.js'

const { send } = await testApi(t, {}, (config) => ({ ...config, pools: [{ id: 'demo', numbers: ['+442079460000-+442079460001'] }] }))
const people = (customer: number): object => ({ reference: `order-${customer}`, courier: { phone: '+46701740605' }, customer: { phone: `+46701740${customer}` }, ttlSeconds: 600 })
const states = async (): Promise<string[]> => (await send('GET', '/v1/numbers')).json<{ numbers: { state: string }[] }>().numbers.map(({ state }) => state)

t.test('numbers are drained, retired and returned without touching live lines', async (t) => {
  const given = (await send('POST', '/v1/deliveries', people(606))).json<{ id: string, number: string }>()
  const other = given.number === '+442079460000' ? '+442079460001' : '+442079460000'
  t.match((await send('PATCH', `/v1/numbers/${given.number}`, { state: 'draining' })).json(), { number: given.number, state: 'draining', live: 1, held: 1 })
  t.equal((await send('PATCH', `/v1/numbers/${given.number}`, { state: 'retired' })).json<{ code: string }>().code, 'number_in_use')
  t.match((await send('GET', `/v1/deliveries/${given.id}`)).json(), { state: 'live', number: given.number })
  t.match((await send('PATCH', `/v1/numbers/${other}`, { state: 'retired' })).json(), { state: 'retired' })
  t.equal((await send('POST', '/v1/deliveries', people(607))).json<{ code: string }>().code, 'pool_drained')
  t.match((await send('PATCH', `/v1/numbers/${other}`, { state: 'in_service' })).json(), { state: 'in_service' })
  t.match((await send('POST', '/v1/deliveries', people(607))).json(), { number: other })
})

t.test('a number is added once, also when the request is sent again', async (t) => {
  const header = { 'idempotency-key': 'add-1' }
  const first = await send('POST', '/v1/numbers', { number: '+442079460010' }, { headers: header })
  t.equal(first.statusCode, 201)
  t.match(first.json(), { number: '+442079460010', country: 'GB', state: 'in_service', live: 0 })
  t.strictSame((await send('POST', '/v1/numbers', { number: '+442079460010' }, { headers: header })).json(), first.json())
  t.equal((await send('POST', '/v1/numbers', { number: '+442079460011' }, { headers: header })).json<{ code: string }>().code, 'idempotency_mismatch')
  t.equal((await states()).length, 3)
})

t.test('what is no number of the pool', async (t) => {
  for (const number of ['+442079460999', 'x', '%00']) {
    t.equal((await send('PATCH', `/v1/numbers/${number}`, { state: 'draining' })).json<{ code: string }>().code, 'number_not_found')
  }
  for (const body of [{ number: '020 7946 0000' }, { number: '+44' }, {}, { number: '+442079460012', colour: 'red' }]) {
    t.equal((await send('POST', '/v1/numbers', body)).statusCode, 422)
  }
  t.equal((await send('PATCH', '/v1/numbers/+442079460000', { state: 'sold' })).statusCode, 422)
})
