import type { FastifyRequest } from 'fastify'
import { MaskError } from '../errors.js'
import { mayAct, type Actor, type Role } from '../shop/access.js'
import type { ApiKeys } from '../shop/keys.js'
import type { Shop } from '../shop/shops.js'
import type { Api } from './types.js'

/** The credentials of RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
const bearer = /^Bearer +([\x21-\x7e]{1,256})$/i

/** Who may use a route that does not say so itself (`config: { roles }` in its options). */
const usual: readonly Role[] = ['app', 'admin']

const actors = new WeakMap<FastifyRequest, Actor>()

/** Gives every request its `actor`. Reading it throws unauthorized on a route that was not put behind `authenticate`. */
export function decorateActor(app: Api): void {
  app.decorateRequest('actor', { getter: actorOf })
}

function actorOf(this: FastifyRequest): Actor {
  const actor = actors.get(this)
  if (actor === undefined) throw new MaskError('unauthorized')
  return actor
}

/**
 * Puts the shop of the API key, and who it stands for, on the request. Runs before a body is read, so that nobody
 * without a key makes us parse one.
 * @throws MaskError unauthorized, store_unavailable
 */
export async function authenticate(request: FastifyRequest, keys: ApiKeys): Promise<void> {
  const key = bearer.exec(request.headers.authorization ?? '')?.[1]
  const identity = key === undefined ? undefined : await keys.identify(key)
  if (identity === undefined) throw new MaskError('unauthorized')
  request.shop = identity.shop
  actors.set(request, identity.actor)
}

/** Holds the route's declaration against the roles of whoever asks. @throws MaskError forbidden */
export function authorise(request: FastifyRequest): void {
  if (!mayAct(request.actor, ...request.routeOptions.config.roles ?? usual)) throw new MaskError('forbidden')
}

/** The shop that asks. @throws MaskError unauthorized on a route that was not put behind `authenticate` */
export function shopOf(request: FastifyRequest): Shop {
  if (request.shop === undefined) throw new MaskError('unauthorized')
  return request.shop
}
