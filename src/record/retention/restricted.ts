import type { Restricted } from '../types.js'
import type { Periods } from './periods.js'
import type { Holds } from './types.js'

/**
 * Call records that no normal read shows: what is held or restricted (Art. 18 GDPR), and what is past its own period
 * and only still there because a law asks for it or no run has come yet.
 */
export function createRestricted({ holds, periods, clock = Date.now }: { readonly holds: Pick<Holds, 'covering'>, readonly periods: Pick<Periods, 'cutoff'>, readonly clock?: () => number }): Restricted {
  return async (shopId) => {
    const [covering, before] = await Promise.all([holds.covering(shopId), periods.cutoff(shopId, 'record', clock())])
    return (row) => row.startedAt < before || covering.covers(row)
  }
}
