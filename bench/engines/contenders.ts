import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { printed } from '../../test/support/child.js'
import type { Line } from './pair.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { MASKLINE_DRACHTIO_URL: drachtio, MASKLINE_FREESWITCH_URL: freeswitch, MASKLINE_BENCH_BRIDGE: bridge } = process.env

/** Ports of a run, all on 127.0.0.1. */
export interface Ports {
  readonly sip: number
  readonly http: number
  readonly gateway: number
}

/** Something that calls go through. */
export interface Contender {
  readonly name: string
  /** Why it cannot take part; undefined when it can. */
  readonly skipped: string | undefined
  start(ports: Ports): Promise<Running>
}

export interface Running {
  /** Where calls are sent. */
  readonly port: number
  readonly lines: readonly Line[]
  /** Processor time of its own processes so far, milliseconds; undefined when it is not ours to look at. */
  readonly cpuMs: (() => number) | undefined
  stop(): Promise<void>
}

const noRtpengine = spawnSync('rtpengine', ['--version']).error === undefined ? undefined : 'rtpengine is not installed'
const noFreeswitch = freeswitch === undefined ? 'MASKLINE_FREESWITCH_URL names none' : undefined

export const contenders: readonly Contender[] = [
  { name: 'bare pass-through', skipped: undefined, start: passThrough },
  { name: 'maskline, embedded media', skipped: undefined, start: (ports) => maskline(ports, {}) },
  { name: 'maskline, rtpengine', skipped: noRtpengine, start: withRtpengine },
  { name: 'maskline, FreeSWITCH', skipped: noFreeswitch, start: (ports) => maskline(ports, { MASKLINE_FREESWITCH_URL: freeswitch! }) },
  { name: 'FreeSWITCH\'s own bridge', skipped: bridge === undefined ? 'MASKLINE_BENCH_BRIDGE names none' : undefined, start: ownBridge }
]

/** Numbers of people, reserved for fiction; each pair has a line of its own. */
const pairs = 47

async function passThrough({ sip, gateway }: Ports): Promise<Running> {
  const child = spawn(process.execPath, ['--import=tsx', 'bench/engines/pass-through.ts', `127.0.0.1:${gateway}`, String(sip), ...(drachtio === undefined ? [] : [drachtio])], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  await printed(child, /\S/)
  return { port: sip, lines: people(() => '+442079460000'), cpuMs: () => cpuMs(child), stop: () => ended(child) }
}

async function ownBridge({ gateway }: Ports): Promise<Running> {
  const [, port = '', leaves = ''] = /^sip:127\.0\.0\.1:(\d+),(\d+)$/.exec(bridge!) ?? []
  if (Number(leaves) !== gateway) throw new Error(`MASKLINE_BENCH_BRIDGE must be sip:127.0.0.1:PORT,${gateway}: where it takes calls, and the port of 127.0.0.1 that its dialplan bridges them to.`)
  return { port: Number(port), lines: people(() => '+442079460000'), cpuMs: undefined, stop: async () => undefined }
}

async function withRtpengine(ports: Ports): Promise<Running> {
  const control = ports.http + 50
  const child = spawn('rtpengine', ['--config-file=none', '--foreground', '--log-stderr', '--log-level=2', '--table=-1', '--num-threads=2', '--interface=127.0.0.1', `--listen-ng=127.0.0.1:${control}`, '--port-min=11000', '--port-max=18999'], { stdio: 'ignore' })
  await sleep(1500)
  const app = await maskline(ports, { MASKLINE_RTPENGINE_URL: `udp://127.0.0.1:${control}` })
  return {
    ...app,
    cpuMs: () => app.cpuMs!() + cpuMs(child),
    stop: async () => {
      await app.stop()
      await ended(child, 'SIGKILL')
    }
  }
}

/** The whole application as `npm start` runs it, its limits wide open. */
async function maskline({ sip, http, gateway }: Ports, env: Record<string, string>): Promise<Running> {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-bench-'))
  const config = join(dir, 'bench.yaml')
  writeFileSync(config, 'redis: {commandTimeoutMs: 5000}\noverload: {busyPercent: 100}\nlimits: {callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 10000, callsPerNumberMinute: 100000, callsPerCaller: 1000, minutesPerCallerDay: 100000, callsPerNumber: 100000, minutesPerNumberDay: 1000000, callsPerShop: 100000, callsPerShopHour: 10000000, minutesPerShopDay: 10000000, minutesPerDeliveryDay: 2880}\n')
  // Each contender has one engine.
  const others = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'MASKLINE_FREESWITCH_URL' && name !== 'MASKLINE_RTPENGINE_URL'))
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...others, MASKLINE_CONFIG: config, MASKLINE_DATA_DIR: dir, MASKLINE_LOG_LEVEL: 'warn', MASKLINE_HTTP_PORT: String(http), MASKLINE_METRICS_PORT: '0', MASKLINE_SIP_PORT: String(sip), MASKLINE_TRUNK_GATEWAY: `sip:127.0.0.1:${gateway}`, ...env }
  })
  const stop = async (): Promise<void> => {
    await ended(child, 'SIGINT')
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    await ready(child, `http://127.0.0.1:${http}`)
    const numbers: string[] = []
    for (let index = 0; index < pairs; index++) numbers.push(await allocate(`http://127.0.0.1:${http}`, dir, index))
    return { port: sip, lines: people((index) => numbers[index]!), cpuMs: () => cpuMs(child), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function people(numberOf: (index: number) => string): Line[] {
  return Array.from({ length: pairs }, (_, index) => ({ caller: courierOf(index), number: numberOf(index) }))
}

const courierOf = (index: number): string => `+46701740${605 + index}`
const customerOf = (index: number): string => `+46701740${605 + pairs + index}`

async function ready(child: ChildProcess, base: string): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (child.exitCode !== null) throw new Error('The application did not start.')
    if (await fetch(`${base}/readyz`).then((answer) => answer.ok, () => false)) return
    await sleep(200)
  }
  throw new Error('The application was not ready in time.')
}

async function allocate(base: string, dir: string, index: number): Promise<string> {
  const answer = await fetch(`${base}/v1/deliveries`, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env.MASKLINE_API_KEY ?? readFileSync(join(dir, 'api.key'), 'utf8').trim()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reference: `bench-${index}`, courier: { phone: courierOf(index) }, customer: { phone: customerOf(index) }, ttlSeconds: 7200 })
  })
  if (!answer.ok) throw new Error(`No line: HTTP ${answer.status}.`)
  return (await answer.json() as { number: string }).number
}

async function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await Promise.race([once(child, 'exit'), sleep(15_000).then(() => child.kill('SIGKILL'))])
}

/** User and system time of a process; the kernel counts in hundredths of a second. */
function cpuMs({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
