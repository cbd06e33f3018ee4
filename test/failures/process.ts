import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createGateway, createPhone, type Gateway, type Phone } from '../../src/embedded/phone/index.js'
import { startPrivateRedis } from '../../src/embedded/redis.js'
import { startSipServer, type EmbeddedSipServer } from '../../src/embedded/sip/index.js'
import { printed } from '../support/child.js'
import { silent } from '../support/log.js'
import { program } from '../support/program.js'
import { until } from '../support/whole.js'

const main = program(new URL('../../src/main.ts', import.meta.url))
const masterKey = randomBytes(32).toString('base64')
const key = 'key-of-all-processes-in-a-test'
const startsWithinMs = 60_000

/** What several processes of the application share: SIP servers, data, keys, and a carrier with phones. */
export interface Site {
  /** The first SIP server; the carrier spreads calls over all. */
  readonly sip: EmbeddedSipServer
  readonly gateway: Gateway
  readonly redisUrl: string
  /** Starts one more process. */
  start(): Promise<AppProcess>
  phone(number: string): Promise<Phone>
}

/** A process that runs `src/main.ts`. */
export interface AppProcess {
  readonly child: ChildProcess
  /** Everything that it logged so far. */
  log(): string
  /** Its exit code, or the signal that ended it. */
  exit(): Promise<number | NodeJS.Signals>
  api(method: string, path: string, body?: unknown): Promise<{ status: number, body: Record<string, unknown>, text: string }>
  /** What Prometheus reads. */
  metrics(): Promise<string>
}

export interface SiteOptions {
  readonly sipServers?: number
  /** YAML that every process has as its configuration. */
  readonly settings?: string
}

const startSip = (): Promise<EmbeddedSipServer> =>
  startSipServer({ host: '127.0.0.1', port: 0, admin: { host: '127.0.0.1', port: 0, secret: 'a secret for tests only' }, log: silent })

/** Tests run beside others on few cores; that is no overload of ours, and no fault of the store's. */
const patient = JSON.stringify({ overload: { busyPercent: 100 }, redis: { commandTimeoutMs: 3000 } })

export async function site(t: Pick<Test, 'teardown'>, { sipServers = 1, settings = patient }: SiteOptions = {}): Promise<Site> {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-site-'))
  const [data, keys] = [await startPrivateRedis({ dir: join(dir, 'redis'), log: silent }), await startPrivateRedis({ dir: join(dir, 'keys'), log: silent, forKeys: true })]
  const config = join(dir, 'maskline.yaml')
  writeFileSync(config, settings)
  const sips = await Promise.all(Array.from({ length: sipServers }, () => startSip()))
  const gateway = await createGateway()
  gateway.routeTo(...sips.map(({ sipPort }) => `sip:127.0.0.1:${sipPort}`))
  const children: ChildProcess[] = []
  const phones: Phone[] = []
  t.teardown(async () => {
    for (const child of children) if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await Promise.all(phones.map((phone) => phone.close()))
    await gateway.close()
    await Promise.all(sips.map((sip) => sip.close()))
    await data.close()
    await keys.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const start = async (): Promise<AppProcess> => {
    const from = 40_000 + 400 * children.length
    const child = spawn(process.execPath, [...main.execArgv, main.file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env, MASKLINE_CONFIG: config, MASKLINE_DATA_DIR: dir, MASKLINE_HTTP_PORT: '0', MASKLINE_METRICS_PORT: '0', MASKLINE_RTP_PORTS: `${from}-${from + 399}`, MASKLINE_API_KEY: key, MASKLINE_MASTER_KEY: masterKey,
        MASKLINE_REDIS_URL: data.url, MASKLINE_KEYS_URL: keys.url, MASKLINE_DRACHTIO_URL: sips.map(({ adminUrl }) => adminUrl).join(','), MASKLINE_TRUNK_GATEWAY: gateway.uri,
        // The channels of a FreeSWITCH dial one address, which one process of several would have.
        MASKLINE_FREESWITCH_URL: ''
      }
    })
    children.push(child)
    return await running(child)
  }
  const phone = async (number: string): Promise<Phone> => {
    const made = await createPhone({ number })
    phones.push(made)
    gateway.register(made)
    return made
  }
  return { sip: sips[0]!, gateway, redisUrl: data.url, start, phone }
}

async function running(child: ChildProcess): Promise<AppProcess> {
  let text = ''
  const gone = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  child.stdout!.setEncoding('utf8').on('data', (part: string) => { text += part })
  const port = Number((await printed(child, /"port":(\d+),"msg":"app.ready"/, startsWithinMs))[1])
  const api: AppProcess['api'] = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, connection: 'close', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    return { status: answer.status, text, body: text.startsWith('{') ? JSON.parse(text) as Record<string, unknown> : {} }
  }
  await until(async () => (await api('GET', '/readyz')).status === 200 || undefined, 'the process to be ready', startsWithinMs)
  const metricsPort = /"port":(\d+),"msg":"metrics.ready"/.exec(text)![1]!
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { headers: { connection: 'close' } })).text()
  return { child, api, metrics, log: () => text, exit: () => gone }
}
