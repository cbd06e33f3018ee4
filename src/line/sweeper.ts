import { errorFields } from '../telemetry/log.js'
import { poolKey } from '../store/keys.js'
import { int, list } from '../store/reply.js'
import type { LineContext } from './context.js'
import type { Doubts } from './doubts.js'
import { warmPeople } from './people.js'
import { scripts } from './scripts.js'
import { refresh } from './stock.js'

const everyMs = 1000
/** The key ring forgets what nobody used for ten minutes. */
const warmEveryMs = 300_000
/** Deliveries per script call: about a millisecond of Redis's time. */
const batch = 200

/** Gives memory and counts back in the background. Nobody is connected wrongly when it is late. */
export class Sweeper {
  private readonly timer: NodeJS.Timeout
  private running: Promise<number> | undefined
  private stopped = false
  private warmedAt = -Infinity

  constructor(private readonly context: LineContext, private readonly doubts: Doubts) {
    this.timer = setInterval(() => void this.sweep(), everyMs).unref()
  }

  /** Looks at everything that is due. Never rejects. @returns how many deliveries were looked at */
  async sweep(): Promise<number> {
    this.running ??= this.sweepAll().finally(() => { this.running = undefined })
    return await this.running
  }

  async stop(): Promise<void> {
    this.stopped = true
    clearInterval(this.timer)
    await this.running
  }

  private async sweepAll(): Promise<number> {
    let total = 0
    for (const { id } of this.context.config.pools) {
      try {
        total += await this.sweepPool(id)
      } catch (error) {
        this.context.log.warn('line.sweep_failed', { poolId: id, ...errorFields(error) })
      }
    }
    await this.warm()
    return total
  }

  private async warm(): Promise<void> {
    if (performance.now() - this.warmedAt < warmEveryMs) return
    this.warmedAt = performance.now()
    await warmPeople(this.context.keys)
  }

  private async sweepPool(pool: string): Promise<number> {
    await this.doubts.settle(pool)
    let total = 0
    for (let seen = batch; seen === batch && !this.stopped;) {
      const [looked, version, ...epochs] = list(await this.context.store.run(scripts.sweep, [poolKey('pool', pool)], [this.context.now(), batch]))
      seen = int(looked)
      total += seen
      this.context.tags.learn(pool, epochs)
      // Another process has changed the numbers.
      if (int(version) !== this.context.plan.versionOf(pool)) await refresh(this.context, pool)
    }
    await this.context.tags.warm(pool)
    return total
  }
}
