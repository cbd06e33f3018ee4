import { setTimeout as sleep } from 'node:timers/promises'
import type { Invariants } from './invariants.js'
import type { Parts } from './parts.js'

/** Something that happens to a part, from which the site recovers by itself. */
export interface Failure {
  readonly name: string
  /** Milliseconds after the recovery in which a call may still feel it; undefined where no call may ever. */
  readonly feltForMs?: number
  readonly play: (parts: Parts, invariants: Invariants) => Promise<void>
}

/** How long a server stays away (ms). */
const awayMs = 1500

const ready = (parts: Parts): Promise<unknown> => Promise.all(parts.apps.map((app) => app.ready()))

async function restart(parts: Parts, server: { stop(signal: NodeJS.Signals): Promise<void>, start(): Promise<void> }, signal: NodeJS.Signals): Promise<void> {
  await server.stop(signal)
  await sleep(awayMs)
  await server.start()
  await ready(parts)
}

/** The second process is the one that is replaced, so that the memory of the first one is seen over the whole time. */
const second = 1

/** What happens to each part, in turn. */
export function failuresOf(parts: Parts): readonly Failure[] {
  const { sip } = parts
  return [
    {
      name: 'process drained and replaced', play: async (parts, invariants) => {
        const how = await parts.replaceApp(second, 'SIGTERM')
        if (how !== 0) invariants.broken('process', `a process that drained ended with ${String(how)}`)
      }
    },
    { name: 'Redis restarted', feltForMs: 5000, play: (parts) => restart(parts, parts.redis, 'SIGTERM') },
    { name: 'process killed', feltForMs: 5000, play: async (parts) => { await parts.replaceApp(second, 'SIGKILL') } },
    { name: 'key store restarted', feltForMs: 0, play: (parts) => restart(parts, parts.keys, 'SIGTERM') },
    ...(sip === undefined ? [] : [{ name: 'SIP server killed', feltForMs: 5000, play: (parts: Parts) => restart(parts, sip, 'SIGKILL') }]),
    ...(parts.rtpengine() === undefined ? [] : [{
      name: 'rtpengine killed', feltForMs: 5000, play: async (parts: Parts) => {
        await parts.restartRtpengine(awayMs)
        await ready(parts)
      }
    }])
  ]
}

export interface Happened {
  readonly what: string
  /** Seconds after the start, and until everything was ready again. */
  readonly at: number
  readonly seconds: number
}

/** Lets one failure after the other happen, evenly over a time, until it is over. */
export async function failAlong(parts: Parts, invariants: Invariants, everyMs: number, over: () => boolean): Promise<Happened[]> {
  const [begun, happened, failures] = [performance.now(), [] as Happened[], failuresOf(parts)]
  for (let turn = 0; ; turn++) {
    const due = begun + (turn + 0.5) * everyMs
    while (performance.now() < due && !over()) await sleep(200)
    if (over()) return happened
    const { name, feltForMs, play } = failures[turn % failures.length]!
    const from = performance.now()
    const recovered = feltForMs === undefined ? undefined : invariants.disturb(name)
    await play(parts, invariants)
    recovered?.(feltForMs!)
    happened.push({ what: name, at: Math.round((from - begun) / 1000), seconds: Math.round((performance.now() - from) / 100) / 10 })
  }
}
