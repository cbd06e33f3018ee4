import { Invariants } from './invariants.js'
import { countedIn, leftovers, type Left } from './leftovers.js'
import { MemoryWatch, type Growth, type Sample } from './memory.js'
import { startParts, type Engine } from './parts.js'
import { people as makePeople } from './people.js'
import { Pulse } from './pulse.js'
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
  /** How many people there are; the longer their calls, the more it takes for a rate. */
  readonly phones?: number
  /** Runs the sources instead of the build. */
  readonly sources?: boolean
  /** What people do; everything when absent. */
  readonly scripts?: readonly Script[]
  /** Milliseconds after the last call within which everything must be given back; transactions linger for 32 s (RFC 3261). */
  readonly idleWithinMs?: number
  /** Says on standard error how far it is. */
  readonly tells?: boolean
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

/** From so many calls on memory says something. */
const warmCalls = 2000

/** So many calls with hang-ups and cancels at random moments through one whole process, and what is left of them. */
export async function churn({ calls, seed, rate, engine, phones, sources = false, scripts, idleWithinMs = 120_000, tells = false }: ChurnOptions): Promise<Churn> {
  const begunAt = Date.now()
  const invariants = new Invariants()
  const people = await makePeople(phones)
  const parts = await startParts({ people, invariants, engine, processes: 1, sources }).catch(async (error: unknown) => {
    await people.close()
    throw error
  })
  const pulse = new Pulse(invariants, () => parts.apps.map(({ pid }) => pid))
  try {
    const [app] = parts.apps
    const { fds: before } = await app!.memory()
    const town = new Town({ api: parts.api, people, invariants, random: new Random(seed), shops: parts.shops, rate, ...(scripts === undefined ? {} : { scripts }) })
    const watch = new MemoryWatch(app!, 5000)
    const watching = watch.run()
    const silence = tells ? town.tell() : () => undefined
    await town.run(() => town.calls >= calls)
    silence()
    watch.stop()
    await watching
    // Looked at while the deliveries live: with them it would go, too.
    const counted = await countedIn(parts)
    if (counted > 0) invariants.broken('leftover', `${counted} calls are counted in and over`)
    await town.deliveries.closeAll()
    const { left, idleAfterMs } = await leftovers(parts, people, idleWithinMs)
    for (const [what, count] of Object.entries(left)) if (count !== 0) invariants.broken('leftover', `${what}: ${count}`)
    await watch.sample()
    if (calls >= warmCalls) watch.judge(invariants)
    const { fds: after } = await app!.memory()
    if (after > before + 5) invariants.broken('leftover', `descriptors: ${before} before, ${after} after`)
    const records = await checkRecords(parts.api, Object.values(parts.shops), town.deliveries.all, begunAt, invariants)
    const sumOf = async (name: string): Promise<number> => Object.values(await app!.metrics(name)).reduce((sum, count) => sum + count, 0)
    const ended = await sumOf('maskline_calls_ended_total{') + await sumOf('maskline_overload_refused_total{what="call"}')
    if (ended !== town.calls) invariants.broken('record', `${town.calls} calls, ${ended} of them ended`)
    const seconds = (Date.now() - begunAt) / 1000
    return { invariants, left, fds: { before, after }, memory: watch.growth(), samples: watch.samples, records, summary: { engine, seed, rate, phones: people.all.length, ...summary(town, invariants, seconds), idleAfterMs, secondsStarved: pulse.starved } }
  } finally {
    pulse.stop()
    await people.close()
    await parts.close()
  }
}
