import t from 'tap'
import { keys, order, testApi } from './support.js'

const { send, lines } = await testApi(t)
let references = 0
const delivery = async (): Promise<string> => (await send('POST', '/v1/deliveries', order({ reference: `order-${references++}`, courier: { phone: `+467017406${10 + references}` } }))).json<{ id: string }>().id

t.test('a call is started and counted in', async (t) => {
  const id = await delivery()
  const answer = await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' })
  t.equal(answer.statusCode, 202, answer.body)
  t.match(answer.json(), { id: /^[a-z]{20}$/, state: 'ringing' })
  t.equal(answer.headers.location, `/v1/deliveries/${id}/calls`)
  t.equal((await send('POST', `/v1/deliveries/${id}/calls`, { first: 'customer' })).statusCode, 202)
  const third = await send('POST', `/v1/deliveries/${id}/calls`, { first: 'customer' })
  t.equal(third.statusCode, 429)
  t.match(third.json(), { code: 'call_limited' })
})

t.test('a repetition with the same key starts nothing', async (t) => {
  const [id, other] = [await delivery(), await delivery()]
  const headers = { 'idempotency-key': 'once' }
  const first = await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' }, { headers })
  const again = await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' }, { headers })
  t.equal(again.statusCode, 202)
  t.equal(again.json<{ id: string }>().id, first.json<{ id: string }>().id)
  await lines.begin('one', id, 'courier', 'second')
  t.equal((await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' })).statusCode, 429, 'it was counted once')
  t.match((await send('POST', `/v1/deliveries/${id}/calls`, { first: 'customer' }, { headers })).json(), { code: 'idempotency_mismatch' })
  t.match((await send('POST', `/v1/deliveries/${other}/calls`, { first: 'courier' }, { headers })).json(), { code: 'idempotency_mismatch' }, 'another delivery is another request')
})

t.test('what was refused may be asked again under its key', async (t) => {
  const id = await delivery()
  const headers = { 'idempotency-key': 'refused' }
  for (const call of ['a', 'b']) await lines.begin('one', id, 'courier', call)
  t.equal((await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' }, { headers })).statusCode, 429)
  await lines.release(id, 'a')
  t.equal((await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' }, { headers })).statusCode, 202)
})

t.test('bodies and deliveries that are refused', async (t) => {
  const id = await delivery()
  for (const body of [{}, { first: 'both' }, { first: null }, { first: 'courier', second: 'customer' }, { first: '+46701740605' }, [], 'courier']) {
    const answer = await send('POST', `/v1/deliveries/${id}/calls`, body)
    t.ok([400, 422].includes(answer.statusCode), JSON.stringify(body))
    t.notMatch(answer.body, '46701740605')
  }
  t.equal((await send('POST', `/v1/deliveries/${id}/calls`)).statusCode, 422, 'no body at all')
  t.match((await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' }, { key: keys.two })).json(), { code: 'delivery_not_found' }, 'of another shop')
  t.equal((await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' }, { key: null })).statusCode, 401)
  t.match((await send('POST', '/v1/deliveries/nonsense/calls', { first: 'courier' })).json(), { code: 'delivery_not_found' })
  await send('DELETE', `/v1/deliveries/${id}`)
  const over = await send('POST', `/v1/deliveries/${id}/calls`, { first: 'courier' })
  t.equal(over.statusCode, 409)
  t.match(over.json(), { code: 'delivery_ended' })
})
