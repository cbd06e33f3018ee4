import { Invariants } from './invariants.js'
import { leftovers, type Left } from './leftovers.js'
import { MemoryWatch, type Growth, type Sample } from './memory.js'
import { startParts, type Engine } from './parts.js'
import { people as makePeople } from './people.js'
import { Random } from './random.js'
import { checkRecords, type Records } from './records.js'
import { summary } from './report.js'
import type { Script } from './scripts.js'
import { Town } from './town.js'

export interface ChurnOptions {
  readonly calls: number
  readonly seed: number
  /** Calls to begin each second. */
  readonly rate: number
  readonly engine: Engine
  /** Runs the sources instead of the build. */
  readonly sources?: boolean
  /** What people do; everything when absent. */
  readonly scripts?: readonly Script[]
}

export interface Churn {
  readonly invariants: Invariants
  readonly left: Left
  /** What the process had open before the first call, and what it has after the last. */
  readonly fds: { readonly before: number, readonly after: number }
  readonly memory: Growth
  readonly samples: readonly Sample[]
  readonly records: Records
  /** Everything, for a report. */
  readonly summary: Readonly<Record<string, unknown>>
}

/** Nothing is in use so long after the last call: transactions linger for 32 s (RFC 3261), lines for a minute. */
const idleWithinMs = 120_000

/** So many calls with hang-ups and cancels at random moments through one whole process, and what is left of them. */
export async function churn({ calls, seed, rate, engine, sources = false, scripts }: ChurnOptions): Promise<Churn> {
  const begunAt = Date.now()
  const invariants = new Invariants()
  const people = await makePeople()
  const parts = await startParts({ people, invariants, engine, processes: 1, sources }).catch(async (error: unknown) => {
    await people.close()
    throw error
  })
  try {
    const [app] = parts.apps
    const { fds: before } = await app!.memory()
    const town = new Town({ api: parts.api, people, invariants, random: new Random(seed), shops: parts.shops, rate, ...(scripts === undefined ? {} : { scripts }) })
    const watch = new MemoryWatch(app!, 5000)
    const watching = watch.run()
    await town.run(() => town.invites + town.callbacks >= calls)
    watch.stop()
    await watching
    const { left, idleAfterMs } = await leftovers(parts, people, idleWithinMs)
    for (const [what, count] of Object.entries(left)) if (count !== 0) invariants.broken('leftover', `${what}: ${count}`)
    await watch.sample()
    const { fds: after } = await app!.memory()
    if (after > before + 5) invariants.broken('leftover', `descriptors: ${before} before, ${after} after`)
    const records = await checkRecords(parts.api, Object.values(parts.shops), town.deliveries.all, begunAt, invariants)
    const ended = Object.values(await app!.metrics('maskline_calls_ended_total{')).reduce((sum, count) => sum + count, 0)
    if (ended !== town.invites + town.callbacks) invariants.broken('record', `${town.invites + town.callbacks} calls, ${ended} of them ended`)
    const seconds = (Date.now() - begunAt) / 1000
    return { invariants, left, fds: { before, after }, memory: watch.growth(), samples: watch.samples, records, summary: { engine, seed, rate, ...summary(town, invariants, seconds), idleAfterMs } }
  } finally {
    await people.close()
    await parts.close()
  }
}
