import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { within } from '../../src/deadline.js'
import type { Problem } from '../../src/http/errors.js'
import type { Lines } from '../../src/line/types.js'
import { courier, keys, testApi, type TestApi } from './support.js'

const host = '127.0.0.1'

/** Writes bytes to the server and resolves to everything it said until it closed the connection. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, host)
  let text = ''
  socket.on('data', (chunk: Buffer) => { text += chunk.toString() })
  socket.on('error', () => undefined)
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

const problemIn = (text: string): Problem => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as Problem
const quick = (api: TestApi['config']): TestApi['config'] => ({ ...api, http: { ...api.http, requestTimeoutMs: 1000 } })

t.test('listens on a free port, answers over a socket and stops', async (t) => {
  const { http } = await testApi(t)
  const port = await http.listen(host, 0)
  t.ok(port > 0)
  const answer = await fetch(`http://${host}:${port}/v1/numbers`, { headers: { authorization: `Bearer ${keys.one}` } })
  t.equal(answer.status, 200)
  t.match(answer.headers.get('x-request-id'), /^[a-z]{12}$/)
  t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  t.equal(answer.headers.get('content-security-policy'), "default-src 'none';frame-ancestors 'none'")
  t.equal(answer.headers.get('cache-control'), 'no-store', 'an answer may hold an access code')
  await http.close()
  await t.rejects(fetch(`http://${host}:${port}/healthz`))
})

t.test('a port in use is the system\'s own error', async (t) => {
  const [one, two] = [await testApi(t), await testApi(t)]
  const port = await one.http.listen(host, 0)
  await t.rejects(two.http.listen(host, port), { code: 'EADDRINUSE', port })
})

t.test('what is no HTTP gets a problem and the connection ends', async (t) => {
  const { http, logged } = await testApi(t)
  const port = await http.listen(host, 0)
  for (const bytes of [
    `HELLO ${courier}\r\n\r\n`,
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
    `POST /v1/deliveries HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`
  ]) {
    const text = await raw(port, bytes)
    t.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/, bytes.slice(0, 30))
    t.match(problemIn(text), { status: 400, code: 'request_malformed' })
    t.notOk(text.includes(courier))
  }
  t.match(logged(), /http\.broken/)
  t.notOk(logged().includes(courier.slice(1)))
})

t.test('a request that does not arrive in time ends', async (t) => {
  const { http } = await testApi(t, {}, quick)
  const port = await http.listen(host, 0)
  const [head, body] = await Promise.all([
    raw(port, 'GET /healthz HTTP/1.1\r\nHost: a\r\n'),
    raw(port, `POST /v1/deliveries HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${keys.one}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`)
  ])
  t.match(problemIn(head), { status: 408, code: 'request_timeout' }, 'in its headers')
  t.match(body, /^HTTP\/1\.1 (408|503) /, 'in its body')
})

t.test('a stop lets the request under way finish', async (t) => {
  let arrived: () => void = () => undefined
  const reached = new Promise<void>((resolve) => { arrived = resolve })
  const slow = { numbers: async () => {
    arrived()
    await new Promise((resolve) => setTimeout(resolve, 200))
    return []
  } } as unknown as Lines
  const { http } = await testApi(t, { lines: slow })
  const port = await http.listen(host, 0)
  const answer = fetch(`http://${host}:${port}/v1/numbers`, { headers: { authorization: `Bearer ${keys.one}` } })
  await reached
  await http.close()
  t.equal((await answer).status, 200)
})

t.test('a stop does not wait for connections on which nothing happens', async (t) => {
  const { http } = await testApi(t)
  const port = await http.listen(host, 0)
  const idle = connect(port, host)
  idle.on('error', () => undefined)
  await once(idle, 'connect')
  const closed = once(idle, 'close')
  // The connection's own timeout is 15 seconds.
  await t.resolves(within(8000, http.close()))
  await closed
})
