import autocannon from 'autocannon'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startPrivateRedis } from '../../src/embedded/redis.js'
import { createLog } from '../../src/telemetry/log.js'

export interface HttpResult {
  readonly allocationsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Processor time of the serving process for a request, in microseconds. */
  readonly cpuUs: number
  /** Requests a second of a fastify route that does one Redis SET, in the same run. */
  readonly barePerSecond: number
  readonly bareCpuUs: number
  readonly ratio: number
  readonly failed: number
}

interface Load {
  readonly cpuUs: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failed: number
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const apiKey = 'a-key-for-the-benchmark-only'
const ports = { http: 3091, sip: 5091, bare: 3092 }
const connections = 64

/**
 * Deliveries over HTTP with authentication, validation and encryption, by the built program, against the
 * least that a route with a store can do; both on one Redis, one after the other, twice.
 */
export async function measureHttp(seconds: number): Promise<HttpResult> {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-bench-'))
  const redis = await startPrivateRedis({ dir: join(dir, 'redis'), log: createLog('silent') })
  const children = [startApp(dir, redis.url), startBare(redis.url)]
  try {
    await Promise.all([answers(`http://127.0.0.1:${ports.http}/readyz`), answers(`http://127.0.0.1:${ports.bare}/`)])
    const rounds: { ours: Load, bare: Load }[] = []
    for (const duration of [2, seconds / 2, seconds / 2]) rounds.push({ bare: await loadBare(duration, children[1]!), ours: await loadOurs(duration, children[0]!) })
    const [ours, bare] = [mean(rounds.slice(1).map((round) => round.ours)), mean(rounds.slice(1).map((round) => round.bare))]
    return { allocationsPerSecond: ours.perSecond, p50Ms: ours.p50Ms, p99Ms: ours.p99Ms, cpuUs: ours.cpuUs, barePerSecond: bare.perSecond, bareCpuUs: bare.cpuUs, ratio: Math.round(ours.perSecond / bare.perSecond * 100) / 100, failed: ours.failed + bare.failed }
  } finally {
    await Promise.all(children.map(stop))
    await redis.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

function startApp(dir: string, redisUrl: string): ChildProcess {
  const file = join(dir, 'bench.yaml')
  // People and numbers of this run are reserved for fiction: +1 … 555 01xx, and country code 999. What can be done is measured, not what is refused beyond it.
  writeFileSync(file, JSON.stringify({ overload: { busyPercent: 100 }, access: { requestsPerSecond: 0 }, line: { allowedCountries: ['US', 'CA', 'SE'] }, pools: [{ id: 'demo', numbers: ['+999000000000-+999000004999'] }] }))
  return spawn('node', ['dist/main.js'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, MASKLINE_CONFIG: file, MASKLINE_DATA_DIR: dir, MASKLINE_LOG_LEVEL: 'warn', MASKLINE_REDIS_URL: redisUrl, MASKLINE_HTTP_PORT: String(ports.http), MASKLINE_METRICS_PORT: '0', MASKLINE_SIP_PORT: String(ports.sip), MASKLINE_API_KEY: apiKey }
  })
}

function startBare(redisUrl: string): ChildProcess {
  return spawn('node', ['--import=tsx', 'bench/lines/bare.ts'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, BENCH_REDIS_URL: redisUrl, BENCH_PORT: String(ports.bare) } })
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await fetch(url).then((answer) => answer.ok, () => false)) return
    await sleep(100)
  }
  throw new Error(`${url} did not answer in time.`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill()
  await exit
}

/** Area codes with numbers for fiction. */
const areas = [201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228, 229, 231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281, 301, 302]
const person = (at: number): string => `+1${areas[Math.floor(at / 100) % areas.length]}55501${String(at % 100).padStart(2, '0')}`

let orders = 0
function body(): string {
  const at = orders++
  const half = areas.length * 50
  return JSON.stringify({ reference: `order-${at}`, courier: { phone: person(at % half) }, customer: { phone: person(half + (at * 31) % half) }, ttlSeconds: 3600 })
}

async function loadOurs(seconds: number, child: ChildProcess): Promise<Load> {
  return await load(`http://127.0.0.1:${ports.http}/v1/deliveries`, seconds, child, { authorization: `Bearer ${apiKey}` })
}

async function loadBare(seconds: number, child: ChildProcess): Promise<Load> {
  return await load(`http://127.0.0.1:${ports.bare}/`, seconds, child, {})
}

async function load(url: string, duration: number, child: ChildProcess, headers: Record<string, string>): Promise<Load> {
  const before = cpuMs(child)
  const result = await autocannon({
    url, connections, duration,
    requests: [{ method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, setupRequest: (request) => ({ ...request, body: body() }) }]
  })
  const cpuUs = Math.round((cpuMs(child) - before) * 1000 / result.requests.total)
  // A refusal is no allocation, and quicker than one.
  return { cpuUs, perSecond: Math.round(result['2xx'] / result.duration), p50Ms: result.latency.p50, p99Ms: result.latency.p99, failed: result.non2xx + result.errors }
}

/** User and system time of a process so far; the kernel counts in hundredths of a second. */
function cpuMs({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function mean(loads: readonly Load[]): Load {
  const of = (name: keyof Load): number => Math.round(loads.reduce((sum, load) => sum + load[name], 0) / loads.length * 100) / 100
  return { cpuUs: Math.round(of('cpuUs')), perSecond: Math.round(of('perSecond')), p50Ms: of('p50Ms'), p99Ms: of('p99Ms'), failed: loads.reduce((sum, load) => sum + load.failed, 0) }
}
