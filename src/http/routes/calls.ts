import { MaskError } from '../../errors.js'
import { reachOf } from '../../record/outcome.js'
import { audited, auditedIfPerson, roughly } from '../audited.js'
import { shopOf } from '../auth.js'
import { once } from '../once.js'
import { DeliveryParam, IdParam } from '../params.js'
import { lastDayOr, numberLimit } from '../query.js'
import { answers, CallQuery, CallRequest, CallsAnswer, CallsOfDelivery, CallStarted, IdempotencyHeader, TraceAnswer } from '../schemas.js'
import { formatTime } from '../time.js'
import type { Api, RouteDeps } from '../types.js'
import { callView } from '../views.js'

const tags = ['calls']
const defaultLimit = 100

/** Records of calls: roles, times and results; and calls that the shop starts. */
export function callRoutes(app: Api, deps: RouteDeps): void {
  startRoute(app, deps)
  readRoutes(app, deps)
  traceRoute(app, deps)
}

function startRoute(app: Api, deps: RouteDeps): void {
  const schema = {
    operationId: 'startCall',
    summary: 'Ring one party, then the other, and connect the two',
    tags,
    params: DeliveryParam,
    headers: IdempotencyHeader,
    body: CallRequest,
    response: answers({ 202: CallStarted }, [
      'delivery_not_found', 'delivery_ended', 'call_limited', 'phone_not_allowed', 'idempotency_mismatch', 'idempotency_in_progress'
    ], { body: true })
  }
  app.post('/deliveries/:id/calls', { schema }, async (request, reply) => {
    const shop = shopOf(request)
    const { id } = request.params
    const { first } = request.body
    const answer = await once<CallStarted>(deps, request, async () => {
      const call = { id: await deps.callbacks.callBack({ shopId: shop.id, deliveryId: id, first }), state: 'ringing' } as const
      await auditedIfPerson(deps, request, 'calls.start', { scope: `${id}: call ${call.id}` })
      return call
    })
    return reply.code(202).header('location', `/v1/deliveries/${id}/calls`).send(answer)
  })
}

function traceRoute(app: Api, deps: RouteDeps): void {
  const schema = {
    operationId: 'traceCall',
    summary: 'What happened in one call: messages of both legs, decisions, prompts',
    tags,
    params: IdParam,
    response: answers({ 200: TraceAnswer }, ['request_invalid', 'call_not_found'])
  }
  app.get('/calls/:id/trace', { schema }, async (request) => {
    const { id } = request.params
    const found = await deps.calls.trace(shopOf(request).id, id)
    if (found === undefined) throw new MaskError('call_not_found')
    await audited(deps, request, 'calls.read', { scope: `call ${id}` })
    return { call: callView(found.call), steps: [...found.steps] }
  })
}

function readRoutes(app: Api, deps: RouteDeps): void {
  const { calls, lines, clock } = deps
  const ofDelivery = {
    operationId: 'callsOfDelivery',
    summary: 'The calls of one delivery, oldest first',
    tags,
    params: DeliveryParam,
    response: answers({ 200: CallsOfDelivery }, ['delivery_not_found'])
  }
  app.get('/deliveries/:id/calls', { schema: ofDelivery }, async (request) => {
    const shop = shopOf(request)
    const { id } = request.params
    const records = await calls.ofDelivery(shop.id, id)
    // Records outlive the delivery; only where there are none does it matter whether it exists.
    if (records.length === 0) await lines.find(shop.id, id)
    await audited(deps, request, 'calls.read', { scope: `${id}: ${roughly(records.length)}` })
    return { calls: records.map(callView), summary: reachOf(records) }
  })

  const list = {
    operationId: 'listCalls',
    summary: 'The calls of the shop within a window of time, oldest first',
    tags,
    querystring: CallQuery,
    response: answers({ 200: CallsAnswer }, ['request_invalid'])
  }
  app.get('/calls', { schema: list, preValidation: numberLimit }, async (request) => {
    const { limit = defaultLimit, cursor } = request.query
    const window = lastDayOr(request.query, clock())
    const page = await calls.list(shopOf(request).id, { ...window, limit, ...(cursor === undefined ? {} : { cursor }) })
    await audited(deps, request, 'calls.read', { scope: `${roughly(page.calls.length)} of ${formatTime(window.from)} to ${formatTime(window.to)}` })
    return { calls: page.calls.map(callView), ...(page.next === undefined ? {} : { next: page.next }) }
  })
}
