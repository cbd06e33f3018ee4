import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { createApp, type App, type Servers } from '../../src/app.js'
import { loadConfig, type Config } from '../../src/config.js'
import { startEmbedded, type Embedded } from '../../src/embedded/start.js'
import { admitted } from '../../src/sip/admitted.js'
import type { CallRecord } from '../../src/record/types.js'
import { captured } from './log.js'
import { freePort } from './ports.js'

/** The whole application on free ports, as `npm start` runs it, with what tests want to look at. */
export interface Whole {
  readonly config: Config
  readonly app: App
  readonly embedded: Embedded
  /** 127.0.0.1 port of the SIP server under test. */
  readonly sipPort: number
  /** Where the application sends its calls. */
  readonly gatewayPort: number
  /** The private Redis' folder. */
  readonly redisDir: string
  /** Everything that was logged, at the most verbose level. */
  readonly logged: () => string
  /** A request with the demo shop's key. */
  readonly api: (method: string, path: string, body?: unknown) => Promise<{ status: number, body: Record<string, unknown>, text: string }>
  /** What Prometheus reads. */
  readonly metrics: () => Promise<string>
  /** The records of a delivery, once the last of them has ended. */
  readonly endedCalls: (deliveryId: string, count: number) => Promise<CallRecord[]>
  /** Resolves when nothing is in use any more; rejects with what is left. @param withinMs 15 s unless told */
  readonly idle: (withinMs?: number) => Promise<void>
}

/** What a test changes in the configuration. */
export type Changes = (config: Config) => void

/** What a test puts between the application and its servers. */
export type Between = (servers: Servers) => Promise<Servers>

export async function startWhole(t: Pick<Test, 'teardown'>, change: Changes = () => undefined, between: Between = async (servers) => servers): Promise<Whole> {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-whole-'))
  const gatewayPort = await freePort()
  const config = loadConfig({ ...process.env, MASKLINE_CONFIG: '', MASKLINE_DATA_DIR: dir, MASKLINE_HTTP_PORT: '0', MASKLINE_METRICS_PORT: '0', MASKLINE_SIP_PORT: '0', MASKLINE_TRUNK_GATEWAY: `sip:127.0.0.1:${gatewayPort}` })
  // Tests run beside others on few cores; that is no overload of ours, and no fault of the store's.
  config.overload.busyPercent = 100
  config.redis.commandTimeoutMs = 3000
  change(config)
  const { log, text } = captured()
  const embedded = await startEmbedded(config, log, await admitted(config))
  const app = await createApp(config, await between(embedded), log)
  t.teardown(async () => {
    await app.close()
    await embedded.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const sipPort = embedded.sip?.sipPort ?? Number(app.sipAddresses.find((address) => address.startsWith('udp/'))?.split(':').at(-1))
  const api = caller(app)
  return {
    config, app, embedded, sipPort, gatewayPort, api,
    redisDir: join(dir, 'redis'),
    logged: text,
    metrics: async () => await (await fetch(`http://127.0.0.1:${app.metricsPort}/metrics`)).text(),
    endedCalls: (id, count) => until(async () => {
      const calls = (await api('GET', `/v1/deliveries/${id}/calls`)).body.calls as CallRecord[] | undefined
      return calls !== undefined && calls.length >= count && calls.every(({ state }) => state === 'ended') ? calls : undefined
    }, 'the records'),
    idle: async (withinMs) => { await until(async () => leftOf(app, embedded).length === 0 ? true : undefined, () => leftOf(app, embedded).join(', '), withinMs) }
  }
}

function caller(app: App): Whole['api'] {
  return async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${app.httpPort}${path}`, {
      method,
      headers: { authorization: `Bearer ${app.apiKey}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    return { status: answer.status, text, body: text.startsWith('{') ? JSON.parse(text) as Record<string, unknown> : {} }
  }
}

/** Names of what is in use although nobody calls. Transactions linger by RFC 3261 for 32 s; their bound is shown by the bench. */
function leftOf(app: App, embedded: Embedded): string[] {
  const { calls, mediaSessions, mediaPorts } = app.stats()
  const all = { calls, mediaSessions, mediaPorts, dialogs: embedded.sip?.stats().dialogs ?? 0 }
  return Object.entries(all).filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`)
}

/** Asks again until there is an answer. */
export async function until<T>(ask: () => Promise<T | undefined>, what: string | (() => string), withinMs = 15_000): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > end) throw new Error(`Waited in vain for ${typeof what === 'string' ? what : what()}.`)
    await sleep(25)
  }
}
