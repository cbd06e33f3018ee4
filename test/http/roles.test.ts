import t from 'tap'
import type { Role } from '../../src/shop/access.js'
import { keys, order, reference, testApi } from './support.js'

interface Operation { readonly tags: readonly string[], readonly 'x-roles'?: readonly Role[] }

const { send, access, journal, audit } = await testApi(t)
const { id: delivery } = (await send('POST', '/v1/deliveries', order())).json<{ id: string }>()
const call = { id: 'bdbdbdbdbdbdbdbdbdbd', shopId: 'one', deliveryId: delivery, reference, startedBy: 'courier', startedAt: Date.now() - 9000, phones: {} } as const
await journal.open(call)
await journal.finish(call, { at: Date.now(), result: 'client_error', reason: 'busy' })
const keyFor = async (role: Role): Promise<string> => (await access.keys.create('one', { label: role, roles: [role] }, 'bootstrap')).key
const { paths } = (await send('GET', '/openapi.json')).json<{ paths: Record<string, Record<string, Operation>> }>()
const operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([verb, operation]) => ({ name: `${verb.toUpperCase()} ${path}`, ...operation })))
const open = (role: Role, ...tags: string[]): string[] => operations.filter((one) => one.tags.some((tag) => tags.includes(tag)) && one['x-roles']?.includes(role)).map(({ name }) => name)

t.test('G19 an auditor reads retention and its history, and no data of calls or people', async (t) => {
  const key = await keyFor('auditor')
  await send('PUT', '/v1/retention', { reason: 'the first one', periods: { record: 1_209_600 } })
  const before = Date.now()
  while (Date.now() === before) await send('GET', '/v1/me')
  await send('PUT', '/v1/retention', { reason: 'yearly review', periods: { record: 864_000 } })
  await send('POST', '/v1/retention/runs', {})
  const past = encodeURIComponent(new Date(before).toISOString())
  const bodies: string[] = []
  for (const url of ['/v1/retention', `/v1/retention?at=${past}`, '/v1/retention/changes', '/v1/retention/runs', '/v1/settings', '/v1/audit', '/v1/audit/verify']) {
    const answer = await send('GET', url, undefined, { key })
    t.equal(answer.statusCode, 200, `${url.split('?')[0]}: ${answer.statusCode}`)
    bodies.push(answer.body)
  }
  t.match(bodies[0], /864000/)
  t.match(bodies[1], /1209600/, 'as it was before the change')
  t.notMatch(bodies[1], /864000/)
  t.match(bodies[2], /yearly review/)
  for (const body of bodies) for (const word of [delivery, reference, call.id]) t.notOk(body.includes(word), 'no call data')
  t.match((await audit.list('one', { limit: 10, action: 'retention.read' })).entries[0], { actor: { roles: ['auditor'] } }, 'reading it is audited')

  t.strictSame(open('auditor', 'deliveries', 'calls', 'persons', 'access').filter((name) => name !== 'GET /v1/me'), [])
  t.same(operations.filter(({ name, ...one }) => one['x-roles']?.includes('auditor') && !name.startsWith('GET ')).map(({ name }) => name), [], 'and changes nothing')
})

t.test('G22 the trail tells an auditor that calls were looked at, and not how few there were', async (t) => {
  for (const url of [`/v1/deliveries/${delivery}/calls`, '/v1/calls']) t.equal((await send('GET', url)).statusCode, 200, url)
  t.equal((await send('POST', '/v1/calls/export', { reason: 'a yearly audit' })).statusCode, 200)
  const { entries } = (await send('GET', '/v1/audit', undefined, { key: await keyFor('auditor') })).json<{ entries: { action: string, scope?: string }[] }>()
  const scopes = entries.filter(({ action }) => action === 'calls.read' || action === 'export.read').map(({ scope = '' }) => scope)
  t.equal(scopes.length, 3)
  for (const scope of scopes) t.match(scope, 'fewer than 10 calls')
})

t.test('an operator has no way to deliveries, calls, people, figures or the trail of a shop', async (t) => {
  const key = await keyFor('operator')
  t.strictSame(open('operator', 'deliveries', 'calls', 'persons', 'stats', 'audit', 'settings'), [])
  for (const url of ['/v1/calls', `/v1/deliveries/${delivery}`, '/v1/audit', '/v1/settings', '/v1/stats']) t.equal((await send('GET', url, undefined, { key })).statusCode, 403, url)
  t.equal((await send('GET', '/v1/shops', undefined, { key })).statusCode, 200)
})

t.test('an app has deliveries, calls and figures, and neither keys nor settings nor people\'s rights', async (t) => {
  t.strictSame(open('app', 'access', 'settings', 'persons', 'audit', 'retention').filter((name) => name !== 'GET /v1/me'), [])
  t.ok(open('app', 'deliveries').length >= 5)
})

t.test('a key with several roles may what any of them may', async (t) => {
  const { key } = await access.keys.create('one', { label: 'both', roles: ['app', 'auditor'] }, 'bootstrap')
  for (const url of ['/v1/calls', '/v1/retention']) t.equal((await send('GET', url, undefined, { key })).statusCode, 200, url)
  t.equal((await send('GET', '/v1/keys', undefined, { key })).statusCode, 403)
  t.equal((await send('GET', '/v1/keys', undefined, { key: keys.one })).statusCode, 200)
})
