import t from 'tap'
import { loadConfig } from '../../src/config.js'
import type { HttpServer } from '../../src/http/base.js'
import { createMetricsHttp } from '../../src/http/metrics.js'
import { silent } from '../support/log.js'
import { keys, testApi } from './support.js'

const text = '# TYPE maskline_in_use gauge\nmaskline_in_use{part="call",what="live"} 2\n'
const metrics = { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => text }

async function open(): Promise<HttpServer> {
  const http = await createMetricsHttp({ config: loadConfig({}), metrics, log: silent })
  t.teardown(() => http.close())
  return http
}

t.test('counts are text for Prometheus, on a port of their own', async (t) => {
  const http = await open()
  const port = await http.listen('127.0.0.1', 0)
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } })
  t.strictSame([answer.status, answer.headers.get('content-type'), await answer.text()], [200, metrics.contentType, text])
  t.match(Object.fromEntries(answer.headers), { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'content-security-policy': 'default-src \'none\';frame-ancestors \'none\'' })
})

t.test('and nothing else is there', async (t) => {
  const http = await open()
  for (const url of ['/', '/v1/me', '/v1/deliveries', '/console/', '/readyz', '/openapi.json', '/metrics/']) {
    t.match((await http.inject({ url, headers: { authorization: `Bearer ${keys.one}` } })).json(), { status: 404, code: 'not_found' }, url)
  }
  const post = await http.inject({ method: 'POST', url: '/metrics' })
  t.match([post.statusCode, post.headers.allow], [405, 'GET, HEAD'])
})

t.test('the port of the API has none, with whatever key', async (t) => {
  const { send } = await testApi(t)
  for (const key of [null, keys.one]) t.match((await send('GET', '/metrics', undefined, { key })).json(), { status: 404, code: 'not_found' })
})

t.test('on this machine alone, as long as nobody says otherwise', (t) => {
  t.strictSame(loadConfig({}).metrics, { host: '127.0.0.1', port: 9464 })
  t.strictSame(loadConfig({ MASKLINE_HTTP_HOST: '0.0.0.0' }).metrics.host, '127.0.0.1', 'also where the API is open')
  t.end()
})
