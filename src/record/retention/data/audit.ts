import type { Audit } from '../../audit/types.js'
import type { Periods } from '../periods.js'
import type { Runs } from '../runs.js'
import type { RetainedData } from '../types.js'
import { earliest } from './keys.js'

/** The audit trail: its oldest entries go behind a signed checkpoint. */
export function createAuditData(audit: Pick<Audit, 'oldest' | 'trim'>): RetainedData {
  return {
    name: 'audit',
    of: 'both',
    // How many is known when they are gone; that there are some is enough to tell a failure.
    due: async ({ shopId, before }) => (await audit.oldest(shopId) ?? Infinity) < before ? 1 : 0,
    async delete({ shopId, before, next }) {
      await next()
      return { deleted: await audit.trim(shopId, before), held: 0, failed: 0, keysDestroyed: 0 }
    },
    oldest: (shopId) => audit.oldest(shopId)
  }
}

/** What deletion runs write themselves: reports, and settings that hold no more. */
export function createOwnData(runs: Runs, periods: Periods): RetainedData {
  return {
    name: 'audit',
    of: 'both',
    due: async ({ shopId, before }) => await runs.countBefore(shopId, before) + await periods.forgettable(shopId, before),
    async delete({ shopId, before, fence, next }) {
      await next()
      const deleted = await runs.dropBefore(shopId, before, fence) + await periods.forget(shopId, before)
      return { deleted, held: 0, failed: 0, keysDestroyed: 0 }
    },
    oldest: async (shopId) => earliest([await runs.oldest(shopId)].filter((time) => time !== undefined))
  }
}
