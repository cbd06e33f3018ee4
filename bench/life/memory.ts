import { setTimeout as sleep } from 'node:timers/promises'
import type { Invariants } from './invariants.js'
import type { AppProcess } from './processes.js'

export interface Sample {
  /** Seconds after the start. */
  readonly at: number
  /** MiB. */
  readonly rss: number
  /** MiB, garbage not counted. */
  readonly heap: number
  /** Open file descriptors. */
  readonly fds: number
}

export interface Growth {
  readonly first: Sample
  readonly last: Sample
  /** MiB an hour, by a straight line through the samples after the first third, when code is warm and caches are full. */
  readonly rssSlope: number
  readonly heapSlope: number
}

/** MiB that a process may have more in the end than when it was warm; what it remembers has bounds (keys, sounds, statements). */
const [mostHeapGrowth, mostRssGrowth] = [15, 60]
/** Descriptors of connections that come and go. */
const mostMoreDescriptors = 10

const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024 * 10) / 10

/** Looks at a process now and then. */
export class MemoryWatch {
  readonly samples: Sample[] = []
  readonly #begun = performance.now()
  #stopped = false

  constructor(private readonly app: AppProcess, private readonly everyMs: number) {}

  async run(): Promise<void> {
    while (!this.#stopped) {
      await this.sample()
      await sleep(this.everyMs)
    }
  }

  async sample(): Promise<void> {
    const memory = await this.app.memory().catch(() => undefined)
    if (memory !== undefined) this.samples.push({ at: Math.round((performance.now() - this.#begun) / 1000), rss: mib(memory.rss), heap: mib(memory.heap), fds: memory.fds })
  }

  stop(): void {
    this.#stopped = true
  }

  /** Descriptors before the first call and after the last. */
  get fds(): { readonly before: number, readonly after: number } {
    return { before: this.samples[0]?.fds ?? 0, after: this.samples.at(-1)?.fds ?? 0 }
  }

  /** Is anything kept that should be given back? Only after a run that was long enough to get warm in. */
  judge(invariants: Invariants): void {
    const { first, last } = this.growth()
    const { before, after } = this.fds
    if (last.heap - first.heap > mostHeapGrowth || last.rss - first.rss > mostRssGrowth) invariants.broken('growth', `heap ${first.heap} to ${last.heap} MiB, resident ${first.rss} to ${last.rss} MiB`)
    if (after - before > mostMoreDescriptors) invariants.broken('growth', `descriptors: ${before} before, ${after} after`)
  }

  growth(): Growth {
    const warm = this.samples.slice(Math.floor(this.samples.length / 3))
    return { first: warm[0]!, last: warm.at(-1)!, rssSlope: slope(warm, ({ rss }) => rss), heapSlope: slope(warm, ({ heap }) => heap) }
  }
}

/** Least squares, in units an hour. */
function slope(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const [at, value] = [mean(samples.map((sample) => sample.at)), mean(samples.map(of))]
  const spread = samples.reduce((sum, sample) => sum + (sample.at - at) ** 2, 0)
  return spread === 0 ? 0 : Math.round(samples.reduce((sum, sample) => sum + (sample.at - at) * (of(sample) - value), 0) / spread * 3600 * 10) / 10
}
