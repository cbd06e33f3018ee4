import { poolKey } from '../store/keys.js'
import type { LineContext } from './context.js'
import { scripts } from './scripts.js'

/** A request that was sent may wait in the buffers of a server that hangs, and be carried out later. */
const doubtMs = 60_000
const most = 1000

/**
 * Allocations that failed for want of an answer. Redis may have carried them out nevertheless; as the
 * client was told of a failure, they are taken back as soon as Redis answers, and again for a while.
 */
export class Doubts {
  private readonly ids = new Map<string, { readonly pool: string, readonly until: number }>()

  constructor(private readonly context: LineContext) {}

  /** @param local id without its pool */
  add(pool: string, local: string): void {
    // With so many in doubt the oldest have been taken back long ago.
    if (this.ids.size >= most) this.ids.delete(this.ids.keys().next().value!)
    this.ids.set(local, { pool, until: performance.now() + doubtMs })
  }

  /** @throws store_unavailable; then the next time will do */
  async settle(pool: string): Promise<void> {
    const mine = [...this.ids].filter(([, doubt]) => doubt.pool === pool)
    if (mine.length === 0) return
    const asked = performance.now()
    await this.context.store.run(scripts.discard, [poolKey('pool', pool)], [this.context.now(), ...mine.map(([local]) => local)])
    for (const [local, { until }] of mine) if (until < asked) this.ids.delete(local)
  }
}
