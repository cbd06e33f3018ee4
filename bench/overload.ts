/**
 * What happens beyond the limit: `npm run bench:overload -- --seconds 15`; `--limit 100` takes that for the limit and measures none.
 * Starts the application, raises the rate of calls until their set-up grows or calls are refused in two of three tries (the measured limit),
 * then plays 80 % and 150 % of it in turn, three rounds (`--rounds 3`), the order turned round every time. Prints JSON; exits 1
 * when admitted calls at 150 % take more than 1.5 times as long (p95 of all rounds, INVITE to 200) as those at 80 %.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { answerTimes, percentile } from './sipp/answer-times.js'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '15' }, probe: { type: 'string', default: '6' }, talk: { type: 'string', default: '500' }, limit: { type: 'string', default: '0' }, start: { type: 'string', default: '10' }, http: { type: 'string', default: '3085' }, sip: { type: 'string', default: '5085' } } })
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
  /** INVITE to 200 of each that was answered, milliseconds, sorted. */
  readonly times: readonly number[]
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
  for (const [rate, seconds] of [[10, 5], [20, 5], [40, 5], [60, 15]] as const) await play(rate, seconds)
  const probes = values.limit === '0' ? await probe() : []
  const limit = Number(values.limit) || (probes.findLast(({ rate }) => rate < probes.at(-1)!.rate) ?? probes[0]!).rate
  const rates = [Math.round(limit * 0.8), Math.round(limit * 1.5)]
  const played: Phase[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const rate of round % 2 === 0 ? rates : [...rates].reverse()) played.push(await play(rate, Number(values.seconds)))
  }
  const [below, above] = rates.map((rate) => together(played.filter((phase) => phase.rate === rate))) as [Phase, Phase]
  const ratio = Math.round(above.p95 / below.p95 * 100) / 100
  const shown = ({ times, ...phase }: Phase): object => ({ ...phase, slowest: percentile(times, 1) })
  process.stdout.write(`${JSON.stringify({ limit, at80: shown(below), at150: shown(above), ratio, rounds: played.map(shown), probes: probes.map(shown) }, undefined, 2)}\n`)
  return ratio <= 1.5 ? 0 : 1
}

function together(phases: readonly Phase[]): Phase {
  const sum = (of: (phase: Phase) => number): number => phases.reduce((total, phase) => total + of(phase), 0)
  return phaseOf(phases[0]!.rate, sum(({ answered }) => answered), sum(({ refused }) => refused), phases.flatMap(({ times }) => times).sort((one, other) => one - other))
}

function phaseOf(rate: number, answered: number, refused: number, times: readonly number[]): Phase {
  return { rate, answered, refused, p50: percentile(times, 0.5), p95: percentile(times, 0.95), times }
}

/** Rising rates, up to the first that is too much. */
async function probe(): Promise<Phase[]> {
  const probes: Phase[] = []
  for (let rate = Number(values.start); rate < 1000; rate = Math.ceil(rate * 1.2)) {
    // One moment in which the whole machine was slow is no limit: two of three have to be too much.
    const first = await play(rate, Number(values.probe))
    const tries = tooMuch(first) ? [first, await play(rate, Number(values.probe)), await play(rate, Number(values.probe))] : [first]
    probes.push(...tries)
    if (tries.filter(tooMuch).length > 1) break
  }
  return probes
}

function tooMuch({ p50, refused, answered }: Phase): boolean {
  return p50 > slowMs || refused > mostRefused * (answered + refused)
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
  const args = ['-sf', join(root, 'bench', 'sipp', 'courier.xml'), '-inf', join(dir, 'couriers.csv'), '-i', '127.0.0.1', '-p', String(callerPort), '-d', values.talk, '-m', String(rate * seconds), '-r', String(rate), '-l', '5000', '-recv_timeout', '20000', '-trace_shortmsg', '-nostdin', `127.0.0.1:${values.sip}`]
  await new Promise((resolve, reject) => { spawn('sipp', args, { cwd, stdio: 'ignore' }).once('exit', resolve).once('error', reject) })
  await sleep(2000)
  const after = [await metric('maskline_calls_ended_total{result="success",reason="caller_hung_up"}'), await metric('maskline_overload_refused_total{what="call"}')]
  return phaseOf(rate, after[0]! - before[0]!, after[1]! - before[1]!, answerTimes(cwd))
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ').at(-1) ?? 0)
}
