/**
 * What a call costs through each media engine, beside peers that do less: `npm run bench:engines`.
 * Real sockets, one machine, one contender after the other in each round, the order turned round every time. After some
 * hundred calls that do not count, calls one at a time, with sound: how long until the callee's phone rings, until the
 * caller hears the answer, until both hear each other. Then calls at a rising rate, until one fails. Prints a table on
 * standard error and JSON on standard output.
 *
 * `--quick`: fewer of everything. `--rounds 3 --warm 90 --calls 40 --seconds 8 --sustain 0`: what is done in a round; `--sustain 60` holds
 * the highest rate so long. Other servers by the environment as in production, and FreeSWITCH's own bridge as
 * `MASKLINE_BENCH_BRIDGE=sip:127.0.0.1:PORT,GATEWAY-PORT`. `--sip` is the port of the SIP server, `--gateway` where calls go.
 */
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { contenders, type Ports, type Running } from './engines/contenders.js'
import { Pair, type CallTimes } from './engines/pair.js'

const { values } = parseArgs({ options: {
  quick: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' }, calls: { type: 'string', default: '40' }, seconds: { type: 'string', default: '8' }, warm: { type: 'string', default: '90' }, sustain: { type: 'string', default: '0' },
  sip: { type: 'string', default: '5260' }, http: { type: 'string', default: '3260' }, gateway: { type: 'string', default: '5270' }
} })
const rounds = values.quick ? 1 : Number(values.rounds)
const calls = values.quick ? 10 : Number(values.calls)
const seconds = values.quick ? 3 : Number(values.seconds)
const ports: Ports = { sip: Number(values.sip), http: Number(values.http), gateway: Number(values.gateway) }
/** Calls a second that are tried, one after the other. */
const rates = values.quick ? [10, 40] : [10, 20, 40, 60, 80, 120, 160, 200, 250, 300]
/** Calls a second before those that are measured, for so many seconds: a server that has served some hundreds runs other machine code than one that has just started. */
const [warmRate, warmSeconds] = [10, values.quick ? 3 : Number(values.warm)]
const ringMs = 150
const talkMs = 300

interface Result {
  readonly times: CallTimes[]
  readonly callsPerSecond: number[]
  readonly cpuMsPerCall: number[]
  sustained?: { readonly rate: number, readonly seconds: number, readonly failed: number }
}

const pair = await Pair.open(ports.gateway, ringMs)
const results = new Map<string, Result>()
const able = contenders.filter(({ skipped }) => skipped === undefined)
try {
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 === 0 ? able : [...able].reverse()) {
      say(`round ${round + 1} of ${rounds}: ${contender.name}`)
      const running = await contender.start(ports)
      try {
        await measure(running, resultOf(contender.name), round === rounds - 1)
      } finally {
        await running.stop()
      }
    }
  }
} finally {
  await pair.close()
}
report()

function resultOf(name: string): Result {
  const result = results.get(name) ?? { times: [], callsPerSecond: [], cpuMsPerCall: [] }
  results.set(name, result)
  return result
}

async function measure({ port, lines, cpuMs }: Running, result: Result, last: boolean): Promise<void> {
  pair.target(port)
  await atRate(lines, warmRate, warmSeconds)
  await sleep(1500)
  for (let at = 0; at < calls; at++) result.times.push(await pair.measured(lines[at % lines.length]!))
  let best = 0
  for (const rate of rates) {
    const before = cpuMs?.()
    const failed = await atRate(lines, rate, seconds)
    if (failed > 0) break
    best = rate
    // The cost of a call is that at a rate which all of them bear.
    if (rate === 20 && before !== undefined) result.cpuMsPerCall.push((cpuMs!() - before) / (rate * seconds))
  }
  result.callsPerSecond.push(best)
  if (last && Number(values.sustain) > 0 && best > 0) result.sustained = await sustained(lines, best)
  // What was begun at the last rate ends before the next contender has the ports.
  await sleep(1500)
}

/** The highest rate that holds for so long; a fifth less as often as it does not. */
async function sustained(lines: Running['lines'], from: number): Promise<NonNullable<Result['sustained']>> {
  for (let rate = from; ; rate = Math.floor(rate * 0.8)) {
    await sleep(3000)
    const failed = await atRate(lines, rate, Number(values.sustain))
    if (failed === 0 || rate <= 5) return { rate, seconds: Number(values.sustain), failed }
  }
}

/** @returns how many calls failed */
async function atRate(lines: Running['lines'], rate: number, forSeconds: number): Promise<number> {
  const under: Promise<boolean>[] = []
  const begun = performance.now()
  const wanted = rate * forSeconds
  while (under.length < wanted) {
    const due = Math.min(wanted, Math.floor((performance.now() - begun) / 1000 * rate) + 1)
    while (under.length < due) under.push(pair.plain(lines[under.length % lines.length]!, talkMs))
    await sleep(2)
  }
  return (await Promise.all(under)).filter((fine) => !fine).length
}

function report(): void {
  const bare = summary(results.get('bare pass-through')!)
  const rows = contenders.map(({ name, skipped }) => {
    const result = results.get(name)
    if (result === undefined) return { name, skipped }
    const own = summary(result)
    return { name, ...own, toBare: { inviteP95: ratio(own.inviteMs.p95, bare.inviteMs.p95), setUpP95: ratio(own.setUpMs.p95, bare.setUpMs.p95), callsPerSecond: ratio(own.callsPerSecond, bare.callsPerSecond) }, ...(result.sustained === undefined ? {} : { sustained: result.sustained }) }
  })
  say(table(rows))
  const server = process.env.MASKLINE_DRACHTIO_URL === undefined ? 'embedded SIP server' : 'drachtio-server'
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), server, cores: cpus().length, node: process.version, rounds, calls, ringMs, contenders: rows }, undefined, 2)}\n`)
}

function summary({ times, callsPerSecond, cpuMsPerCall }: Result): { inviteMs: Spread, answerMs: Spread, setUpMs: Spread, audioMs: Spread, silent: number, callsPerSecond: number, callsPerSecondOfRounds: number[], cpuMsPerCall?: number } {
  const of = (value: (time: CallTimes) => number): Spread => spread(times.map(value).filter((ms) => !Number.isNaN(ms)))
  return {
    inviteMs: of(({ invite }) => invite), answerMs: of(({ answer }) => answer), setUpMs: of(({ invite, answer }) => invite + answer), audioMs: of(({ audio }) => audio), silent: times.filter(({ audio }) => Number.isNaN(audio)).length,
    callsPerSecond: median(callsPerSecond), callsPerSecondOfRounds: callsPerSecond, ...(cpuMsPerCall.length === 0 ? {} : { cpuMsPerCall: rounded(median(cpuMsPerCall)) })
  }
}

interface Spread { readonly p50: number, readonly p95: number }

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other)
  const at = (share: number): number => rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN)
  return { p50: at(0.5), p95: at(0.95) }
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}

function ratio(one: number, other: number): number {
  return Math.round(one / other * 100) / 100
}

function table(rows: readonly object[]): string {
  const cells = (rows as ({ name: string, skipped?: string } & Partial<ReturnType<typeof summary>>)[]).map((row) => row.inviteMs === undefined
    ? [row.name, `skipped: ${row.skipped}`]
    : [row.name, both(row.inviteMs), both(row.answerMs!), both(row.audioMs!), String(row.callsPerSecond), row.cpuMsPerCall === undefined ? '' : String(row.cpuMsPerCall)])
  const head = ['', 'INVITE → INVITE', '200 → 200', '200 → sound both ways', 'calls/s', 'CPU ms a call']
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function both({ p50, p95 }: Spread): string {
  return `${p50} / ${p95} ms`
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
