import { MaskError } from '../../errors.js'
import type { NewDelivery } from '../../line/types.js'
import { parseCountry } from '../../phone/e164.js'
import type { Country } from '../../phone/types.js'
import type { ShopSettings } from '../../shop/settings.js'
import type { Shop } from '../../shop/shops.js'
import { audited, auditedIfPerson } from '../audited.js'
import { shopOf } from '../auth.js'
import { deliveryInput, refuseEqual, type DeliveryInput } from '../delivery-input.js'
import { once } from '../once.js'
import { DeliveryParam } from '../params.js'
import { answers, ChangeRequest, DeliveryAnswer, DeliveryRequest, IdempotencyHeader, NewDeliveryAnswer, PhoneRequest } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'
import { deliveryView, newDeliveryView } from '../views.js'

const tags = ['deliveries']
const phoneCodes = ['phone_invalid', 'phone_not_allowed', 'phone_emergency', 'phone_is_proxy'] as const
const changeCodes = ['delivery_not_found', 'delivery_ended', 'phone_in_use', 'phone_in_delivery'] as const

/** /v1/deliveries: ask for a line, look at it, change it, end it. */
export function deliveryRoutes(app: Api, deps: RouteDeps): void {
  const input = deliveryInput(deps.config.line, deps.lines, deps.clock)
  createRoute(app, deps, input)
  readRoute(app, deps)
  changeRoute(app, deps, input)
  closeRoute(app, deps)
  phoneRoute(app, deps, input)
}

function createRoute(app: Api, deps: RouteDeps, input: DeliveryInput): void {
  const schema = {
    operationId: 'createDelivery',
    summary: 'Ask for a line between a courier and a customer',
    tags,
    headers: IdempotencyHeader,
    body: DeliveryRequest,
    response: answers({ 201: NewDeliveryAnswer }, [
      ...phoneCodes, 'phones_equal', 'expiry_invalid', 'country_unknown', 'reference_in_use',
      'idempotency_mismatch', 'idempotency_in_progress', 'pool_exhausted', 'pool_drained'
    ], { body: true })
  }
  app.post('/deliveries', { schema }, async (request, reply) => {
    const shop = shopOf(request)
    const wanted = newDelivery(request.body, shop, input, await deps.settings.of(shop.id))
    await refuseLonger(deps, request.body, wanted)
    const answer = await once(deps, request, () => allocate(deps, wanted))
    return reply.code(201).header('location', `/v1/deliveries/${answer.id}`).send(answer)
  })
}

function newDelivery(body: DeliveryRequest, shop: Shop, input: DeliveryInput, settings: ShopSettings): NewDelivery {
  const courier = input.phone(body.courier.phone, 'courier.phone')
  const customer = input.phone(body.customer.phone, 'customer.phone')
  const expiresAt = input.expiry(body)
  if (expiresAt === undefined) throw new MaskError('request_invalid', { field: 'ttlSeconds' })
  return {
    shopId: shop.id,
    poolId: shop.pool,
    reference: body.reference,
    courier,
    customer,
    expiresAt,
    quarantineSeconds: settings.quarantineSeconds,
    direction: body.direction ?? 'both',
    geo: { fallback: settings.numberCountries as Country[], strict: settings.numberCountryStrict },
    ...(body.country === undefined ? {} : { country: parseCountry(body.country, 'country') })
  }
}

/**
 * A delivery lives no longer than the shop keeps the numbers of people (the retention class `mapping`), counted from
 * its beginning. @throws expiry_invalid, delivery_not_found
 */
async function refuseLonger({ retention, config, lines, clock }: RouteDeps, { ttlSeconds }: { readonly ttlSeconds?: number }, { shopId, expiresAt, id }: { readonly shopId: string, readonly expiresAt: number, readonly id?: string }): Promise<void> {
  const longest = await retention.periods.period(shopId, 'mapping') ?? config.line.maxTtlSeconds
  if (longest >= config.line.maxTtlSeconds) return
  const createdAt = id === undefined ? clock() : (await lines.find(shopId, id)).createdAt
  if (expiresAt > createdAt + longest * 1000) throw new MaskError('expiry_invalid', { field: ttlSeconds === undefined ? 'expiresAt' : 'ttlSeconds' })
}

async function allocate(deps: RouteDeps, wanted: NewDelivery): Promise<NewDeliveryAnswer> {
  const delivery = await deps.lines.allocate(wanted)
  deps.events.emit('delivery.created', { deliveryId: delivery.id, shopId: delivery.shopId, at: delivery.createdAt })
  return newDeliveryView(delivery)
}

function readRoute(app: Api, deps: RouteDeps): void {
  const schema = {
    operationId: 'readDelivery',
    summary: 'Look at a delivery',
    tags,
    params: DeliveryParam,
    response: answers({ 200: DeliveryAnswer }, ['delivery_not_found'])
  }
  app.get('/deliveries/:id', { schema }, async (request) => {
    const delivery = await deps.lines.find(shopOf(request).id, request.params.id)
    await auditedIfPerson(deps, request, 'deliveries.read', { scope: delivery.id })
    return deliveryView(delivery)
  })
}

function changeRoute(app: Api, deps: RouteDeps, input: DeliveryInput): void {
  const schema = {
    operationId: 'changeDelivery',
    summary: 'Change the expiry, the direction or the phone of a party',
    tags,
    params: DeliveryParam,
    body: ChangeRequest,
    response: answers({ 200: DeliveryAnswer }, [...changeCodes, ...phoneCodes, 'phones_equal', 'expiry_invalid'], { body: true })
  }
  app.patch('/deliveries/:id', { schema }, async (request) => {
    const { body } = request
    const courier = body.courier && input.phone(body.courier.phone, 'courier.phone')
    const customer = body.customer && input.phone(body.customer.phone, 'customer.phone')
    refuseEqual(courier, customer)
    const expiresAt = input.expiry(body)
    const change = {
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(body.direction === undefined ? {} : { direction: body.direction }),
      ...(courier === undefined ? {} : { courier }),
      ...(customer === undefined ? {} : { customer })
    }
    const [shopId, id] = [shopOf(request).id, request.params.id]
    if (expiresAt !== undefined) await refuseLonger(deps, body, { shopId, expiresAt, id })
    // First: should the change fail, an account too few harms nobody, one of the courier before would.
    if (courier !== undefined) await deps.accounts.end(shopId, id)
    const delivery = await deps.lines.change(shopId, id, change)
    await audited(deps, request, 'deliveries.change', { scope: `${delivery.id}: ${Object.keys(change).join(', ')}` })
    return deliveryView(delivery)
  })
}

function closeRoute(app: Api, deps: RouteDeps): void {
  const { lines, events, clock } = deps
  const schema = {
    operationId: 'closeDelivery',
    summary: 'End a delivery now; a call that is under way goes on',
    tags,
    params: DeliveryParam,
    response: answers({ 200: DeliveryAnswer }, ['delivery_not_found', 'store_full'])
  }
  app.delete('/deliveries/:id', { schema }, async (request) => {
    const shop = shopOf(request)
    const id = request.params.id
    const before = await lines.find(shop.id, id)
    const after = await lines.close(shop.id, id)
    await deps.accounts.end(shop.id, id)
    // A second close answers the same but is no news.
    if (before.state === 'live') events.emit('delivery.closed', { deliveryId: id, shopId: shop.id, at: after.endedAt ?? clock() })
    await auditedIfPerson(deps, request, 'deliveries.close', { scope: id })
    return deliveryView(after)
  })
}

function phoneRoute(app: Api, deps: RouteDeps, input: DeliveryInput): void {
  const schema = {
    operationId: 'addPhone',
    summary: 'Let a party call from one more phone',
    tags,
    params: DeliveryParam,
    headers: IdempotencyHeader,
    body: PhoneRequest,
    response: answers({ 200: DeliveryAnswer }, [...changeCodes, ...phoneCodes, 'phones_too_many', 'idempotency_mismatch', 'idempotency_in_progress'], { body: true })
  }
  app.post('/deliveries/:id/phones', { schema }, async (request) => {
    const phone = input.phone(request.body.phone, 'phone')
    const { party } = request.body
    const add = async (): Promise<DeliveryAnswer> => {
      const delivery = await deps.lines.addPhone(shopOf(request).id, request.params.id, party, phone)
      await audited(deps, request, 'deliveries.change', { scope: `${delivery.id}: phone of ${party}` })
      return deliveryView(delivery)
    }
    return once(deps, request, add)
  })
}
