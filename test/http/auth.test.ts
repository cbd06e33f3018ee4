import t from 'tap'
import type { Problem } from '../../src/http/errors.js'
import { keys, order, testApi } from './support.js'

const { send, logged } = await testApi(t)

t.test('every route of the API asks for a key', async (t) => {
  for (const [method, url] of [
    ['POST', '/v1/deliveries'], ['GET', '/v1/deliveries/x'], ['PATCH', '/v1/deliveries/x'], ['DELETE', '/v1/deliveries/x'],
    ['POST', '/v1/deliveries/x/phones'], ['GET', '/v1/deliveries/x/calls'], ['GET', '/v1/calls'], ['GET', '/v1/numbers'], ['HEAD', '/v1/numbers']
  ] as const) {
    const answer = await send(method, url, undefined, { key: null })
    t.equal(answer.statusCode, 401, `${method} ${url}`)
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="maskline"')
    t.match(answer.headers['content-type'], /^application\/problem\+json\b/)
  }
})

t.test('a wrong key is as good as none', async (t) => {
  const { one } = keys
  for (const authorization of [
    '', 'Bearer', 'Bearer ', one, `Basic ${one}`, `Bearer ${one}x`, `Bearer ${one.slice(0, -1)}`, `Bearer ${one.toUpperCase()}`,
    `Bearer ${one} ${one}`, `Bearer ${one},Bearer ${one}`, `Bearer "${one}"`, `Bearer ${'x'.repeat(300)}`, 'Bearer one', 'Bearer undefined'
  ]) {
    const answer = await send('GET', '/v1/numbers', undefined, { key: null, headers: { authorization } })
    t.equal(answer.statusCode, 401, `"${authorization}"`)
    t.equal(answer.json<Problem>().code, 'unauthorized')
    t.notOk(answer.body.includes(one))
  }
  const inQuery = await send('GET', `/v1/numbers?access_token=${one}`, undefined, { key: null })
  t.equal(inQuery.statusCode, 401, 'a key in the address is none')
})

t.test('the scheme may be written in any case', async (t) => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    t.equal((await send('GET', '/v1/numbers', undefined, { key: null, headers: { authorization: `${scheme} ${keys.one}` } })).statusCode, 200)
  }
})

t.test('without a key no body is read', async (t) => {
  for (const body of ['{"broken', 'x'.repeat(100_000), order()]) {
    t.equal((await send('POST', '/v1/deliveries', body, { key: null })).statusCode, 401)
  }
})

t.test('what is open says nothing', async (t) => {
  for (const url of ['/healthz', '/readyz', '/openapi.json']) t.equal((await send('GET', url, undefined, { key: null })).statusCode, 200, url)
})

t.test('the log knows the shop, never the key', async (t) => {
  await send('GET', '/v1/numbers', undefined, { key: keys.two })
  t.match(logged(), /"shopId":"two"/)
  for (const key of Object.values(keys)) t.notOk(logged().includes(key))
})
