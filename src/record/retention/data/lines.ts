import type { Lines } from '../../../line/types.js'
import type { Store } from '../../../store/redis.js'
import { retentionKeys } from '../keys.js'
import type { Retention, RetainedData } from '../types.js'

/** A line may be given by the longer period for so long after it was shortened: that is how old a process's view may be. */
const settleMs = 60_000

export interface LineDataOptions {
  readonly store: Store
  readonly lines: Pick<Lines, 'shorten'>
  /** Pool of a shop; undefined when the shop is no more. */
  readonly poolOf: (shopId: string) => string | undefined
  readonly retention: Pick<Retention, 'classes' | 'changes'>
}

/**
 * Deliveries of a shop that has shortened how long it keeps numbers. New ones keep to the periods anyway and go by
 * themselves, so all are looked at only after a shortening: the state knows down to which period that was done.
 */
export function createLineData(name: 'mapping' | 'quarantine', { store, lines, poolOf, retention }: LineDataOptions): RetainedData {
  const field = `done.${name}`
  return {
    name,
    of: 'shops',
    due: async () => 0,
    async delete({ shopId, now, next }) {
      const nothing = { deleted: 0, held: 0, failed: 0, keysDestroyed: 0 }
      const { periodSeconds, defaultSeconds } = (await retention.classes(shopId)).find((one) => one.name === name)!
      const period = periodSeconds ?? 0
      const noted = await store.hget(retentionKeys(shopId).state, field)
      const done = noted === undefined ? defaultSeconds ?? 0 : Number(noted)
      const pool = poolOf(shopId)
      if (pool === undefined) return nothing
      if (period >= done) {
        if (noted === undefined || period > done) await store.hset(retentionKeys(shopId).state, { [field]: period })
        return nothing
      }
      const limits = { lifeSeconds: name === 'mapping' ? period : Infinity, quarantineSeconds: name === 'quarantine' ? period : Infinity, beforeBatch: next }
      const { ended, released } = await lines.shorten(shopId, pool, limits)
      const changedAt = (await retention.changes(shopId)).findLast((change) => change.name === name)?.at ?? 0
      if (changedAt < now - settleMs) await store.hset(retentionKeys(shopId).state, { [field]: period })
      return { ...nothing, deleted: ended + released }
    },
    oldest: async () => undefined
  }
}
