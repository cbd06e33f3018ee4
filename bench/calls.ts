/**
 * Calls through the whole application: `npm run bench:calls -- --calls 500 --rate 20 --talk 1000`.
 * Starts `dist/main.js` as a person would, lets SIPp play couriers and customers, and waits until nothing is in
 * use any more. Prints JSON; exits 1 when a call failed or something was left.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { answerTimes, percentile } from './sipp/answer-times.js'

const { values } = parseArgs({ options: { calls: { type: 'string', default: '500' }, rate: { type: 'string', default: '20' }, talk: { type: 'string', default: '1000' }, http: { type: 'string', default: '3080' }, sip: { type: 'string', default: '5080' } } })
const calls = Number(values.calls)
const rate = Number(values.rate)
const root = fileURLToPath(new URL('..', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'maskline-bench-'))
const base = `http://127.0.0.1:${values.http}`
const metricsPort = Number(values.http) + 1
const gatewayPort = Number(values.sip) + 1
const callerPort = Number(values.sip) + 2
/** Pairs of people with numbers reserved for fiction; the limits per delivery and hour bound the calls of one pair. */
const pairs = 47
/** What may be left a moment after the last call: RFC 3261 keeps transactions for 32 s. */
const idleWithinMs = 40_000

const app = spawn('node', ['dist/main.js'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, MASKLINE_DATA_DIR: dir, MASKLINE_LOG_LEVEL: 'warn', MASKLINE_HTTP_PORT: values.http, MASKLINE_METRICS_PORT: String(metricsPort), MASKLINE_SIP_PORT: values.sip, MASKLINE_TRUNK_GATEWAY: `sip:127.0.0.1:${gatewayPort}` }
})
const gateway: ChildProcess[] = []
try {
  await ready()
  const report = await run()
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  process.exitCode = report.failed > 0 || Object.values(report.left).some((count) => count > 0) ? 1 : 0
} finally {
  for (const child of [app, ...gateway]) child.kill()
  await new Promise((resolve) => app.once('exit', resolve))
  rmSync(dir, { recursive: true, force: true })
}

async function ready(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (app.exitCode !== null) throw new Error('The application did not start.')
    if (await fetch(`${base}/readyz`).then((answer) => answer.ok, () => false)) return
    await sleep(200)
  }
  throw new Error('The application was not ready in time.')
}

async function run(): Promise<{ calls: number, rate: number, failed: number, answered: number, cpuMsPerCall: number, answerMs: Record<string, number>, rssMiB: number, idleAfterMs: number, left: Record<string, number> }> {
  const csv = join(dir, 'couriers.csv')
  writeFileSync(csv, ['SEQUENTIAL', ...await Promise.all(Array.from({ length: pairs }, (_, i) => allocate(i)))].join('\n') + '\n')
  gateway.push(spawn('sipp', ['-sn', 'uas', '-i', '127.0.0.1', '-p', String(gatewayPort), '-nostdin'], { cwd: dir, stdio: 'ignore' }))
  const cpuBefore = cpuMs()
  const code = await sipp(csv)
  const cpuMsPerCall = Math.round((cpuMs() - cpuBefore) / calls * 100) / 100
  const ended = performance.now()
  let left = await inUse()
  while (Object.values(left).some((count) => count > 0) && performance.now() - ended < idleWithinMs) {
    await sleep(500)
    left = await inUse()
  }
  const idleAfterMs = Math.round(performance.now() - ended)
  const answered = await metric('maskline_calls_ended_total{result="success",reason="caller_hung_up"}')
  const rssMiB = Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${app.pid}/status`, 'utf8'))?.[1]) / 1024)
  return { calls, rate, failed: code === 0 ? 0 : calls - answered, answered, cpuMsPerCall, answerMs: answerMs(), rssMiB, idleAfterMs, left }
}

async function allocate(i: number): Promise<string> {
  const courier = `+46701740${605 + i}`
  const customer = `+46701740${605 + pairs + i}`
  const key = readFileSync(join(dir, 'api.key'), 'utf8').trim()
  const answer = await fetch(`${base}/v1/deliveries`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reference: `bench-${i}`, courier: { phone: courier }, customer: { phone: customer }, ttlSeconds: 7200 })
  })
  if (!answer.ok) throw new Error(`No line: HTTP ${answer.status}.`)
  return `${courier};${(await answer.json() as { number: string }).number}`
}

function sipp(csv: string): Promise<number | null> {
  const scenario = join(root, 'bench', 'sipp', 'courier.xml')
  const args = ['-sf', scenario, '-inf', csv, '-i', '127.0.0.1', '-p', String(callerPort), '-d', values.talk, '-m', String(calls), '-r', String(rate), '-l', '2000', '-trace_shortmsg', '-nostdin', `127.0.0.1:${values.sip}`]
  return new Promise((resolve, reject) => {
    spawn('sipp', args, { cwd: dir, stdio: 'ignore' }).once('exit', resolve).once('error', reject)
  })
}

/** INVITE → 200 as the caller sees it. */
function answerMs(): Record<string, number> {
  const times = answerTimes(dir)
  return { p50: percentile(times, 0.5), p95: percentile(times, 0.95), p99: percentile(times, 0.99), max: percentile(times, 1) }
}

async function metrics(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
}

async function inUse(): Promise<Record<string, number>> {
  const found = [...(await metrics()).matchAll(/^maskline_in_use\{part="(\w+)",what="(\w+)"\} (\d+)$/gm)]
  return Object.fromEntries(found.map(([, part, what, count]) => [`${part}.${what}`, Number(count)]))
}

async function metric(name: string): Promise<number> {
  const line = (await metrics()).split('\n').find((text) => text.startsWith(`${name} `))
  return Number(line?.split(' ')[1] ?? 0)
}

/** User and system time of the application so far; the kernel counts in hundredths of a second. */
function cpuMs(): number {
  const fields = readFileSync(`/proc/${app.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}
