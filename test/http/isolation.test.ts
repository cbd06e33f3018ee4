import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import type { NewKeyAnswer } from '../../src/http/access-schemas.js'
import type { Problem } from '../../src/http/errors.js'
import type { CallStart } from '../../src/record/types.js'
import { roles, type Role } from '../../src/shop/access.js'
import { documentedRoutes, keys, order, testApi, wordsOf, type Parameter } from './support.js'

/**
 * Every route of the API's own description, with a key of every role, at things of the own shop, of another shop and at
 * things that do not exist. A route that appears in the description is tested without being named here; one with a new
 * kind of id in its address fails until `things` knows that kind.
 */
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
interface Operation { readonly requestBody?: unknown, readonly parameters?: readonly Parameter[] }

const { send, audit, journal, recordings, lines, access } = await testApi(t, {}, (config) => ({
  ...config,
  access: { ...config.access, failuresPerMinute: 100_000 },
  shops: [config.shops[0]!, { ...config.shops[1]!, name: 'canary-two-shop', pool: 'other' }],
  pools: [{ id: 'demo', numbers: ['+442079460000-+442079460009'] }, { id: 'other', numbers: ['+442079460010-+442079460019'] }]
}))
const description = (await send('GET', '/openapi.json', undefined, { key: null })).json<{ paths: Record<string, Record<string, Operation>> }>()
const documented = new Map(documentedRoutes().map(({ name, roles }) => [name, roles]))
const routes = Object.entries(description.paths).flatMap(([path, methods]) => Object.entries(methods).map(([verb, operation]) => ({ name: `${verb.toUpperCase()} ${path}`, method: verb.toUpperCase() as Method, path: withWords(path, operation), operation })))
/** What ends things comes last, so that everything is there for the others. */
const api = routes.filter(({ path }) => path.startsWith('/v1/')).sort((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'))

/** The address with a word where only some words can stand: such a place holds no id. */
function withWords(path: string, { parameters = [] }: Operation): string {
  return parameters.reduce((text, parameter) => parameter.in === 'path' ? text.replace(`{${parameter.name}}`, wordsOf(parameter)?.[0] ?? `{${parameter.name}}`) : text, path)
}

type ShopId = 'one' | 'two'
type Body = Readonly<Record<string, unknown>>
type Belongings = Readonly<Record<string, string>>
const inAWeek = new Date(Date.now() + 7 * 86_400_000).toISOString()
/** The customer of both shops: what one shop does about them does nothing to the other. */
const person = { phone: '+46701740606', proof: { kind: 'declared', reason: 'seen at the desk' }, reason: 'a letter' }
/** What a shop has that an address can name. */
async function belongings(shopId: ShopId): Promise<Record<string, string>> {
  const key = keys[shopId]
  const delivery = (await send('POST', '/v1/deliveries', order({ reference: `canary-${shopId}-order` }), { key })).json<{ id: string, number: string }>()
  const startedAt = Date.now() - 60_000
  for (const letter of ['b', 'c']) {
    const id = `${letter}${shopId === 'one' ? 'd' : 'f'}`.repeat(10)
    const call: CallStart = { id, shopId, deliveryId: delivery.id, reference: `canary-${shopId}-order`, startedBy: 'courier', startedAt, phones: {} }
    await journal.open(call)
    const recording = await recordings.begin(call)
    recording.write(Buffer.alloc(16_000, 0xff))
    await recording.finish()
    await journal.finish(call, { at: startedAt + 9000, result: 'client_error', reason: 'no_answer' })
  }
  const victim = (await send('POST', '/v1/keys', { label: `canary-${shopId}-key`, roles: ['app'] }, { key })).json<NewKeyAnswer>()
  const hold = (await send('POST', '/v1/holds', { deliveryId: delivery.id, reason: `a claim of ${shopId}`, endsAt: inAWeek }, { key })).json<{ id: string }>()
  const proof = (await send('POST', '/v1/persons/proofs', { phone: '+46701740691' }, { key })).json<{ id: string }>()
  const request = (await send('POST', '/v1/persons/access', { ...person, phone: '+46701740605' }, { key })).json<{ id: string }>()
  await send('PUT', '/v1/webhooks', { url: `https://canary-${shopId}.invalid/`, events: [] }, { key })
  await send('PATCH', '/v1/settings', { quarantineSeconds: shopId === 'two' ? 71_531 : 3600 }, { key })
  return { delivery: delivery.id, call: (shopId === 'one' ? 'bd' : 'bf').repeat(10), key: victim.id, shop: shopId, number: shopId === 'one' ? '+442079460005' : '+442079460015', hold: hold.id, proof: proof.id, request: request.id, event: `msg_${shopId === 'one' ? 'b' : 'c'}`.padEnd(24, 'd') }
}

/** Address → its parameters and what each names. The longest beginning that fits counts. */
const things: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/v1/deliveries/{id}': { id: 'delivery' },
  '/v1/calls/{id}': { id: 'call' },
  '/v1/keys/{id}': { id: 'key' },
  '/v1/numbers/{number}': { number: 'number' },
  '/v1/holds/{id}': { id: 'hold' },
  '/v1/persons/proofs/{id}': { id: 'proof' },
  '/v1/webhooks/failed/{id}': { id: 'event' },
  '/v1/persons/requests/{id}': { id: 'request' },
  '/v1/shops/{id}': { id: 'shop' },
  '/v1/shops/{id}/keys/{keyId}': { id: 'shop', keyId: 'key' }
}
/** Bodies that are right, where an empty one is not; one that names things is made for their owner. */
const bodies: Readonly<Record<string, Body | ((owner: Belongings) => Body)>> = {
  'POST /v1/deliveries': order({ reference: 'another', courier: { phone: '+46701740610' }, customer: { phone: '+46701740611' } }),
  'POST /v1/deliveries/{id}/phones': { party: 'courier', phone: '+46701740607' },
  'POST /v1/deliveries/{id}/calls': { first: 'courier' },
  'PATCH /v1/deliveries/{id}': { ttlSeconds: 7200 },
  'PATCH /v1/numbers/{number}': { state: 'draining' },
  'PUT /v1/retention': { reason: 'a review', periods: { record: 864_000 } },
  'POST /v1/retention/clock': { reason: 'looked at a watch' },
  'PUT /v1/webhooks': { url: 'https://shop.invalid/', events: [] },
  'DELETE /v1/holds/{id}': { reason: 'settled' },
  'POST /v1/persons/proofs': { phone: '+46701740692' },
  'POST /v1/persons/access': person,
  'POST /v1/persons/export': person,
  'POST /v1/persons/restriction': person,
  'POST /v1/persons/erasure': person,
  'PATCH /v1/settings': { hint: true },
  'POST /v1/holds': ({ delivery }: Belongings) => ({ deliveryId: delivery, reason: 'a claim', endsAt: inAWeek }),
  'POST /v1/numbers': { number: '+442079460005' },
  'POST /v1/keys': { label: 'x', roles: ['app'] },
  'POST /v1/shops': { id: 'three', name: 'Three', pool: 'demo', country: 'EE' },
  'PATCH /v1/shops/{id}': { name: 'Changed' },
  'POST /v1/shops/{id}/keys': { label: 'x', roles: ['app'] },
  'POST /v1/calls/{id}/recording': { reason: 'a complaint' },
  'POST /v1/calls/export': { format: 'csv', reason: 'a yearly audit' }
}
/** Addresses under which an operator reaches every shop. */
const installation = (path: string): boolean => path.startsWith('/v1/shops')
/** What nobody has here: an event that failed needs a day to fail (test/http/webhooks/webhooks.test.ts), and the calls are held (test/http/calls.test.ts has others). */
const absent: readonly string[] = ['POST /v1/webhooks/failed/{id}/redeliver', 'DELETE /v1/webhooks/failed/{id}', 'GET /v1/calls/{id}/trace']
const made = { event: 'msg_'.padEnd(24, 'z'), hold: 'z'.repeat(20), proof: 'z'.repeat(20), request: 'z'.repeat(20), delivery: 'demo-zzzzzzzzzzzzzzzzzzzz', call: 'zzzzzzzzzzzzzzzzzzzz', key: 'zzzzzzzzzzzzzzzz', shop: 'nowhere', number: '+442079460999' }

function thingsOf(path: string): Readonly<Record<string, string>> | undefined {
  const fits = Object.keys(things).filter((start) => path === start || path.startsWith(`${start}/`)).sort((a, b) => b.length - a.length)
  return things[fits[0] ?? '']
}

/** The address with the ids of somebody's things in it. */
function addressed(path: string, owner: Belongings): string {
  return path.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(owner[thingsOf(path)?.[name] ?? ''] ?? `unknown-thing-${name}`))
}

const one = await belongings('one')
const two = await belongings('two')
const byRole = new Map<Role, string>()
for (const role of roles) byRole.set(role, (await access.keys.create('one', { label: `only ${role}`, roles: [role] }, 'bootstrap')).key)
/** What must never be in an answer to shop one. Shop ids are no secret, and stand in keys. */
const canaries = [...Object.entries(two).filter(([kind]) => kind !== 'shop').map(([, id]) => id), 'canary-two', ':71531']
const before = await stateOfTwo()

function bodyOf({ name, operation }: typeof routes[number], owner: Belongings): Body | undefined {
  if (operation.requestBody === undefined) return undefined
  const body = bodies[name] ?? {}
  return typeof body === 'function' ? body(owner) : body
}

const ask = async (route: typeof routes[number], owner: Belongings, key: string | null): Promise<LightMyRequestResponse> =>
  await send(route.method, addressed(route.path, owner), bodyOf(route, owner), { key })

t.test('every id in an address is of a known kind', async (t) => {
  for (const { name, path, operation } of api.filter(({ path }) => path.includes('{'))) {
    t.ok(thingsOf(path), `${name}: tell \`things\` in this file what its id names`)
    if (operation.requestBody !== undefined) t.ok(name in bodies || name.endsWith('/rotate'), `${name}: tell \`bodies\` what it takes`)
  }
})

t.test('a role gets what docs/api.md promises it and nothing else; other shops\' things are as unknown as those that are not', async (t) => {
  const table: string[] = []
  let checked = 0
  for (const route of api) {
    const allowed = documented.get(route.name) ?? []
    t.ok(allowed.length > 0, `${route.name} stands in docs/api.md`)
    const cells: string[] = []
    for (const role of roles) {
      const key = byRole.get(role)!
      const own = await ask(route, one, key)
      const foreign = await ask(route, two, key)
      const unknown = await ask(route, made, key)
      cells.push(`${role} ${own.statusCode}/${foreign.statusCode}`)
      checked += 2
      for (const answer of [own, foreign, unknown]) {
        const allowedHere = allowed.includes(role)
        t.equal(answer.statusCode === 403, !allowedHere, `${route.name} as ${role}: ${answer.statusCode}`)
        t.ok(answer.statusCode < 500 && answer.statusCode !== 401, `${route.name} as ${role}: ${answer.statusCode} ${answer.body.slice(0, 200)}`)
        if (answer === own && allowedHere && !absent.includes(route.name)) t.ok(answer.statusCode < 300 || answer.statusCode === 409, `${route.name} as ${role} works on what is its own: ${answer.statusCode} ${answer.body.slice(0, 200)}`)
        if (!allowedHere) t.equal(answer.json<Problem>().code, 'forbidden')
      }
      if (allowed.includes(role) && !installation(route.path)) {
        for (const canary of canaries) t.notOk(own.body.includes(canary), `${route.name} as ${role} shows ${canary}`)
      }
      if (allowed.includes(role) && (route.path.includes('{') || typeof bodies[route.name] === 'function')) {
        t.equal(unknown.statusCode, 404, `${route.name} as ${role}, unknown`)
        if (installation(route.path)) continue
        t.equal(foreign.statusCode, 404, `${route.name} as ${role}, of another shop`)
        t.equal(foreign.body, unknown.body, `${route.name} as ${role}: no difference between another shop's and nobody's`)
        t.strictSame(shapeOf(foreign), shapeOf(unknown), `${route.name} as ${role}: nor in the headers`)
      }
    }
    table.push(`${route.name.padEnd(44)} ${cells.join('  ')}`)
  }
  t.comment(`own/foreign status\n${table.join('\n')}`)
  t.comment(`${api.length} routes × ${roles.length} roles × 2 shops checked (${checked} requests, and as many with made-up ids)`)
})

t.test('without a key there is nothing, whatever the address', async (t) => {
  for (const route of api) {
    for (const owner of [one, made]) t.equal((await ask(route, owner, null)).statusCode, 401, route.name)
    if (route.method !== 'GET') continue
    const url = addressed(route.path, one)
    const head = await send('HEAD', url, undefined, { key: null })
    t.ok([401, 405].includes(head.statusCode), `HEAD ${route.path}: ${head.statusCode}`)
    for (const role of roles.filter((role) => !documented.get(route.name)?.includes(role))) {
      const refused = await send('HEAD', url, undefined, { key: byRole.get(role)! })
      t.ok([403, 405].includes(refused.statusCode), `HEAD ${route.path} as ${role}: ${refused.statusCode}`)
    }
  }
})

t.test('no other way leads to another shop', async (t) => {
  const key = byRole.get('admin')!
  for (const headers of [{ 'x-shop-id': 'two' }, { 'x-forwarded-user': 'two' }, { 'x-original-url': `/v1/deliveries/${two.delivery}` }, { 'x-http-method-override': 'DELETE' }] as Record<string, string>[]) {
    t.match((await send('GET', '/v1/me', undefined, { key, headers })).json(), { shopId: 'one' })
  }
  for (const url of [`/v1/deliveries/${one.delivery}%2F..%2F${two.delivery}`, `/v1/deliveries/../deliveries/${two.delivery}`, `/v1/deliveries/${two.delivery}/`, `//v1/deliveries/${two.delivery}`]) {
    t.equal((await send('GET', url, undefined, { key })).statusCode, 404, url)
  }
  for (const { path } of api.filter(({ method, operation }) => method === 'GET' && operation.parameters?.some(({ name }) => name === 'cursor'))) {
    const theirs = (await send('GET', `${path}?limit=1`, undefined, { key: keys.two })).json<{ next?: string }>()
    t.ok(theirs.next, `${path} has a second page`)
    const answer = await send('GET', `${path}?limit=1&cursor=${encodeURIComponent(theirs.next!)}`, undefined, { key })
    for (const canary of canaries) t.notOk(answer.body.includes(canary), `${path} with the cursor of another shop`)
  }
})

t.test('nothing of the other shop has changed', async (t) => {
  t.strictSame(await stateOfTwo(), before)
  const operators = new Set(['bootstrap', (await access.keys.identify(byRole.get('operator')!))!.actor.id])
  for (const { actor, action } of (await audit.list('two', { limit: 500 })).entries) t.ok(operators.has(actor.id), `${action} by ${actor.id}`)
})

/** All that shop two can see of its own, without what an operator may do to it. */
async function stateOfTwo(): Promise<unknown> {
  const delivery = await lines.find('two', two.delivery!)
  const get = async (url: string): Promise<string> => (await send('GET', url, undefined, { key: keys.two })).body
  return [delivery, await recordings.find('two', two.call!), await get('/v1/settings'), await get('/v1/numbers'), await get('/v1/calls?to=2099-01-01T00:00:00Z&from=2020-01-01T00:00:00Z')]
}

/** Header names, and the values that could tell something. */
function shapeOf({ headers }: LightMyRequestResponse): unknown {
  return [Object.keys(headers).sort(), headers['content-type'], headers['content-length'], headers['cache-control']]
}
