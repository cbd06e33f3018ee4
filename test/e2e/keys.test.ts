import t, { type Test } from 'tap'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createApp, type App } from '../../src/app.js'
import { loadConfig } from '../../src/config.js'
import { startEmbedded, type Embedded } from '../../src/embedded/start.js'
import { admitted } from '../../src/sip/admitted.js'
import { captured } from '../support/log.js'
import { until } from '../support/whole.js'

interface Running {
  readonly app: App
  readonly embedded: Embedded
  readonly logged: () => string
  api(method: string, path: string, body?: unknown): Promise<{ status: number, body: Record<string, unknown> }>
  stop(): Promise<void>
}

const base64 = (): string => randomBytes(32).toString('base64')
const order = (reference: string, courier: string): unknown => ({ reference, courier: { phone: courier }, customer: { phone: '+46701740606' }, ttlSeconds: 3600 })

/** The application as `npm start` runs it, on the files that an earlier run left in `dir`. */
async function start(t: Test, dir: string, env: Record<string, string>): Promise<Running> {
  const config = loadConfig({ MASKLINE_DATA_DIR: dir, MASKLINE_HTTP_PORT: '0', MASKLINE_METRICS_PORT: '0', MASKLINE_SIP_PORT: '0', MASKLINE_RTP_PORTS: '40000-40999', ...env })
  // On a busy machine a server takes its time; what is tested here is not that.
  config.redis.commandTimeoutMs = 10_000
  const { log, text } = captured()
  const closers: { close(): Promise<void> }[] = []
  const stop = async (): Promise<void> => { for (const one of closers.splice(0).reverse()) await one.close() }
  t.teardown(stop)
  const embedded = await startEmbedded(config, log, await admitted(config))
  closers.push(embedded)
  try {
    const app = await createApp(config, embedded, log)
    closers.push(app)
    return { app, embedded, logged: text, stop, api: (...request) => ask(app, ...request) }
  } catch (error) {
    await stop()
    throw error
  }
}

async function ask(app: App, method: string, path: string, body?: unknown): Promise<{ status: number, body: Record<string, unknown> }> {
  const answer = await fetch(`http://127.0.0.1:${app.httpPort}${path}`, {
    method,
    headers: { authorization: `Bearer ${app.apiKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return { status: answer.status, body: await answer.json() as Record<string, unknown> }
}

t.test('G6: the master key changes by two restarts, and what was there can be read all the while', async (t) => {
  const dir = t.testdir({})
  const [a, b] = [base64(), base64()]
  let now = await start(t, dir, { MASKLINE_MASTER_KEY: a })
  const made = await now.api('POST', '/v1/deliveries', order('order-1', '+46701740605'))
  t.equal(made.status, 201, JSON.stringify(made.body))
  t.equal((await now.api('PATCH', '/v1/settings', { supportPhone: '+46701740699' })).status, 200)
  await now.stop()
  await t.rejects(start(t, dir, { MASKLINE_MASTER_KEY: b }), { code: 'config_invalid', cause: /MASKLINE_MASTER_KEY_FORMER/ }, 'not without the one before')
  for (const env of [{ MASKLINE_MASTER_KEY: b, MASKLINE_MASTER_KEY_FORMER: a }, { MASKLINE_MASTER_KEY: b }]) {
    now = await start(t, dir, env)
    t.match(now.logged(), /keys\.rewrapped/)
    t.match(await now.api('GET', `/v1/deliveries/${String(made.body.id)}`), { status: 200, body: { reference: 'order-1' } })
    t.match(await now.api('GET', '/v1/settings'), { status: 200, body: { supportPhone: '+46701740699' } })
    t.notOk(now.logged().includes(a) || now.logged().includes(b))
    await now.stop()
  }
  await t.rejects(start(t, dir, { MASKLINE_MASTER_KEY: a }), { code: 'config_invalid' }, 'the old one opens nothing any more')
})

t.test('G7: keys and data lie apart, and one without the other is one sentence at the start', async (t) => {
  const dir = t.testdir({})
  let now = await start(t, dir, {})
  const made = await now.api('POST', '/v1/deliveries', order('order-2', '+46701740605'))
  t.equal(made.status, 201)
  const [data, keys] = [new URL(now.embedded.redisUrl), new URL(now.embedded.keysUrl)]
  t.not(data.port, keys.port)
  t.not(data.password, keys.password)
  await now.stop()
  for (const folder of ['redis', 'keys']) t.ok(existsSync(join(dir, folder, 'appendonlydir')))
  cpSync(join(dir, 'keys'), join(dir, 'aside'), { recursive: true })
  rmSync(join(dir, 'keys'), { recursive: true })
  await t.rejects(start(t, dir, {}), { code: 'config_invalid', cause: /^There are data .* but the key store .* is empty/ })
  rmSync(join(dir, 'keys'), { recursive: true })
  renameSync(join(dir, 'aside'), join(dir, 'keys'))
  now = await start(t, dir, {})
  t.match((await now.api('GET', `/v1/deliveries/${String(made.body.id)}`)).body, { reference: 'order-2' })
  await now.stop()
})

t.test('while the key store is away, lines are still given and read; /readyz says so', async (t) => {
  const dir = t.testdir({})
  const now = await start(t, dir, {})
  const made = await now.api('POST', '/v1/deliveries', order('order-3', '+46701740605'))
  t.equal(made.status, 201)
  t.equal((await now.api('GET', `/v1/deliveries/${String(made.body.id)}`)).status, 200, 'the keys are remembered')
  const pid = Number(readFileSync(join(dir, 'keys', 'redis.pid'), 'utf8'))
  process.kill(pid, 'SIGKILL')
  await until(async () => (await now.api('GET', '/readyz')).status === 503 || undefined, 'the missing part to be seen')
  t.match((await now.api('GET', '/readyz')).body, { ready: false, parts: [{ name: 'store', ok: true }, { name: 'keys', ok: false }] })
  t.match(await now.api('GET', `/v1/deliveries/${String(made.body.id)}`), { status: 200, body: { reference: 'order-3' } })
  t.equal((await now.api('POST', '/v1/deliveries', order('order-4', '+46701740607'))).status, 201)
  t.match(await (await fetch(`http://127.0.0.1:${now.app.metricsPort}/metrics`)).text(), /maskline_keys_alive\{purpose="mapping"\} \d/)
  await now.stop()
})
