import { Type } from 'typebox'
import type { Role } from '../../shop/access.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { deliveryId } from '../delivery-input.js'
import { once } from '../once.js'
import { IdParam } from '../params.js'
import { timeOf } from '../query.js'
import { HoldAnswer, HoldRequest, HoldsAnswer, ReasonRequest } from '../retention-schemas.js'
import { holdView } from '../retention-views.js'
import { answers, IdempotencyHeader } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'

const tags = ['retention']
const admins: readonly Role[] = ['admin']

/** /v1/holds: what is neither deleted nor shown until a time, because of a claim or because a person asked for it. */
export function holdRoutes(app: Api, deps: RouteDeps): void {
  listRoute(app, deps)
  createRoute(app, deps)
  endRoute(app, deps)
}

function listRoute(app: Api, deps: RouteDeps): void {
  const schema = { operationId: 'listHolds', summary: 'The holds and restrictions in force, the one that ends first comes first', tags, response: answers({ 200: HoldsAnswer }, []) }
  app.get('/holds', { schema, config: { roles: ['admin', 'auditor'] } }, async (request) => {
    const holds = await deps.retention.holds.list(shopOf(request).id)
    await audited(deps, request, 'retention.read', { scope: `${holds.length} holds` })
    return { holds: holds.map(holdView) }
  })
}

function createRoute(app: Api, deps: RouteDeps): void {
  const schema = {
    operationId: 'createHold',
    summary: 'Keep the call records of a delivery, closed to every normal read, until a time',
    tags,
    headers: IdempotencyHeader,
    body: HoldRequest,
    response: answers({ 201: HoldAnswer }, ['delivery_not_found', 'holds_too_many', 'idempotency_mismatch', 'idempotency_in_progress'], { body: true })
  }
  app.post('/holds', { schema, config: { roles: admins } }, async (request, reply) => {
    const shopId = shopOf(request).id
    const { kind = 'hold', reason, endsAt } = request.body
    const id = deliveryId(request.body.deliveryId)
    const end = timeOf(endsAt, 'endsAt')!
    const answer = await once<HoldAnswer>(deps, request, async () => {
      // A hold on a name that was mistyped would keep nothing.
      if (!await deps.retention.recorded(shopId, id)) await deps.lines.find(shopId, id)
      return holdView(await deps.retention.holds.create({ shopId, kind, scope: { deliveryId: id }, reason, endsAt: end, actor: request.actor }))
    })
    return reply.code(201).send(answer)
  })
}

function endRoute(app: Api, deps: RouteDeps): void {
  const schema = { operationId: 'endHold', summary: 'End a hold before its time', tags, params: IdParam, body: ReasonRequest, response: answers({ 204: Type.Null() }, ['hold_not_found'], { body: true }) }
  app.delete('/holds/:id', { schema, config: { roles: admins } }, async (request, reply) => {
    const { id } = request.params
    await deps.retention.holds.end(shopOf(request).id, id, { actor: request.actor, reason: request.body.reason })
    return reply.code(204).send(null)
  })
}
