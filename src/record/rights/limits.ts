import { MaskError } from '../../errors.js'
import { keyName } from '../../store/keys.js'
import type { Store } from '../../store/redis.js'
import { int } from '../../store/reply.js'

/**
 * What a shop may do in an hour. Recomputing pseudonyms is the one way from a number to what is stored about it, so its
 * executions are limited, and each stands in the audit trail (EDPB Guidelines 01/2025 ¶109). A call rings somebody.
 */
const perHour = { request: 60, proof: 30, phone: 3 } as const
const hourMs = 3_600_000

export type Limited = keyof typeof perHour

/** Counts one more, of a shop or of one phone in it. @throws MaskError rate_limited */
export async function countIn({ store, shopId, what, whom = '', now }: { store: Store, shopId: string, what: Limited, whom?: string, now: number }): Promise<void> {
  const hour = Math.floor(now / hourMs)
  const key = keyName('rightsrate', `shop.${shopId}`, [what, whom, hour].join(':'))
  const [count] = await store.transaction([['INCR', key], ['PEXPIRE', key, hourMs]])
  if (int(count) > perHour[what]) throw new MaskError('rate_limited', { retryAfter: Math.ceil(((hour + 1) * hourMs - now) / 1000) })
}
