import t from 'tap'
import type { NewKeyAnswer } from '../../src/http/access-schemas.js'
import { createPace, noPace } from '../../src/pace.js'
import { createSources } from '../../src/http/source.js'
import { keys, send as sendTo, testApi } from './support.js'

t.test('so many turns at once, then one by one', async (t) => {
  let now = 1_000_000
  const pace = createPace({ perSecond: 2, burst: 4, clock: () => now })
  const taken = (who: string): number => {
    let count = 0
    while (pace.take(who) === 0) count++
    return count
  }
  t.equal(taken('a'), 4)
  t.equal(pace.take('a'), 1, 'says how long to wait')
  t.equal(pace.wait('a'), 1)
  t.equal(taken('b'), 4, 'others have turns of their own')
  now += 499
  t.equal(taken('a'), 0)
  now += 1
  t.equal(taken('a'), 1)
  now += 3_600_000
  t.equal(pace.wait('a'), 0, 'looking takes no turn')
  t.equal(taken('a'), 4, 'a rest is never worth more than the burst')
  now -= 3_600_000
  t.equal(pace.take('a'), 1, 'a clock that is set back locks nobody out')
  now += 500
  t.equal(taken('a'), 1)
  t.equal(noPace.take('a'), 0)
})

t.test('a wait is long enough, in whole seconds', async (t) => {
  let now = 0
  const pace = createPace({ perSecond: 1 / 60, burst: 1, clock: () => now })
  pace.take('a')
  const wait = pace.take('a')
  t.equal(wait, 60)
  now += wait * 1000
  t.equal(pace.take('a'), 0)
})

t.test('it remembers no more people than it is told', async (t) => {
  const pace = createPace({ perSecond: 0.001, burst: 1, limit: 3, clock: () => 0 })
  for (const who of ['a', 'b', 'c', 'd']) pace.take(who)
  t.equal(pace.wait('a'), 0, 'the one longest unseen')
  for (const who of ['b', 'c', 'd']) t.ok(pace.wait(who) > 0, who)
})

t.test('a source is a place, not an address', async (t) => {
  const of = createSources()
  t.equal(of({ ip: '192.0.2.1' }), of({ ip: '::ffff:192.0.2.1' }))
  t.not(of({ ip: '192.0.2.1' }), of({ ip: '192.0.2.2' }))
  for (const same of ['2001:db8::2', '2001:0db8:0000:0000:ffff::1', '2001:db8:0:0:1:2:3:4', '2001:DB8::192.0.2.1', '2001:db8::1%eth0']) t.equal(of({ ip: same }), of({ ip: '2001:db8::1' }), same)
  t.not(of({ ip: '2001:db8:0:1::1' }), of({ ip: '2001:db8::1' }))
  t.not(of({ ip: '::1' }), of({ ip: '2001:db8::1' }))
  t.not(createSources()({ ip: '192.0.2.1' }), of({ ip: '192.0.2.1' }), 'each process has names of its own')
  t.notMatch(of({ ip: '192.0.2.1' }), /192/)
})

/** The time at which all requests below are made. */
const still = Date.now()

const limited = async (access: Record<string, number>, http: Record<string, unknown> = {}): ReturnType<typeof testApi> =>
  await testApi(t, { clock: () => still }, (config) => ({ ...config, access: { ...config.access, ...access }, http: { ...config.http, ...http } }))

t.test('a key has so many requests, other keys their own', async (t) => {
  const { send } = await limited({ requestsPerSecond: 1 })
  const { key } = (await send('POST', '/v1/keys', { label: 'till', roles: ['app'] })).json<NewKeyAnswer>()
  const statuses: number[] = []
  for (let n = 0; n < 5; n++) statuses.push((await send('GET', '/v1/me', undefined, { key })).statusCode)
  t.strictSame(statuses.slice(0, 2), [200, 200])
  t.ok(statuses.includes(429))
  const refused = await send('GET', '/v1/me', undefined, { key })
  t.match(refused.json(), { status: 429, code: 'rate_limited', retryAfter: 1 })
  t.equal(refused.headers['retry-after'], '1')
  t.equal((await send('GET', '/v1/me', undefined, { key: keys.two })).statusCode, 200)
})

t.test('0 means as many as come', async (t) => {
  const { send } = await limited({ requestsPerSecond: 0 })
  const answers = await Promise.all(Array.from({ length: 300 }, () => send('GET', '/v1/me')))
  t.ok(answers.every(({ statusCode }) => statusCode === 200))
})

t.test('an address that guesses is refused; what was good before still is, from there too', async (t) => {
  const { http, send, store, logged } = await limited({ failuresPerMinute: 3 })
  const from = (remoteAddress: string, key: string | null): Promise<number> =>
    http.inject({ method: 'GET', url: '/v1/me', remoteAddress, headers: key === null ? {} : { authorization: `Bearer ${key}` } }).then(({ statusCode }) => statusCode)
  const known = (await send('POST', '/v1/keys', { label: 'known', roles: ['app'] })).json<NewKeyAnswer>()
  const fresh = (await send('POST', '/v1/keys', { label: 'fresh', roles: ['app'] })).json<NewKeyAnswer>()
  t.equal(await from('198.51.100.9', known.key), 200)
  for (const key of ['guess-1', null, `${known.key.slice(0, -1)}!`]) t.equal(await from('198.51.100.9', key), 401)
  t.equal(await from('198.51.100.9', 'guess-4'), 429)
  t.equal(await from('198.51.100.9', known.key), 200)
  t.equal(await from('198.51.100.9', keys.one), 200)
  t.equal(await from('198.51.100.9', fresh.key), 429, 'a key that was never seen waits')
  t.equal(await from('203.0.113.9', fresh.key), 200, 'elsewhere it does not')
  t.equal(await from('198.51.100.9', fresh.key), 200, 'now it is known')

  const everything: string[] = [logged()]
  for await (const names of store.scan('*')) for (const name of names) everything.push(name, (await store.call('DUMP', name) as Buffer).toString('latin1'))
  for (const address of ['198.51.100.9', '203.0.113.9']) t.notOk(everything.some((text) => text.includes(address)), 'no address is kept')
})

t.test('signing in is limited, right or wrong', async (t) => {
  const { http } = await limited({ signInsPerMinute: 2 })
  const headers = { 'x-maskline-console': '1', 'sec-fetch-site': 'same-origin' }
  const attempt = (key: string, remoteAddress: string): Promise<number> =>
    http.inject({ method: 'POST', url: '/console/session', remoteAddress, headers: { ...headers, 'content-type': 'application/json' }, payload: { key } }).then(({ statusCode }) => statusCode)
  t.equal(await attempt('wrong', '198.51.100.9'), 401)
  t.equal(await attempt(keys.one, '198.51.100.9'), 204)
  t.equal(await attempt(keys.one, '198.51.100.9'), 429)
  t.equal(await attempt(keys.one, '203.0.113.9'), 204)
})

t.test('only a proxy that is named is believed about where a request comes from', async (t) => {
  for (const [trustedProxies, separate] of [[[], false], [['192.0.2.1'], true], [['192.0.2.0/24'], true], [['198.51.100.0/24'], false]] as const) {
    const { http } = await limited({ failuresPerMinute: 1 }, { trustedProxies: [...trustedProxies] })
    const from = (client: string): Promise<number> =>
      http.inject({ method: 'GET', url: '/v1/me', remoteAddress: '192.0.2.1', headers: { 'x-forwarded-for': client } }).then(({ statusCode }) => statusCode)
    t.equal(await from('203.0.113.1'), 401)
    t.equal(await from('203.0.113.1'), 429)
    t.equal(await from('203.0.113.2'), separate ? 401 : 429, trustedProxies.join())
  }
})

t.test('behind a proxy that speaks TLS the cookie is Secure, also under a local name', async (t) => {
  const { http } = await limited({}, { trustedProxies: ['127.0.0.1'] })
  const headers = { 'x-maskline-console': '1', 'sec-fetch-site': 'same-origin', 'x-forwarded-proto': 'https', host: 'localhost' }
  const answer = await sendTo(http, 'POST', '/console/session', { key: keys.one }, { key: null, headers })
  t.match(String(answer.headers['set-cookie']), /^__Host-maskline=.*Secure/)
})
