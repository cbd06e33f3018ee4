import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from './api.js'
import { failAlong, failuresOf, type Happened } from './failures.js'
import { Invariants } from './invariants.js'
import { leftovers, type Left } from './leftovers.js'
import { MemoryWatch, type Growth, type Sample } from './memory.js'
import { startParts, type Engine } from './parts.js'
import { people as makePeople } from './people.js'
import { Pulse } from './pulse.js'
import { Random } from './random.js'
import { checkRecords, type Records } from './records.js'
import { summary } from './report.js'
import { Town } from './town.js'

export interface SoakOptions {
  readonly minutes: number
  /** Calls to begin each second. */
  readonly rate: number
  readonly seed: number
  readonly engine: Engine
  /** How many people there are; the longer their calls, the more it takes for a rate. */
  readonly phones?: number
}

export interface Soak {
  readonly invariants: Invariants
  readonly left: Left
  readonly happened: readonly Happened[]
  readonly memory: Growth
  readonly samples: readonly Sample[]
  readonly records: Records
  readonly deletionRuns: number
  readonly summary: Readonly<Record<string, unknown>>
}

/** A killed process's calls count for up to a minute and are recorded within a minute and a half. */
const idleWithinMs = 180_000
const sampleEveryMs = 10_000
const deleteEveryMs = 20_000

/** The life of `churn`, for a time, over two processes of the application, while every part is restarted in turn. */
export async function soak({ minutes, rate, seed, engine, phones }: SoakOptions): Promise<Soak> {
  const begunAt = Date.now()
  const invariants = new Invariants()
  const people = await makePeople(phones)
  const parts = await startParts({ people, invariants, engine, processes: 2 }).catch(async (error: unknown) => {
    await people.close()
    throw error
  })
  const pulse = new Pulse(invariants, () => parts.apps.map(({ pid }) => pid))
  try {
    const until = Date.now() + minutes * 60_000
    const over = (): boolean => Date.now() > until
    const town = new Town({ api: parts.api, people, invariants, random: new Random(seed), shops: parts.shops, rate })
    const watch = new MemoryWatch(parts.apps[0]!, sampleEveryMs)
    const watching = watch.run()
    // Every failure comes at least once, and then at most every minute.
    const everyMs = Math.min(60_000, minutes * 60_000 / (failuresOf(parts).length + 1))
    const silence = town.tell()
    const [, happened, deletionRuns] = await Promise.all([town.run(over), failAlong(parts, invariants, everyMs, over), deleteAlong(parts.api, over)])
    silence()
    watch.stop()
    await watching
    await town.deliveries.closeAll()
    const { left, idleAfterMs } = await leftovers(parts, people, idleWithinMs)
    for (const [what, count] of Object.entries(left)) if (count !== 0) invariants.broken('leftover', `${what}: ${count}`)
    await watch.sample()
    watch.judge(invariants)
    const records = await checkRecords(parts.api, Object.values(parts.shops), town.deliveries.all, begunAt, invariants)
    for (const { at, why } of parts.api.repeated) if (!invariants.disturbed(at - 1000, at)) invariants.broken('failed', `a request had to be repeated: ${why}`)
    return {
      invariants, left, happened, memory: watch.growth(), samples: watch.samples, records, deletionRuns,
      summary: { engine, minutes, seed, rate, phones: people.all.length, ...summary(town, invariants, (Date.now() - begunAt) / 1000), idleAfterMs, secondsStarved: pulse.starved }
    }
  } finally {
    pulse.stop()
    await people.close()
    await parts.close()
  }
}

/** Lets what is over be deleted again and again, beside the runs that come by themselves. */
async function deleteAlong(api: Api, over: () => boolean): Promise<number> {
  let runs = 0
  for (let next = Date.now() + deleteEveryMs; !over(); next += deleteEveryMs) {
    while (Date.now() < next && !over()) await sleep(200)
    const { status } = await api.ask('POST', '/v1/retention/runs', { body: {} })
    if (status < 300) runs++
  }
  return runs
}
