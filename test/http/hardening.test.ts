import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { InjectOptions } from 'fastify'
import { keys, order, testApi } from './support.js'

const { http, send, config } = await testApi(t)

/** On every answer, whatever it says. */
const headers: Readonly<Record<string, string | RegExp>> = {
  'content-security-policy': 'default-src \'none\';frame-ancestors \'none\'',
  'x-content-type-options': 'nosniff',
  'x-frame-options': /^(SAMEORIGIN|DENY)$/,
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store'
}

t.test('every answer tells a browser to do nothing with it', async (t) => {
  const cases: [string, InjectOptions, number][] = [
    ['a success', { url: '/v1/me' }, 200],
    ['the description', { url: '/openapi.json' }, 200],
    ['a probe', { url: '/healthz' }, 200],
    ['a head', { method: 'HEAD', url: '/v1/me' }, 200],
    ['no key', { url: '/v1/me', headers: { authorization: '' } }, 401],
    ['another page', { method: 'POST', url: '/console/session', payload: { key: 'x' } }, 403],
    ['no such address', { url: '/nowhere' }, 404],
    ['no such thing', { url: '/v1/deliveries/x' }, 404],
    ['an address that is none', { url: '/v1/deliveries/%E0%A4%A' }, 404],
    ['an address too long', { url: `/v1/deliveries/${'x'.repeat(200)}` }, 404],
    ['another method', { method: 'PUT', url: '/v1/me' }, 405],
    ['a preflight', { method: 'OPTIONS', url: '/v1/me', headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' } }, 405],
    ['a body too large', { method: 'POST', url: '/v1/deliveries', payload: 'x'.repeat(config.http.bodyLimitBytes + 1), headers: { 'content-type': 'application/json' } }, 413],
    ['another type', { method: 'POST', url: '/v1/deliveries', payload: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
    ['a body that is none', { method: 'POST', url: '/v1/deliveries', payload: '{', headers: { 'content-type': 'application/json' } }, 400],
    ['a wrong body', { method: 'POST', url: '/v1/deliveries', payload: {} }, 422]
  ]
  for (const [name, request, status] of cases) {
    const answer = await http.inject({ ...request, headers: { authorization: `Bearer ${keys.one}`, ...request.headers } })
    t.equal(answer.statusCode, status, name)
    for (const [header, value] of Object.entries(headers)) t.match(String(answer.headers[header]), value, `${name}: ${header}`)
    for (const header of ['x-powered-by', 'server', 'access-control-allow-origin', 'access-control-allow-credentials']) t.equal(answer.headers[header], undefined, `${name}: no ${header}`)
  }
})

t.test('so does what is answered before it is a request', async (t) => {
  const port = await http.listen('127.0.0.1', 0)
  for (const bytes of ['NONSENSE\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`]) {
    const socket = connect(port, '127.0.0.1')
    socket.write(bytes)
    const answer = await text(socket)
    t.match(answer, /^HTTP\/1\.1 4\d\d /)
    for (const [header, value] of Object.entries(headers)) {
      const sent = new RegExp(`^${header}: (.*)$`, 'im').exec(answer)?.[1] ?? ''
      t.match(sent, value, `${bytes.slice(0, 12)}: ${header}`)
    }
    t.notMatch(answer, /x{100}|NONSENSE/)
  }
})

t.test('an address with a number in it, sent by mistake, reaches no log', async (t) => {
  const { send, logged } = await testApi(t)
  for (const url of ['/v1/deliveries/+46701740605', '/v1/calls?phone=%2B46701740605', '/v1/persons/+46701740605', '/+46701740605', '/v1/numbers/+46701740605']) {
    const answer = await send('GET', url)
    t.ok(answer.statusCode >= 400, url)
    t.notOk(answer.body.includes('46701740605'))
  }
  await send('POST', '/v1/deliveries?courier=+46701740605', order())
  t.notMatch(logged(), /46701740605/)
})

t.test('a body is read up to its limit and no further', async (t) => {
  const pad = (bytes: number): string => JSON.stringify(order({ reference: 'x'.repeat(Math.max(0, bytes - JSON.stringify(order({ reference: '' })).length)) }))
  t.equal((await send('POST', '/v1/deliveries', pad(config.http.bodyLimitBytes))).statusCode, 422, 'as large as may be')
  t.equal((await send('POST', '/v1/deliveries', pad(config.http.bodyLimitBytes + 1))).statusCode, 413)
  t.equal((await send('POST', '/v1/keys', '['.repeat(15_000))).statusCode, 400, 'deep nonsense')
})
