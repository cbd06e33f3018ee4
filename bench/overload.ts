/**
 * What happens beyond the limit: `npm run bench:overload -- --seconds 15`; `--limit 100` takes that for the limit and measures none.
 * Starts the application, raises the rate of calls until their set-up grows or calls are refused (the measured limit),
 * then plays 80 % and 150 % of it. Prints JSON; exits 1 when admitted calls at 150 % take more than 1.5 times as long
 * (p95, INVITE to 200) as those at 80 %, or when something else than 200 and 503 came.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '15' }, probe: { type: 'string', default: '6' }, talk: { type: 'string', default: '500' }, limit: { type: 'string', default: '0' }, start: { type: 'string', default: '10' }, http: { type: 'string', default: '3085' }, sip: { type: 'string', default: '5085' } } })
const root = fileURLToPath(new URL('..', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'maskline-overload-'))
const base = `http://127.0.0.1:${values.http}`
const metricsPort = Number(values.http) + 1
const [gatewayPort, callerPort] = [Number(values.sip) + 1, Number(values.sip) + 2]
/** Pairs of people with numbers reserved for fiction. */
const pairs = 47
/** What counts as beyond the limit: half of the callers wait longer than this (ms), or more than so many in a hundred are refused. */
const slowMs = 100
const mostRefused = 0.01

interface Phase {
  readonly rate: number
  readonly answered: number
  readonly refused: number
  readonly p50: number
  readonly p95: number
}

writeFileSync(join(dir, 'maskline.yaml'), 'limits: {callsPerDelivery: 10, callsPerDeliveryHour: 1000, callsPerCallerHour: 10000, callsPerNumberMinute: 100000, callsPerCaller: 1000, minutesPerCallerDay: 100000, callsPerNumber: 100000, minutesPerNumberDay: 1000000}\npools: [{id: demo, numbers: ["+442079460000-+442079460099"]}]\n')
const app = spawn(process.execPath, ['--import=tsx', 'src/main.ts'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, MASKLINE_CONFIG: join(dir, 'maskline.yaml'), MASKLINE_DATA_DIR: dir, MASKLINE_LOG_LEVEL: 'warn', MASKLINE_HTTP_PORT: values.http, MASKLINE_METRICS_PORT: String(metricsPort), MASKLINE_SIP_PORT: values.sip, MASKLINE_TRUNK_GATEWAY: `sip:127.0.0.1:${gatewayPort}` }
})
const gateway: ChildProcess[] = []
try {
  await ready()
  process.exitCode = await run()
} finally {
  for (const child of gateway) child.kill()
  app.kill('SIGINT')
  await new Promise((resolve) => app.once('exit', resolve))
  rmSync(dir, { recursive: true, force: true })
}

async function ready(): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (app.exitCode !== null) throw new Error('The application did not start.')
    if (await fetch(`${base}/readyz`).then((answer) => answer.ok, () => false)) return
    await sleep(200)
  }
  throw new Error('The application was not ready in time.')
}

async function run(): Promise<number> {
  const lines: string[] = []
  for (let at = 0; at < pairs; at++) lines.push(await allocate(at))
  writeFileSync(join(dir, 'couriers.csv'), ['SEQUENTIAL', ...lines, ''].join('\n'))
  gateway.push(spawn('sipp', ['-sn', 'uas', '-i', '127.0.0.1', '-p', String(gatewayPort), '-nostdin'], { cwd: dir, stdio: 'ignore' }))
  // Code that has run for a while is faster.
  for (const rate of [10, 20, 40]) await play(rate, 5)
  const probes = values.limit === '0' ? await probe() : []
  const limit = Number(values.limit) || (probes.at(-2)?.rate ?? probes[0]!.rate)
  const below = await play(Math.round(limit * 0.8), Number(values.seconds))
  const above = await play(Math.round(limit * 1.5), Number(values.seconds))
  const ratio = Math.round(above.p95 / below.p95 * 100) / 100
  process.stdout.write(`${JSON.stringify({ limit, at80: below, at150: above, ratio, probes }, undefined, 2)}\n`)
  return ratio <= 1.5 ? 0 : 1
}

/** Rising rates, up to the first that is too much. */
async function probe(): Promise<Phase[]> {
  const probes: Phase[] = []
  for (let rate = Number(values.start); ; rate = Math.ceil(rate * 1.2)) {
    const phase = await play(rate, Number(values.probe))
    probes.push(phase)
    if (phase.p50 > slowMs || phase.refused > mostRefused * (phase.answered + phase.refused) || rate > 1000) return probes
  }
}

async function allocate(i: number): Promise<string> {
  const courier = `+46701740${605 + i}`
  const answer = await fetch(`${base}/v1/deliveries`, {
    method: 'POST',
    headers: { authorization: `Bearer ${readFileSync(join(dir, 'api.key'), 'utf8').trim()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reference: `overload-${i}`, courier: { phone: courier }, customer: { phone: `+46701740${605 + pairs + i}` }, ttlSeconds: 7200 })
  })
  if (!answer.ok) throw new Error(`No line: HTTP ${answer.status}.`)
  return `${courier};${(await answer.json() as { number: string }).number}`
}

/** So many calls a second for so many seconds, and a rest after it. */
async function play(rate: number, seconds: number): Promise<Phase> {
  const cwd = mkdtempSync(join(dir, 'run-'))
  mkdirSync(cwd, { recursive: true })
  const before = [await metric('maskline_calls_ended_total{result="success",reason="caller_hung_up"}'), await metric('maskline_overload_refused_total{what="call"}')]
  const args = ['-sf', join(root, 'bench', 'sipp', 'courier.xml'), '-inf', join(dir, 'couriers.csv'), '-i', '127.0.0.1', '-p', String(callerPort), '-d', values.talk, '-m', String(rate * seconds), '-r', String(rate), '-l', '5000', '-recv_timeout', '20000', '-trace_rtt', '-rtt_freq', '1', '-nostdin', `127.0.0.1:${values.sip}`]
  await new Promise((resolve, reject) => { spawn('sipp', args, { cwd, stdio: 'ignore' }).once('exit', resolve).once('error', reject) })
  await sleep(2000)
  const after = [await metric('maskline_calls_ended_total{result="success",reason="caller_hung_up"}'), await metric('maskline_overload_refused_total{what="call"}')]
  const file = readdirSync(cwd).find((name) => name.endsWith('_rtt.csv'))
  const times = file === undefined ? [] : readFileSync(join(cwd, file), 'utf8').split('\n').slice(1).map((line) => Number(line.split(';')[1])).filter((ms) => ms > 0).sort((a, b) => a - b)
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  return { rate, answered: after[0]! - before[0]!, refused: after[1]! - before[1]!, p50: at(0.5), p95: at(0.95) }
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ').at(-1) ?? 0)
}
