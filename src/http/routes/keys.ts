import { MaskError } from '../../errors.js'
import type { Role } from '../../shop/access.js'
import { KeyRequest, KeysAnswer, refs, RotateRequest } from '../access-schemas.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { checkGrant, keyView, newKeyOf, newKeyView } from '../key-input.js'
import { KeyParam } from '../params.js'
import { answers } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'

const tags = ['access']
const config = { roles: ['admin'] as const }
const defaultGraceSeconds = 86_400

/**
 * /v1/keys: the API keys of the shop. No Idempotency-Key: a repeated answer would have to hold the key. Whoever lost
 * the answer finds the key in the list and revokes it.
 */
export function keyRoutes(app: Api, deps: RouteDeps): void {
  const { keys, clock } = deps
  const list = { operationId: 'listKeys', summary: 'The API keys of the shop, newest first; never the keys themselves', tags, response: answers({ 200: KeysAnswer }, []) }
  app.get('/keys', { schema: list, config }, async (request) => ({ keys: (await keys.list(shopOf(request).id)).map(keyView) }))

  const create = {
    operationId: 'createKey',
    summary: 'A new API key, shown this once',
    tags,
    body: KeyRequest,
    response: answers({ 201: refs.newKey }, ['expiry_invalid', 'keys_too_many'], { body: true })
  }
  app.post('/keys', { schema: create, config }, async (request, reply) => {
    checkGrant(request.actor, request.body.roles)
    const made = await keys.create(shopOf(request).id, newKeyOf(request.body, clock()), request.actor.id)
    await audited(deps, request, 'key.create', { scope: keyScope(made.info.id, made.info.roles) })
    return reply.code(201).send(newKeyView(made))
  })
  changeRoutes(app, deps)
}

function changeRoutes(app: Api, deps: RouteDeps): void {
  const { keys } = deps
  /** Whether the one who asks may touch this key. Roles of a key never change. */
  const check = async (shopId: string, id: string, actor: Parameters<typeof checkGrant>[0]): Promise<void> => {
    const info = (await keys.list(shopId)).find((one) => one.id === id)
    if (info === undefined) throw new MaskError('key_not_found')
    checkGrant(actor, info.roles)
  }
  const rotate = {
    operationId: 'rotateKey',
    summary: 'A new key with the same roles; the old one goes on for the grace period',
    tags,
    params: KeyParam,
    body: RotateRequest,
    response: answers({ 201: refs.newKey }, ['key_not_found', 'key_ended', 'keys_too_many'], { body: true })
  }
  app.post('/keys/:id/rotate', { schema: rotate, config }, async (request, reply) => {
    const shop = shopOf(request)
    const { id } = request.params
    await check(shop.id, id, request.actor)
    const made = await keys.rotate(shop.id, id, (request.body.graceSeconds ?? defaultGraceSeconds) * 1000, request.actor.id)
    await audited(deps, request, 'key.rotate', { scope: `${id} to ${made.info.id}` })
    return reply.code(201).send(newKeyView(made))
  })

  const revoke = { operationId: 'revokeKey', summary: 'End a key; no process takes it any more within five seconds', tags, params: KeyParam, response: answers({ 200: refs.key }, ['key_not_found', 'store_full']) }
  app.delete('/keys/:id', { schema: revoke, config }, async (request) => {
    const shop = shopOf(request)
    const { id } = request.params
    await check(shop.id, id, request.actor)
    const info = await keys.revoke(shop.id, id)
    await audited(deps, request, 'key.revoke', { scope: id })
    return keyView(info)
  })
}

/** What the audit trail says about a new key. */
export function keyScope(id: string, roles: readonly Role[]): string {
  return `${id} as ${roles.join(' ')}`
}
