import type { FastifyRequest } from 'fastify'
import { MaskError } from '../errors.js'
import type { Shop, Shops } from '../shop/shops.js'

/** The credentials of RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
const bearer = /^Bearer +([\x21-\x7e]{1,256})$/i

/**
 * Puts the shop of the API key on the request. Runs before a body is read, so that nobody without a key
 * makes us parse one.
 * @throws MaskError unauthorized
 */
export function authenticate(request: FastifyRequest, shops: Shops): void {
  const key = bearer.exec(request.headers.authorization ?? '')?.[1]
  const shop = key === undefined ? undefined : shops.byKey(key)
  if (shop === undefined) throw new MaskError('unauthorized')
  request.shop = shop
}

/** The shop that asks. @throws MaskError unauthorized on a route that was not put behind `authenticate` */
export function shopOf(request: FastifyRequest): Shop {
  if (request.shop === undefined) throw new MaskError('unauthorized')
  return request.shop
}
