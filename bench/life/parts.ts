import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createStore, type Store } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'
import { program } from '../../test/support/program.js'
import { freePort } from '../../test/support/ports.js'
import { startRtpengine, type TestRtpengine } from '../../test/support/rtpengine.js'
import { Api } from './api.js'
import type { Shop } from './deliveries.js'
import type { Invariants } from './invariants.js'
import { askingHost, plainHost, type People } from './people.js'
import { AppProcess, redisServer, sipServer, type Server } from './processes.js'

export interface PartsOptions {
  readonly people: People
  readonly invariants: Invariants
  /** What carries the talk. */
  readonly engine: Engine
  /** How many processes of the application. With one it has its SIP server inside, with more they share one. */
  readonly processes: number
  /** Runs the sources instead of the build. */
  readonly sources?: boolean
}

export const engines = ['embedded', 'rtpengine', 'freeswitch'] as const
export type Engine = typeof engines[number]

/** Every part of a site, each in a process of its own on loopback. */
export interface Parts {
  readonly api: Api
  readonly shops: { readonly plain: Shop, readonly asks: Shop }
  readonly apps: readonly AppProcess[]
  /** A look into the data. */
  readonly store: Store
  readonly redis: Server
  readonly keys: Server
  /** Undefined where it is in the application. */
  readonly sip: ReturnType<typeof sipServer> | undefined
  rtpengine(): TestRtpengine | undefined
  /** Ends the process of that place and starts another. @returns how the first one ended */
  replaceApp(at: number, signal: NodeJS.Signals): Promise<unknown>
  /** @param awayMs how long it is gone */
  restartRtpengine(awayMs: number): Promise<void>
  close(): Promise<void>
}

const apiKey = 'key-of-a-life-without-people'
/** RTP ports of each process, and of rtpengine; four serve one call. One that drains keeps its own while the next one begins. */
const [portsEach, turns, rtpenginePorts] = [800, 4, 800]
/**
 * Where they begin. Two sites on one machine must not share ports: phones that a killed process left alone still speak to
 * its ports, and would be heard by whoever takes them next.
 */
const firstPort = 20_000 + portsEach * turns * (process.pid % 12)

export async function startParts(options: PartsOptions): Promise<Parts> {
  const closers: (() => unknown)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    return { ...await start(options, closers), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(options: PartsOptions, closers: (() => unknown)[]): Promise<Omit<Parts, 'close'>> {
  const { people, invariants, engine, processes } = options
  const dir = mkdtempSync(join(tmpdir(), 'maskline-life-'))
  closers.push(() => rmSync(dir, { recursive: true, force: true }))
  const password = randomBytes(16).toString('hex')
  const startRedis = async (name: string): Promise<{ url: string, server: Server }> => {
    mkdirSync(join(dir, name))
    const port = await freePort()
    const server = redisServer(join(dir, name), port, password)
    await server.start()
    closers.push(() => server.stop('SIGTERM'))
    return { url: `redis://:${password}@127.0.0.1:${port}`, server }
  }
  const [data, keys] = [await startRedis('redis'), await startRedis('keys')]
  const sipPort = await freePort()
  const [adminPort, secret] = [await freePort(), randomBytes(16).toString('hex')]
  const sip = processes > 1 ? sipServer('127.0.0.1', sipPort, adminPort, secret) : undefined
  await sip?.start()
  closers.push(() => sip?.stop('SIGTERM'))
  for (const gateway of [people.plain, people.asking]) gateway.routeTo(`sip:127.0.0.1:${sipPort}`)
  const rtpengineOwner = { teardown: (closer: () => unknown) => void closers.push(closer) }
  let rtpengine = engine === 'rtpengine' ? await startRtpengine(rtpengineOwner, undefined, rtpenginePorts) : undefined

  const file = join(dir, 'maskline.yaml')
  writeFileSync(file, settings(people, engine))
  const env = {
    MASKLINE_CONFIG: file, MASKLINE_DATA_DIR: dir, MASKLINE_LOG_LEVEL: 'debug', MASKLINE_API_KEY: apiKey, MASKLINE_MASTER_KEY: randomBytes(32).toString('base64'),
    MASKLINE_REDIS_URL: data.url, MASKLINE_KEYS_URL: keys.url, MASKLINE_SIP_PORT: String(sipPort), MASKLINE_TRUNK_GATEWAY: people.plain.uri, MASKLINE_DRAIN_SECONDS: '120',
    MASKLINE_DRACHTIO_URL: sip === undefined ? '' : `drachtio://:${secret}@127.0.0.1:${adminPort}`,
    MASKLINE_RTPENGINE_URL: rtpengine?.url ?? '', ...(engine === 'freeswitch' ? {} : { MASKLINE_FREESWITCH_URL: '' })
  }
  const { execArgv, file: source } = program(new URL('../../src/main.ts', import.meta.url))
  const main = options.sources === true ? [...execArgv, source] : ['dist/main.js']
  let started = 0
  const startApp = async (name: string): Promise<AppProcess> => {
    const from = firstPort + portsEach * (started++ % turns)
    const app = new AppProcess(name, await freePort(), await freePort(), main, { ...env, MASKLINE_RTP_PORTS: `${from}-${from + portsEach - 1}` }, invariants)
    await app.ready()
    return app
  }
  const apps: AppProcess[] = []
  closers.push(() => Promise.all(apps.map((app) => app.stop('SIGINT'))))
  for (let at = 0; at < processes; at++) apps.push(await startApp(`process ${at + 1}`))
  const store = createStore({ url: data.url, commandTimeoutMs: 5000, log: createLog('silent') })
  closers.push(() => store.close())
  await store.ready(20_000)

  let leaving: AppProcess | undefined
  const api = new Api(() => apps.filter((app) => app !== leaving).map(({ base }) => base), apiKey)
  return {
    api, apps, store, redis: data.server, keys: keys.server, sip,
    shops: { plain: { id: 'life', key: undefined }, asks: { id: 'asks', key: await keyOfSecond(api) } },
    rtpengine: () => rtpengine,
    async replaceApp(at, signal) {
      leaving = apps[at]!
      const how = await leaving.stop(signal)
      apps[at] = await startApp(leaving.name)
      leaving = undefined
      return how
    },
    async restartRtpengine(awayMs) {
      const port = Number(new URL(rtpengine!.url).port)
      await rtpengine!.kill()
      await sleep(awayMs)
      rtpengine = await startRtpengine(rtpengineOwner, port, rtpenginePorts)
    }
  }
}

/** Short times everywhere, so that much happens; limits that tests of their own are about are out of the way. */
function settings({ plain, asking }: People, engine: Engine): string {
  const trunk = { identity: ['pai', 'from'], country: 'EE', gatewayTimeoutSeconds: 8, callsPerSecond: 0, maxCalls: 0, auth: null }
  return JSON.stringify({
    line: { minTtlSeconds: 1, quarantineSeconds: 30, maxPhonesPerParty: 16 },
    limits: { callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 10_000, callsPerNumberMinute: 100_000, minutesPerDeliveryDay: 2880, callsPerShop: 100_000, callsPerShopHour: 10_000_000, minutesPerShopDay: 10_000_000, callsPerCaller: 1000, minutesPerCallerDay: 100_000, callsPerNumber: 100_000, minutesPerNumberDay: 1_000_000 },
    call: { ringTimeoutSeconds: 8, maxDurationSeconds: 120 },
    media: { silenceTimeoutSeconds: 15 },
    redis: { commandTimeoutMs: 3000 },
    access: { requestsPerSecond: 0 },
    // Other work on the machine is no overload.
    overload: { busyPercent: 100 },
    record: { deletionIntervalMinutes: 1 },
    ...(engine === 'freeswitch' ? {} : { freeswitch: { url: null } }),
    shops: [{ id: 'life', name: 'Life', pool: 'life', country: 'EE', language: 'en' }, { id: 'asks', name: 'Life that asks', pool: 'life', country: 'EE', language: 'en' }],
    pools: [{ id: 'life', numbers: ['+442079460000-+442079460019'] }],
    trunks: [
      { ...trunk, id: 'plain', sources: [`${plainHost}/32`], asksCode: false, gateways: [plain.uri] },
      { ...trunk, id: 'asking', sources: [`${askingHost}/32`], asksCode: true, gateways: [asking.uri] }
    ]
  })
}

/** The second shop's own key; its people press 1 before they are connected, and hear a hint. */
async function keyOfSecond(api: Api): Promise<string> {
  const made = await api.ask('POST', '/v1/shops/asks/keys', { body: { label: 'life', roles: ['app', 'admin'] } })
  const key = String(made.body.key)
  const set = await api.ask('PATCH', '/v1/settings', { key, body: { acceptance: 'both', hint: true } })
  if (made.status !== 201 || set.status !== 200) throw new Error(`The second shop is not set up (${made.status}, ${set.status}).`)
  return key
}
