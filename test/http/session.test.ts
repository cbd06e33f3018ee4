import t from 'tap'
import type { NewKeyAnswer } from '../../src/http/access-schemas.js'
import type { LightMyRequestResponse } from 'fastify'
import { createSessions } from '../../src/shop/sessions.js'
import { keys, order, testApi } from './support.js'

const api = await testApi(t, {}, (config) => ({ ...config, access: { ...config.access, signInsPerMinute: 1000 } }))
const { send, audit, store, logged } = api

/** What a browser adds to a request of the console's own page. */
const own = { 'x-maskline-console': '1', origin: 'https://console.example', 'sec-fetch-site': 'same-origin', host: 'console.example', 'x-forwarded-proto': 'https' }
const anonymous = { key: null }

function cookieIn(answer: LightMyRequestResponse): { name: string, value: string, text: string } {
  const text = String(answer.headers['set-cookie'])
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? []
  return { name, value, text }
}

async function signIn(key: string, headers: Record<string, string> = own): Promise<{ name: string, value: string, text: string, headers: Record<string, string> }> {
  const answer = await send('POST', '/console/session', { key }, { key: null, headers })
  t.equal(answer.statusCode, 204, 'signed in')
  const cookie = cookieIn(answer)
  return { ...cookie, headers: { ...headers, cookie: `${cookie.name}=${cookie.value}` } }
}
const me = async (headers: Record<string, string>): Promise<number> => (await send('GET', '/v1/me', undefined, { key: null, headers })).statusCode
const makeKey = async (roles: string[]): Promise<NewKeyAnswer> => (await send('POST', '/v1/keys', { label: 'console', roles })).json<NewKeyAnswer>()

t.test('a cookie stands for the key', async (t) => {
  const { key, id } = await makeKey(['auditor'])
  const session = await signIn(key)
  t.equal(session.name, '__Host-maskline')
  for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/']) t.match(session.text, new RegExp(`; ${attribute}(;|$)`), attribute)
  t.notMatch(session.text, /Domain|Expires|Max-Age/)
  const answer = await send('GET', '/v1/me', undefined, { key: null, headers: session.headers })
  t.match(answer.json(), { shopId: 'one', keyId: id, roles: ['auditor'] })
  t.equal((await send('GET', '/v1/calls', undefined, { key: null, headers: session.headers })).statusCode, 403, 'with the roles of its key')
  t.match((await audit.list('one', { limit: 1, action: 'session.begin' })).entries, [{ actor: { id, roles: ['auditor'] }, result: 'done' }])
})

t.test('the store holds its digest only, sealed', async (t) => {
  const { value } = await signIn(keys.one)
  const secret = value.slice(value.indexOf('.') + 1)
  t.ok(Buffer.from(secret, 'base64url').length * 8 >= 192)
  let seen = 0
  for await (const names of store.scan('*')) {
    for (const name of names) {
      if (name.startsWith('session:')) seen++
      t.notOk(name.includes(secret))
      t.notOk((await store.call('DUMP', name) as Buffer).includes(secret))
    }
  }
  t.ok(seen > 0)
  t.notOk(logged().includes(secret))
})

t.test('on this machine without TLS the cookie goes without Secure, elsewhere never', async (t) => {
  for (const [host, proto, name] of [
    ['localhost:3000', 'http', 'maskline'], ['127.0.0.1:3000', 'http', 'maskline'], ['[::1]:3000', 'http', 'maskline'],
    ['console.example', 'http', '__Host-maskline'], ['localhost.evil.example', 'http', '__Host-maskline'], ['127.0.0.1.evil.example', 'http', '__Host-maskline'], ['10.0.0.1:3000', 'http', '__Host-maskline']
  ] as const) {
    const session = await signIn(keys.one, { ...own, host, origin: `${proto}://${host}` })
    t.equal(session.name, name, host)
    t.equal(session.text.includes('Secure'), name !== 'maskline', host)
    t.equal(await me(session.headers), 200, host)
  }
  const plain = await signIn(keys.one, { ...own, host: 'localhost:3000', origin: 'http://localhost:3000' })
  t.equal(await me({ ...own, cookie: `${plain.name}=${plain.value}` }), 401, 'and is not taken under a public name')
})

t.test('nobody signs in with a wrong key, or with one for machines', async (t) => {
  const answer = await send('POST', '/console/session', { key: `${keys.one}x` }, { key: null, headers: own })
  t.match(answer.json(), { status: 401, code: 'unauthorized' })
  t.equal(answer.headers['set-cookie'], undefined)
  const { key, id } = await makeKey(['app'])
  const machine = await send('POST', '/console/session', { key }, { key: null, headers: own })
  t.equal(machine.statusCode, 403)
  t.equal(machine.headers['set-cookie'], undefined)
  t.match((await audit.list('one', { limit: 1, action: 'session.begin' })).entries, [{ actor: { id }, result: 'refused' }])
  for (const body of [{}, { key: '' }, { key: 'x'.repeat(257) }, { key: 1 }, { key, more: 1 }]) t.equal((await send('POST', '/console/session', body, { key: null, headers: own })).statusCode, 422)
})

t.test('a change needs the console\'s own page; reading is refused when another site asks', async (t) => {
  const { headers } = await signIn(keys.one)
  const cases: [string, Record<string, string | undefined>, number][] = [
    ['as the console asks', {}, 201],
    ['an older browser without Fetch Metadata', { 'sec-fetch-site': undefined }, 201],
    ['no Origin', { origin: undefined }, 201],
    ['without the header', { 'x-maskline-console': undefined }, 403],
    ['another value', { 'x-maskline-console': 'yes' }, 403],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['another subdomain', { 'sec-fetch-site': 'same-site' }, 403],
    ['typed by hand', { 'sec-fetch-site': 'none' }, 403],
    ['another origin', { origin: 'https://evil.example' }, 403],
    ['an opaque origin', { origin: 'null' }, 403],
    ['another port', { origin: 'https://console.example:8443' }, 403],
    ['nothing that says where from', { origin: undefined, 'sec-fetch-site': undefined }, 403]
  ]
  let n = 0
  for (const [name, change, status] of cases) {
    const changed = Object.fromEntries(Object.entries({ ...headers, ...change }).filter(([, value]) => value !== undefined)) as Record<string, string>
    const body = order({ reference: `csrf-${++n}`, customer: { phone: `+467017406${String(10 + n)}` }, courier: { phone: `+467017406${String(40 + n)}` } })
    const answer = await send('POST', '/v1/deliveries', body, { key: null, headers: changed })
    t.equal(answer.statusCode, status, name)
    const signingIn = await send('POST', '/console/session', { key: keys.one }, { key: null, headers: { ...changed, cookie: '' } })
    t.equal(signingIn.statusCode, status === 201 ? 204 : 403, `signing in: ${name}`)
  }
  for (const site of ['cross-site', 'same-site']) t.equal(await me({ ...headers, 'sec-fetch-site': site }), 403, `reading: ${site}`)
  t.equal(await me({ host: own.host, cookie: headers.cookie! }), 200, 'reading needs no header')
})

t.test('a key in the request counts, not the cookie beside it', async (t) => {
  const { headers } = await signIn(keys.one)
  const both = await send('GET', '/v1/me', undefined, { key: keys.two, headers })
  t.match(both.json(), { shopId: 'two' })
  t.equal((await send('GET', '/v1/me', undefined, { key: 'wrong', headers })).statusCode, 401)
})

t.test('signing out ends it for good', async (t) => {
  const { headers, name } = await signIn(keys.one)
  t.equal((await send('DELETE', '/console/session', undefined, { key: null, headers: { ...headers, 'x-maskline-console': '0' } })).statusCode, 403)
  t.equal(await me(headers), 200)
  const answer = await send('DELETE', '/console/session', undefined, { key: null, headers })
  t.equal(answer.statusCode, 204)
  t.match(String(answer.headers['set-cookie']), new RegExp(`^${name}=;.*(Max-Age=0|Expires=Thu, 01 Jan 1970)`))
  t.equal(await me(headers), 401)
  t.match((await audit.list('one', { limit: 1 })).entries, [{ action: 'session.end', actor: { id: 'bootstrap' } }])
  t.equal((await send('DELETE', '/console/session', undefined, { key: null, headers })).statusCode, 204, 'once more')
  t.equal((await send('DELETE', '/console/session', undefined, { ...anonymous, headers: own })).statusCode, 204, 'without one')
})

t.test('signing in again ends the session before', async (t) => {
  const first = await signIn(keys.one)
  const second = await signIn(keys.one, first.headers)
  t.not(second.value, first.value)
  t.equal(await me(first.headers), 401)
  t.equal(await me({ ...own, cookie: `${second.name}=${second.value}` }), 200)
})

t.test('a session ends with its key', async (t) => {
  const { key, id } = await makeKey(['admin'])
  const { headers } = await signIn(key)
  t.equal(await me(headers), 200)
  await send('DELETE', `/v1/keys/${id}`)
  t.equal(await me(headers), 401)
})

t.test('what is no session of ours', async (t) => {
  const { value, name } = await signIn(keys.one)
  const secret = value.slice(value.indexOf('.') + 1)
  for (const wrong of ['', 'x', secret, `one.${secret.slice(0, -1)}`, `one.${secret}A`, `two.${secret}`, `ONE.${secret}`, `one.${'A'.repeat(43)}`, `one.${secret}%00`, '__proto__.x']) {
    t.equal(await me({ ...own, cookie: `${name}=${wrong}` }), 401)
  }
})

t.test('a session ends after some idle time, after its longest time, and when the key of the configuration changes', async (t) => {
  const { keys: apiKeys, seal } = api.access
  await store.call('FLUSHDB')
  let now = Date.now()
  const sessions = createSessions({ store, seal, keys: apiKeys, idleMs: 60_000, longestMs: 3_600_000, clock: () => now })
  const identity = (await apiKeys.identify(keys.one))!
  const idle = await sessions.begin(identity)
  const name = await nameOf('session:{shop.one}:*')
  await store.call('PEXPIRE', name, 5000)
  t.ok(await sessions.find(idle))
  t.ok(Number(await store.call('PTTL', name)) > 50_000, 'each request keeps it alive')
  await store.del(name)
  t.equal(await sessions.find(idle), undefined, 'what the store let go is over')

  const long = await sessions.begin(identity)
  now += 3_599_999
  t.ok(await sessions.find(long))
  now += 1
  t.equal(await sessions.find(long), undefined)

  const replaced = await sessions.begin({ ...identity, digest: Buffer.alloc(32, 1).toString('base64') })
  t.equal(await sessions.find(replaced), undefined, 'begun with a key that is no longer the configured one')
  t.equal(await sessions.find(await sessions.begin(identity), false), undefined, 'strangers can be left out')
})

t.test('a session that somebody wrote into the store opens nothing', async (t) => {
  const { value, headers } = await signIn(keys.one)
  t.ok(value)
  const names: string[] = []
  for await (const batch of store.scan('session:*')) names.push(...batch)
  for (const name of names) await store.set(name, JSON.stringify({ keyId: 'bootstrap', keyDigest: '', beganAt: Date.now() }), { ttlMs: 60_000 })
  t.equal(await me(headers), 500)
})

async function nameOf(pattern: string): Promise<string> {
  for await (const [name] of store.scan(pattern)) if (name !== undefined) return name
  throw new Error(`Nothing is called ${pattern}.`)
}
