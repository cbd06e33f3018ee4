import type { FastifyRequest } from 'fastify'
import type { AuditAction, AuditInput } from '../record/audit/types.js'
import { smallest } from '../record/statistics/suppress.js'
import { mayAct } from '../shop/access.js'
import { shopOf } from './auth.js'
import type { RouteDeps } from './types.js'

interface About {
  /** Ids, classes and counts of ours; never a value of a person. */
  readonly scope?: string
  readonly reason?: string
  readonly result?: AuditInput['result']
}

/**
 * Writes into the shop's audit trail what the one who asks has just done or is about to be shown. To be awaited before
 * the answer: what cannot be written down is not answered.
 * @throws MaskError store_unavailable, store_full, request_invalid for a reason with a phone number in it
 */
export async function audited({ audit }: RouteDeps, request: FastifyRequest, action: AuditAction, about: About = {}): Promise<void> {
  const { id, roles } = request.actor
  const { scope, reason, result = 'done' } = about
  await audit.append({
    shopId: shopOf(request).id,
    actor: { id, roles },
    action,
    result,
    ...(scope === undefined ? {} : { scope }),
    ...(reason === undefined ? {} : { reason })
  })
}

/** How many calls somebody looked at, for the trail: auditors read it, who must not learn how few calls there were (G22). */
export function roughly(calls: number): string {
  return `${calls > 0 && calls < smallest ? `fewer than ${smallest}` : calls} calls`
}

/**
 * The same for what a shop's own system does once for every delivery, by the hundred per second: written down only when
 * the key is more than an `app`, so when a person may be behind it. Asking for a line (POST /v1/deliveries) is never
 * written down. Both are the very processing that the contract with the shop is about, and the delivery and its calls are
 * their own record; a second one for each would cost a round trip, and years of it more memory than all else.
 */
export async function auditedIfPerson(deps: RouteDeps, request: FastifyRequest, action: AuditAction, about: About = {}): Promise<void> {
  if (mayAct(request.actor, 'admin', 'auditor', 'operator')) await audited(deps, request, action, about)
}
