import t from 'tap'
import type { Events } from '../../src/events.js'
import { courier, customer, keys, order, reference, testApi, third } from './support.js'

t.test('one delivery from the first request to its end', async (t) => {
  const { send, events } = await testApi(t)
  const heard: [keyof Events, string][] = []
  for (const name of ['delivery.created', 'delivery.closed'] as const) events.on(name, ({ deliveryId }) => heard.push([name, deliveryId]))

  const before = Date.now()
  const created = await send('POST', '/v1/deliveries', order())
  t.equal(created.statusCode, 201, created.body)
  const line = created.json<Record<string, string>>()
  t.strictSame(Object.keys(line).sort(), ['accessCode', 'createdAt', 'direction', 'expiresAt', 'id', 'number', 'quarantineUntil', 'reference', 'state'])
  t.match(line, { reference, state: 'live', direction: 'both', number: /^\+4420794600[01]\d$/, accessCode: /^\d+$/ })
  for (const name of ['createdAt', 'expiresAt', 'quarantineUntil']) t.match(line[name], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, name)
  const life = Date.parse(line.expiresAt!) - before
  t.ok(life >= 3600_000 && life < 3630_000, 'an hour from now')
  t.equal(Date.parse(line.quarantineUntil!) - Date.parse(line.expiresAt!), 86400_000)
  t.equal(created.headers.location, `/v1/deliveries/${line.id!}`)

  const { accessCode, ...shown } = line
  t.ok(accessCode)
  const read = await send('GET', `/v1/deliveries/${line.id!}`)
  t.equal(read.statusCode, 200)
  t.strictSame(read.json(), shown, 'the same again without the access code')
  t.strictSame((await send('HEAD', `/v1/deliveries/${line.id!}`)).statusCode, 200)

  t.strictSame((await send('GET', `/v1/deliveries/${line.id!}/calls`)).json(), { calls: [], summary: { reached: false, attempts: 0, missedBy: { courier: 0, customer: 0 } } })

  const closed = await send('DELETE', `/v1/deliveries/${line.id!}`, undefined, { headers: { 'content-type': 'application/json' } })
  t.equal(closed.statusCode, 200)
  t.match(closed.json(), { id: line.id, state: 'closed', endedAt: /Z$/ })
  t.strictSame((await send('DELETE', `/v1/deliveries/${line.id!}`)).json(), closed.json(), 'a second close answers the same')
  t.strictSame(heard, [['delivery.created', line.id], ['delivery.closed', line.id]], 'and is no news')

  const late = await send('PATCH', `/v1/deliveries/${line.id!}`, { ttlSeconds: 7200 })
  t.equal(late.statusCode, 409)
  t.equal(late.json<{ code: string }>().code, 'delivery_ended')
})

t.test('expiresAt, direction and country are taken', async (t) => {
  const { send } = await testApi(t)
  const expiresAt = new Date(Math.ceil(Date.now() / 1000) * 1000 + 7200_000)
  const created = await send('POST', '/v1/deliveries', order({ ttlSeconds: undefined, expiresAt: expiresAt.toISOString().replace('.000Z', '+00:00'), direction: 'courier', country: 'GB' }))
  t.equal(created.statusCode, 201, created.body)
  t.match(created.json(), { expiresAt: expiresAt.toISOString(), direction: 'courier' })
})

t.test('what can change', async (t) => {
  const { send } = await testApi(t)
  const { id, number, accessCode, ...line } = (await send('POST', '/v1/deliveries', order())).json<Record<string, string>>()
  t.ok(accessCode)
  const url = `/v1/deliveries/${id!}`

  const longer = await send('PATCH', url, { ttlSeconds: 7200, direction: 'customer' })
  t.equal(longer.statusCode, 200, longer.body)
  t.match(longer.json(), { id, number, direction: 'customer' })
  t.ok(longer.json<typeof line>().expiresAt! > line.expiresAt!)

  const otherPhone = await send('PATCH', url, { courier: { phone: third } })
  t.equal(otherPhone.statusCode, 200, otherPhone.body)
  t.equal(otherPhone.json<typeof line>().number, number)

  const added = await send('POST', `${url}/phones`, { party: 'customer', phone: courier })
  t.equal(added.statusCode, 200, added.body)
  const twice = await send('POST', `${url}/phones`, { party: 'customer', phone: third })
  t.equal(twice.statusCode, 409)
  t.equal(twice.json<{ code: string }>().code, 'phone_in_delivery')
})

t.test('a live reference is not given twice', async (t) => {
  const { send } = await testApi(t)
  t.equal((await send('POST', '/v1/deliveries', order())).statusCode, 201)
  const again = await send('POST', '/v1/deliveries', order({ courier: { phone: third } }))
  t.equal(again.statusCode, 409)
  t.equal(again.json<{ code: string }>().code, 'reference_in_use')
})

t.test('another shop sees nothing of it', async (t) => {
  const { send } = await testApi(t)
  const { id } = (await send('POST', '/v1/deliveries', order())).json<{ id: string }>()
  const other = { key: keys.two }
  const unknown = await send('GET', '/v1/deliveries/demo-bcdfghjkmnpqrstvwxyz', undefined, other)
  for (const answer of [
    await send('GET', `/v1/deliveries/${id}`, undefined, other),
    await send('PATCH', `/v1/deliveries/${id}`, { ttlSeconds: 7200 }, other),
    await send('DELETE', `/v1/deliveries/${id}`, undefined, other),
    await send('POST', `/v1/deliveries/${id}/phones`, { party: 'courier', phone: third }, other),
    await send('GET', `/v1/deliveries/${id}/calls`, undefined, other)
  ]) {
    t.equal(answer.statusCode, 404)
    t.equal(answer.body, unknown.body, 'exactly as for an id that never was')
  }
  t.match((await send('GET', `/v1/deliveries/${id}`)).json(), { state: 'live' }, 'and it still stands')
})

t.test('a pool without a free number says so', async (t) => {
  const { send } = await testApi(t, {}, (config) => ({ ...config, pools: [{ id: 'demo', numbers: ['+442079460000-+442079460001'] }] }))
  for (const at of [1, 2]) t.equal((await send('POST', '/v1/deliveries', order({ reference: `order-${at}` }))).statusCode, 201)
  const full = await send('POST', '/v1/deliveries', order({ reference: 'order-3' }))
  t.equal(full.statusCode, 503)
  t.equal(full.json<{ code: string }>().code, 'pool_exhausted')
  t.match(full.headers['retry-after'], /^[1-9]\d*$/)
  t.equal(full.json<{ retryAfter: number }>().retryAfter, Number(full.headers['retry-after']))
  t.equal((await send('POST', '/v1/deliveries', order({ reference: 'order-3', courier: { phone: third }, customer: { phone: '+46701740608' } }))).statusCode, 201, 'other people still get one')
})

t.test('the numbers of the pool with their load', async (t) => {
  const { send } = await testApi(t)
  const { number } = (await send('POST', '/v1/deliveries', order())).json<{ number: string }>()
  const { numbers } = (await send('GET', '/v1/numbers')).json<{ numbers: { number: string, country: string, live: number }[] }>()
  t.equal(numbers.length, 20)
  t.strictSame(numbers.filter(({ live }) => live > 0), [{ number, country: 'GB', state: 'in_service', live: 1, held: 1 }])
})

t.test('two people, two deliveries, two numbers', async (t) => {
  const { send } = await testApi(t)
  const first = (await send('POST', '/v1/deliveries', order())).json<{ number: string }>()
  const second = (await send('POST', '/v1/deliveries', order({ reference: 'another', courier: { phone: customer }, customer: { phone: courier } }))).json<{ number: string }>()
  t.not(first.number, second.number)
})
