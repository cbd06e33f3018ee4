import type { FastifyRequest } from 'fastify'
import { MaskError } from '../../errors.js'
import { mayHoldPhone } from '../../record/audit/rules.js'
import type { AuditAction } from '../../record/audit/types.js'
import type { Shop, Shops } from '../../shop/shops.js'
import { KeyRequest, KeysAnswer, refs, type ShopAnswer, ShopChangeRequest, ShopRequest, ShopsAnswer } from '../access-schemas.js'
import { keyView, newKeyOf, newKeyView } from '../key-input.js'
import { once } from '../once.js'
import { ShopKeyParam, ShopParam } from '../params.js'
import { answers, IdempotencyHeader } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'
import { keyScope } from './keys.js'

const tags = ['access']
const config = { roles: ['operator'] as const }
/** Chains of the audit trail that are no shop's. */
const reserved: readonly string[] = ['system', 'cli']

/** /v1/shops: tenants of the installation and their first keys, for its operator. Their calls are none of his business. */
export function shopRoutes(app: Api, deps: RouteDeps): void {
  const { shops } = deps
  const list = { operationId: 'listShops', summary: 'Every shop of the installation', tags, response: answers({ 200: ShopsAnswer }, []) }
  app.get('/shops', { schema: list, config }, async () => ({ shops: shops.all().map((shop) => shopView(shops, shop)) }))

  const read = { operationId: 'readShop', summary: 'One shop', tags, params: ShopParam, response: answers({ 200: refs.shop }, ['shop_not_found']) }
  app.get('/shops/:id', { schema: read, config }, async (request) => shopView(shops, await need(shops, request.params.id)))

  changeRoutes(app, deps)
  keyRoutes(app, deps)
}

function changeRoutes(app: Api, deps: RouteDeps): void {
  const { shops } = deps
  const create = {
    operationId: 'createShop',
    summary: 'A new shop; its id is never given again',
    tags,
    headers: IdempotencyHeader,
    body: ShopRequest,
    response: answers({ 201: refs.shop }, ['shop_exists', 'idempotency_mismatch', 'idempotency_in_progress'], { body: true })
  }
  app.post('/shops', { schema: create, config }, async (request, reply) => {
    const answer = await once(deps, request, async () => {
      checkNames(request.body)
      const shop = await shops.create(request.body)
      await noted(deps, request, shop.id, 'shop.create', `shop ${shop.id}, pool ${shop.pool}`)
      return shopView(shops, shop)
    })
    return reply.code(201).header('location', `/v1/shops/${answer.id}`).send(answer)
  })

  const change = {
    operationId: 'changeShop',
    summary: 'Change its name, country, language or ceilings; not of a shop that stands in the configuration',
    tags,
    params: ShopParam,
    body: ShopChangeRequest,
    response: answers({ 200: refs.shop }, ['shop_not_found', 'shop_configured'], { body: true })
  }
  app.patch('/shops/:id', { schema: change, config }, async (request) => {
    const { id } = await need(shops, request.params.id)
    checkNames(request.body)
    const shop = await shops.change(id, request.body)
    await noted(deps, request, id, 'shop.change', Object.keys(request.body).join(' '))
    return shopView(shops, shop)
  })
}

/** An operator makes a shop's first key and ends lost ones. It stands in the shop's own audit trail. */
function keyRoutes(app: Api, deps: RouteDeps): void {
  const { shops, keys, clock } = deps
  const list = { operationId: 'listKeysOfShop', summary: 'The API keys of a shop', tags, params: ShopParam, response: answers({ 200: KeysAnswer }, ['shop_not_found']) }
  app.get('/shops/:id/keys', { schema: list, config }, async (request) => ({ keys: (await keys.list((await need(shops, request.params.id)).id)).map(keyView) }))

  const create = {
    operationId: 'createKeyOfShop',
    summary: 'A new API key for a shop, shown this once',
    tags,
    params: ShopParam,
    body: KeyRequest,
    response: answers({ 201: refs.newKey }, ['shop_not_found', 'expiry_invalid', 'keys_too_many'], { body: true })
  }
  app.post('/shops/:id/keys', { schema: create, config }, async (request, reply) => {
    const { id } = await need(shops, request.params.id)
    const made = await keys.create(id, newKeyOf(request.body, clock()), request.actor.id)
    await noted(deps, request, id, 'key.create', keyScope(made.info.id, made.info.roles))
    return reply.code(201).send(newKeyView(made))
  })

  const revoke = { operationId: 'revokeKeyOfShop', summary: 'End a key of a shop', tags, params: ShopKeyParam, response: answers({ 200: refs.key }, ['shop_not_found', 'key_not_found', 'store_full']) }
  app.delete('/shops/:id/keys/:keyId', { schema: revoke, config }, async (request) => {
    const { id } = await need(shops, request.params.id)
    const info = await keys.revoke(id, request.params.keyId)
    await noted(deps, request, id, 'key.revoke', info.id)
    return keyView(info)
  })
}

/** Into the trail of the shop that it is about, and, as far as it concerns the installation, into that one's. */
async function noted({ audit }: RouteDeps, { actor: { id, roles } }: FastifyRequest, shopId: string, action: AuditAction, scope: string): Promise<void> {
  const entry = { actor: { id, roles }, action, scope, result: 'done' } as const
  await audit.append({ shopId, ...entry })
  await audit.append({ shopId: 'system', ...entry, scope: `${shopId}: ${scope}` })
}

async function need(shops: Shops, id: string): Promise<Shop> {
  const shop = await shops.seek(id)
  if (shop === undefined) throw new MaskError('shop_not_found')
  return shop
}

/** An id stands in logs and file names, a name in the console: neither may look like a number of a person. @throws MaskError request_invalid */
function checkNames({ id, name }: { readonly id?: string, readonly name?: string }): void {
  if (id !== undefined && (mayHoldPhone(id) || reserved.includes(id))) throw new MaskError('request_invalid', { field: 'id' })
  if (name !== undefined && (name.trim() === '' || mayHoldPhone(name))) throw new MaskError('request_invalid', { field: 'name' })
}

function shopView(shops: Shops, { id, name, pool, country, language, ceilings }: Shop): ShopAnswer {
  return { id, name, pool, country, ...(language === undefined ? {} : { language }), ...(ceilings === undefined ? {} : { ceilings }), from: shops.isConfigured(id) ? 'configuration' : 'api' }
}
