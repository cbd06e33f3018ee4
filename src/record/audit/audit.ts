import { Anchors } from './anchors.js'
import { ChainEnd } from './append.js'
import type { AuditContext } from './context.js'
import { readHead } from './context.js'
import { listChain, oldestOf } from './list.js'
import { checkInput } from './rules.js'
import { trimChain } from './trim.js'
import type { Audit, AuditVerdict } from './types.js'
import { bare, verifyChain } from './verify.js'

export interface AuditOptions extends Omit<AuditContext, 'clock'> {
  /** Unix time in ms. */
  readonly clock?: () => number
}

export interface AuditTrail extends Audit {
  /** Resolves when every anchor has followed. Never rejects. */
  close(): Promise<void>
}

/**
 * The audit trail: one chain per shop and one of the installation, in Redis. Each entry's hash is an HMAC over the entry
 * ahead, under a key that lies apart from the chain, so that whoever can write into the store cannot make one.
 */
export function createAudit(options: AuditOptions): AuditTrail {
  const context: AuditContext = { clock: Date.now, ...options }
  const anchors = new Anchors(context)
  const ends = new Map<string, ChainEnd>()
  const walks = new Map<string, Promise<AuditVerdict>>()
  const endOf = (shopId: string): ChainEnd => {
    const end = ends.get(shopId) ?? new ChainEnd(context, shopId)
    ends.set(shopId, end)
    return end
  }
  const verify = async (shopId: string, heads: Parameters<Audit['verify']>[1] = []): Promise<AuditVerdict> =>
    verifyChain(context, shopId, await anchors.read(shopId), heads)
  return {
    async append(input) {
      checkInput(input)
      const entry = await endOf(input.shopId).append(input)
      anchors.grown(input.shopId)
      return entry
    },
    list: (shopId, query) => listChain(context, shopId, query),
    async verify(shopId, heads) {
      if (heads !== undefined) return verify(shopId, heads)
      // A walk costs: those who ask at the same time share one.
      const walk = walks.get(shopId) ?? verify(shopId).finally(() => walks.delete(shopId))
      walks.set(shopId, walk)
      return walk
    },
    async head(shopId) {
      const head = await readHead(context, shopId)
      return head && bare(head)
    },
    oldest: (shopId) => oldestOf(context, shopId),
    trim: (shopId, before) => trimChain(context, shopId, before),
    close: () => anchors.settle()
  }
}
