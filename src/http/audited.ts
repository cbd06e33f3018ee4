import type { FastifyRequest } from 'fastify'
import type { AuditAction, AuditInput } from '../record/audit/types.js'
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
 * Asking for a line (POST /v1/deliveries) is not written down: it is the processing that the shop's contract is about,
 * comes by the hundred per second from its own system, and the delivery that it makes is a record of its own.
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
