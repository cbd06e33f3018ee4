import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { DeliveryParam } from '../params.js'
import { answers, CredentialsAnswer } from '../schemas.js'
import { formatTime } from '../time.js'
import type { Api, RouteDeps } from '../types.js'

/**
 * /v1/deliveries/{id}/credentials: a SIP account for the courier's app. No Idempotency-Key: a repeated answer would
 * have to hold the password. Whoever lost the answer asks again, which ends the account before.
 */
export function credentialRoutes(app: Api, deps: RouteDeps): void {
  const schema = {
    operationId: 'handOutCredentials',
    summary: 'A SIP account for the courier of a delivery, shown this once; the one before ends',
    tags: ['deliveries'],
    params: DeliveryParam,
    response: answers({ 201: CredentialsAnswer }, ['delivery_not_found', 'delivery_ended', 'accounts_off', 'store_full'])
  }
  app.post('/deliveries/:id/credentials', { schema }, async (request, reply) => {
    const [shopId, id] = [shopOf(request).id, request.params.id]
    const { username, password, domain, expiresAt } = await deps.accounts.handOut(shopId, id)
    const { number } = await deps.lines.find(shopId, id)
    await audited(deps, request, 'deliveries.change', { scope: `${id}: account of courier` })
    return reply.code(201).send({ username, password, domain, uri: `sip:${username}@${domain}`, number, expiresAt: formatTime(expiresAt) })
  })
}
