import type { FastifyRequest } from 'fastify'
import { MaskError } from '../errors.js'
import { mayAct, type Actor, type Role } from '../shop/access.js'
import type { KeyIdentity } from '../shop/keys.js'
import type { Shop } from '../shop/shops.js'
import { cookieOf } from './cookie.js'
import { isFromConsole, isFromElsewhere } from './origin.js'
import { createPace, noPace, type Pace } from '../pace.js'
import { createSources } from './source.js'
import type { Api, RouteDeps } from './types.js'

/** The credentials of RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
const bearer = /^Bearer +([\x21-\x7e]{1,256})$/i
const safe: readonly string[] = ['GET', 'HEAD']

/** Who may use a route that does not say so itself (`config: { roles }` in its options). */
export const usualRoles: readonly Role[] = ['app', 'admin']

/** Who comes in. Made once per server: it remembers how often whom was refused. */
export interface Auth {
  /**
   * Puts the shop of the API key or console session, and who it stands for, on the request. Runs before a body is
   * read, so that nobody without a key makes us parse one.
   * @throws MaskError unauthorized, rate_limited, forbidden (a session used from elsewhere), store_unavailable
   */
  authenticate(request: FastifyRequest): Promise<void>
  /** Whose key this is, for a sign-in. @throws MaskError unauthorized, rate_limited, store_unavailable */
  signIn(request: FastifyRequest, key: string): Promise<KeyIdentity>
}

export type AuthParts = Pick<RouteDeps, 'config' | 'keys' | 'sessions' | 'clock'>

export function createAuth({ config: { access }, keys, sessions, clock }: AuthParts): Auth {
  const sourceOf = createSources()
  const perMinute = (count: number): Pace => createPace({ perSecond: count / 60, burst: count, clock })
  const failures = perMinute(access.failuresPerMinute)
  const signIns = perMinute(access.signInsPerMinute)
  const requests = access.requestsPerSecond === 0 ? noPace : createPace({ perSecond: access.requestsPerSecond, burst: access.requestsPerSecond * 2, clock })
  /** A source that failed too often may still come in with what this process has met: others may share its address. */
  const known = async (source: string, find: (strangers: boolean) => Promise<KeyIdentity | undefined>): Promise<KeyIdentity> => {
    const identity = await find(failures.wait(source) === 0)
    if (identity !== undefined) return identity
    refuseAfter(failures.take(source))
    throw new MaskError('unauthorized')
  }
  return {
    async authenticate(request) {
      const identity = await known(sourceOf(request), (strangers) => identify({ keys, sessions }, request, strangers))
      const { actor } = identity
      refuseAfter(requests.take(`${actor.shopId}.${actor.id}`))
      request.shop = identity.shop
      actors.set(request, actor)
    },
    async signIn(request, key) {
      const source = sourceOf(request)
      refuseAfter(signIns.take(source))
      return await known(source, (strangers) => keys.identify(key, strangers))
    }
  }
}

async function identify({ keys, sessions }: Pick<AuthParts, 'keys' | 'sessions'>, request: FastifyRequest, strangers: boolean): Promise<KeyIdentity | undefined> {
  const { authorization } = request.headers
  if (authorization !== undefined) {
    const key = bearer.exec(authorization)?.[1]
    return key === undefined ? undefined : await keys.identify(key, strangers)
  }
  const session = cookieOf(request)
  if (session === undefined) return undefined
  const identity = await sessions.find(session, strangers)
  // A browser sends the cookie whoever makes it ask: a change must come from our own page (CSRF).
  const trusted = safe.includes(request.method) ? !isFromElsewhere(request) : isFromConsole(request)
  if (identity !== undefined && !trusted) throw new MaskError('forbidden')
  return identity
}

/** @param seconds to wait; 0: come in. @throws MaskError rate_limited */
function refuseAfter(seconds: number): void {
  if (seconds > 0) throw new MaskError('rate_limited', { retryAfter: seconds })
}

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

/** Holds the route's declaration against the roles of whoever asks. @throws MaskError forbidden */
export function authorise(request: FastifyRequest): void {
  if (!mayAct(request.actor, ...request.routeOptions.config.roles ?? usualRoles)) throw new MaskError('forbidden')
}

/** The shop that asks. @throws MaskError unauthorized on a route that was not put behind `authenticate` */
export function shopOf(request: FastifyRequest): Shop {
  if (request.shop === undefined) throw new MaskError('unauthorized')
  return request.shop
}
