import t from 'tap'
import { newId } from '../../src/ids.js'
import type { E164 } from '../../src/phone/types.js'
import type { PersonRequestAnswer } from '../../src/http/person-schemas.js'
import { courier, customer, keys, order, testApi, third, type TestApi } from './support.js'

const declared = { kind: 'declared', reason: 'has shown the phone at the desk' }
const asked = (phone: string, change: Record<string, unknown> = {}): Record<string, unknown> => ({ phone, proof: declared, reason: 'letter, case T-4711', ...change })

/** A delivery of shop one, and a call of its courier. */
async function scene({ send, journal }: TestApi): Promise<string> {
  const { id } = (await send('POST', '/v1/deliveries', order())).json<{ id: string }>()
  const call = { id: newId(), shopId: 'one', deliveryId: id, reference: 'canary', startedBy: 'courier', callee: 'customer', phones: { courier: courier as E164, customer: customer as E164 }, startedAt: Date.now() } as const
  await journal.open(call)
  await journal.finish(call, { at: Date.now(), result: 'client_error', reason: 'busy' })
  return id
}

t.test('G13 G16 access and export over the API; the number is in no answer and no log line', async (t) => {
  const api = await testApi(t)
  const { send, logged } = api
  await scene(api)
  const answer = await send('POST', '/v1/persons/access', asked(courier))
  t.equal(answer.statusCode, 200)
  const { id, result } = answer.json<PersonRequestAnswer>()
  t.match(result?.access, { calls: [{ role: 'courier', otherParty: 'customer', startedBy: 'you', reason: 'busy', startedAt: /T.*Z$/ }], deliveries: [{ role: 'courier', state: 'live', number: /^\+44/ }] })
  t.match(result?.access?.classes.map(({ name }) => name), ['mapping', 'quarantine', 'webhook', 'record', 'statistics', 'audit', 'recording', 'statutory'])
  const exported = await send('POST', '/v1/persons/export', asked(courier))
  t.match(exported.json(), { result: { export: { format: 'maskline-person-export', calls: [{ role: 'courier' }] } } })
  const again = await send('GET', `/v1/persons/requests/${id}`)
  t.same(again.json<PersonRequestAnswer>().result, result)
  const list = await send('GET', '/v1/persons/requests')
  t.match(list.json(), { requests: [{ kind: 'export', state: 'done', proof: 'declared' }, { id, kind: 'access' }] })
  for (const text of [answer.payload, exported.payload, again.payload, list.payload, logged()]) {
    for (const phone of [courier, customer]) t.notOk(text.includes(phone.slice(1)))
    t.notOk(text.includes('canary'))
  }
  t.match((await send('GET', '/v1/audit?action=persons.read')).json(), { entries: [{ scope: `request ${id}: access` }] })
})

t.test('G14 erasure over the API', async (t) => {
  const api = await testApi(t)
  const { send } = api
  const delivery = await scene(api)
  const answer = await send('POST', '/v1/persons/erasure', asked(courier))
  t.match(answer.json(), { state: 'done', result: { erasure: { classes: [{ name: 'mapping', erased: 1 }, {}, { name: 'record', erased: 1 }] } } })
  t.match((await send('GET', `/v1/deliveries/${delivery}`)).json(), { state: 'closed' })
  t.match((await send('GET', `/v1/deliveries/${delivery}/calls`)).json(), { calls: [] })
  t.match((await send('POST', '/v1/persons/access', asked(courier))).json(), { result: { access: { calls: [], deliveries: [] } } })
})

t.test('G15 restriction over the API has an end in bounds', async (t) => {
  const api = await testApi(t)
  const { send } = api
  await scene(api)
  const endsAt = new Date(Date.now() + 7 * 86_400_000).toISOString()
  t.match((await send('POST', '/v1/persons/restriction', asked(courier, { endsAt }))).json(), { state: 'done', result: { restriction: { calls: 1, endsAt } } })
  for (const wrong of ['2020-01-01T00:00:00Z', 'tomorrow', '2099-01-01T00:00:00Z']) t.match((await send('POST', '/v1/persons/restriction', asked(courier, { endsAt: wrong }))).json(), { code: 'request_invalid', field: 'endsAt' })
  t.match((await send('POST', '/v1/persons/access', asked(courier, { endsAt }))).json(), { code: 'request_invalid' })
})

t.test('a code that was said to the phone opens one request', async (t) => {
  const { send, told, logged } = await testApi(t)
  const answer = await send('POST', '/v1/persons/proofs', { phone: courier })
  t.equal(answer.statusCode, 202)
  const { id } = answer.json<{ id: string }>()
  const { code } = told[0]!
  t.notOk(answer.payload.includes(code))
  t.match((await send('GET', `/v1/persons/proofs/${id}`)).json(), { id, state: /ringing|told/ })
  t.match((await send('POST', '/v1/persons/access', asked(customer, { proof: { kind: 'call', id, code } }))).json(), { code: 'proof_invalid', status: 403 })
  t.match((await send('POST', '/v1/persons/access', asked(courier, { proof: { kind: 'call', id, code } }))).json(), { state: 'done', proof: 'call' })
  t.match((await send('POST', '/v1/persons/access', asked(courier, { proof: { kind: 'call', id, code } }))).json(), { code: 'proof_invalid' })
  t.equal((await send('GET', `/v1/persons/proofs/${id}`)).statusCode, 404)
  t.notOk(logged().includes(code))
})

t.test('bad input: numbers, reasons, proofs', async (t) => {
  const { send, config } = await testApi(t)
  const proxy = config.pools[0]!.numbers[0]!.slice(0, 13)
  for (const [phone, code] of [['112', 'phone_emergency'], ['0701740605', 'phone_invalid'], ['+46', 'phone_emergency'], ['x', 'phone_invalid'], [proxy, 'phone_is_proxy']] as const) {
    t.match((await send('POST', '/v1/persons/access', asked(phone))).json(), { code, field: 'phone' }, phone)
    t.match((await send('POST', '/v1/persons/proofs', { phone })).json(), { code }, phone)
  }
  for (const reason of [' ', `about ${third}`, 'x'.repeat(301)]) t.match((await send('POST', '/v1/persons/erasure', asked(courier, { reason }))).json(), { code: 'request_invalid', field: 'reason' })
  for (const proof of [undefined, {}, { kind: 'call', id: '../x', code: '1' }, { kind: 'declared' }, { kind: 'trust' }]) t.match((await send('POST', '/v1/persons/access', asked(courier, { proof }))).json(), { code: 'request_invalid' })
  for (const id of ['bcdfghjkmnpqrstvwxyz', 'x']) t.match((await send('GET', `/v1/persons/requests/${id}`)).json(), { code: 'not_found' })
  // Where lines are not given any more people have rights all the same.
  const elsewhere = await testApi(t, {}, (settings) => ({ ...settings, line: { ...settings.line, allowedCountries: ['EE'] } }))
  t.match((await elsewhere.send('POST', '/v1/persons/access', asked(courier))).json(), { state: 'done' })
  t.match((await elsewhere.send('POST', '/v1/persons/proofs', { phone: courier })).json(), { code: 'phone_not_allowed' })
})

t.test('admins only, and of their own shop', async (t) => {
  const api = await testApi(t)
  const { send, access } = api
  await scene(api)
  const { id } = (await send('POST', '/v1/persons/access', asked(courier))).json<PersonRequestAnswer>()
  for (const role of ['app', 'auditor', 'operator'] as const) {
    const { key } = await access.keys.create('one', { label: role, roles: [role] }, 'test')
    for (const path of ['access', 'erasure', 'restriction', 'export']) t.equal((await send('POST', `/v1/persons/${path}`, asked(courier), { key })).statusCode, 403)
    t.equal((await send('POST', '/v1/persons/proofs', { phone: courier }, { key })).statusCode, 403)
    for (const path of ['requests', `requests/${id}`]) t.equal((await send('GET', `/v1/persons/${path}`, undefined, { key })).statusCode, 403)
  }
  t.match((await send('GET', `/v1/persons/requests/${id}`, undefined, { key: keys.two })).json(), { code: 'not_found' })
  t.match((await send('POST', '/v1/persons/access', asked(courier), { key: keys.two })).json(), { result: { access: { calls: [], deliveries: [] } } }, 'another shop finds nothing of it')
})

t.test('G18 more than sixty an hour are refused', async (t) => {
  const { send } = await testApi(t)
  const statuses = new Set<number>()
  for (let at = 0; at < 61; at++) statuses.add((await send('POST', '/v1/persons/export', asked(third))).statusCode)
  t.same([...statuses], [200, 429])
})
