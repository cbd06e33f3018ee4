import { MaskError } from '../../errors.js'
import { newId } from '../../ids.js'
import type { E164 } from '../../phone/types.js'
import type { Role } from '../../shop/access.js'
import type { DataKey, KeyRing } from '../../store/keyring/types.js'
import { keyName } from '../../store/keys.js'
import type { Store } from '../../store/redis.js'
import { list as replies } from '../../store/reply.js'
import { dayOf } from '../day.js'
import type { RightsOrder, RightsRequest } from './types.js'

/** A request is there so long, with its result: long enough to be read, short enough not to be a second store. */
const lifeMs = 24 * 3_600_000
/** The key outlives what is sealed under it by this. */
const slackMs = 3_600_000
/** So many are listed at most. */
const mostListed = 200

/** A request as it is kept, sealed as a whole. The phone is in it only as long as there is work to do with it. */
export interface Kept extends RightsRequest {
  readonly shopId: string
  readonly roles: readonly Role[]
  readonly reason: string
  readonly endsAt?: number
  readonly phone?: E164
  /** The phone as a tag under the key of the request's day: later requests of this person find this one by it. */
  readonly who: string
}

export interface Requests {
  /** @returns the request, kept */
  create(order: RightsOrder): Promise<Kept>
  /** Keeps what has become of it. One that is gone stays gone. */
  save(request: Kept): Promise<void>
  /** @throws MaskError not_found */
  read(shopId: string, id: string): Promise<Kept>
  /** Newest first; what cannot be read any more is left out. */
  all(shopId: string): Promise<Kept[]>
  /** Those that are not done, of all shops. */
  open(shopIds: readonly string[]): Promise<{ readonly shopId: string, readonly id: string }[]>
  /** Other requests of this phone. */
  ofPerson(shopId: string, phone: E164): Promise<Kept[]>
  /** Lets one process at a time work on a request. @returns what gives it back, or undefined when another one has it */
  claim(shopId: string, id: string): Promise<(() => Promise<void>) | undefined>
}

/** The requests of a shop by when they came, those of them that are not done, and one of them. */
const index = (shopId: string): string => keyName('rights', `shop.${shopId}`)
const openOnes = (shopId: string): string => keyName('rightsopen', `shop.${shopId}`)
const place = (shopId: string, id: string): string => keyName('rights', `shop.${shopId}`, id)

/** How long a process that died keeps a request from others. */
const leaseMs = 30_000

export function createRequests({ store, keyRing, clock }: { store: Store, keyRing: KeyRing, clock: () => number }): Requests {
  const keyOf = (shopId: string, at: number): Promise<DataKey> => keyRing.use({ purpose: 'mapping', owner: shopId, period: dayOf(at) }, at + lifeMs + slackMs)
  const unseal = async (shopId: string, id: string, blob: Buffer): Promise<Kept> =>
    JSON.parse((await keyRing.open(blob, { purpose: 'mapping', owner: shopId }, place(shopId, id))).toString()) as Kept
  const seal = async (request: Kept): Promise<Buffer> =>
    (await keyOf(request.shopId, request.createdAt)).seal(JSON.stringify(request), place(request.shopId, request.id))
  const all = async (shopId: string): Promise<Kept[]> => {
    const now = clock()
    await store.call('ZREMRANGEBYSCORE', index(shopId), '-inf', now - lifeMs)
    const ids = await store.zrange(index(shopId), { reverse: true, limit: mostListed })
    if (ids.length === 0) return []
    const blobs = replies(await store.call('MGET', ...ids.map((id) => place(shopId, id))))
    const found = await Promise.all(blobs.map(async (blob, at) => Buffer.isBuffer(blob) ? unseal(shopId, ids[at]!, blob).catch(() => undefined) : undefined))
    return found.filter((one) => one !== undefined)
  }
  return {
    all,
    async create({ shopId, actor, kind, phone, proof, reason, endsAt }) {
      const [id, createdAt] = [newId(), clock()]
      const request: Kept = {
        id, shopId, kind, phone, reason, createdAt, roles: actor.roles, actorId: actor.id, proof: proof.kind,
        state: 'running', expiresAt: createdAt + lifeMs, progress: { done: 0, total: 0 },
        who: (await keyOf(shopId, createdAt)).tag('person', phone),
        ...(endsAt === undefined ? {} : { endsAt })
      }
      const sealed = await seal(request)
      await store.transaction([
        ['SET', place(shopId, id), sealed, 'PX', lifeMs],
        ['ZADD', index(shopId), createdAt, id], ['PEXPIRE', index(shopId), lifeMs],
        ['ZADD', openOnes(shopId), createdAt, id], ['PEXPIRE', openOnes(shopId), lifeMs]
      ])
      return request
    },
    async save(request) {
      const { shopId, id, state } = request
      const sealed = await seal(request)
      await store.transaction([
        ['SET', place(shopId, id), sealed, 'XX', 'KEEPTTL'],
        ...(state === 'running' ? [] : [['ZREM', openOnes(shopId), id] as const])
      ])
    },
    async read(shopId, id) {
      const blob = await store.get(place(shopId, id))
      if (blob === undefined) throw new MaskError('not_found')
      return unseal(shopId, id, blob)
    },
    async open(shopIds) {
      const found = await Promise.all(shopIds.map(async (shopId) => (await store.zrange(openOnes(shopId))).map((id) => ({ shopId, id }))))
      return found.flat()
    },
    async ofPerson(shopId, phone) {
      const requests = await all(shopId)
      const tags = await Promise.all(requests.map(async ({ createdAt }) => (await keyOf(shopId, createdAt)).tag('person', phone)))
      return requests.filter(({ who }, at) => who === tags[at])
    },
    claim: (shopId, id) => claim(store, keyName('rightslock', `shop.${shopId}`, id))
  }
}

async function claim(store: Store, lock: string): Promise<(() => Promise<void>) | undefined> {
  if (!await store.set(lock, '1', { ttlMs: leaseMs, ifAbsent: true })) return undefined
  const timer = setInterval(() => void store.call('PEXPIRE', lock, leaseMs).catch(() => undefined), leaseMs / 3).unref()
  return async () => {
    clearInterval(timer)
    await store.del(lock).catch(() => 0)
  }
}
