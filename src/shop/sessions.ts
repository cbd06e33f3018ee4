import { randomBytes, timingSafeEqual } from 'node:crypto'
import { keyName } from '../store/keys.js'
import type { Store } from '../store/redis.js'
import { digestOf } from './key-text.js'
import type { ApiKeys, KeyIdentity } from './keys.js'
import type { AccessSeal } from './seal.js'

/** Console sessions: each stands for the API key that it was begun with, and ends with it. Every method rejects with store_unavailable, store_full. */
export interface Sessions {
  /** @returns the text that the browser keeps; only its digest is kept here */
  begin(identity: KeyIdentity): Promise<string>
  /**
   * Whose session it is, as the key stands now; undefined once it or its key has ended. Counts as activity.
   * @param strangers false: looks only for sessions that this process has met before
   */
  find(text: string, strangers?: boolean): Promise<KeyIdentity | undefined>
  end(text: string): Promise<void>
}

export interface SessionsOptions {
  readonly store: Store
  readonly seal: AccessSeal
  readonly keys: ApiKeys
  /** A session ends when nothing was asked for so long, and in any case after the second. */
  readonly idleMs: number
  readonly longestMs: number
  readonly clock?: () => number
}

interface Kept {
  readonly keyId: string
  /** Of the key's text, base64: the key of the configuration keeps its id when it changes. */
  readonly keyDigest: string
  readonly beganAt: number
}

const form = /^([a-z0-9]{1,16})\.[\w-]{43}$/
const mostMet = 10_000

export function createSessions({ store, seal, keys, idleMs, longestMs, clock = Date.now }: SessionsOptions): Sessions {
  const met = new Set<string>()
  const read = async (shopId: string, name: string): Promise<KeyIdentity | undefined> => {
    // Reading is the activity: one command reads it and sets its idle time anew.
    const blob = await store.call('GETEX', name, 'PX', idleMs)
    if (!Buffer.isBuffer(blob)) return undefined
    const { keyId, keyDigest, beganAt } = await seal.open(shopId, blob, name) as Kept
    const identity = await keys.standing(shopId, keyId)
    if (identity !== undefined && same(identity.digest, keyDigest) && clock() < beganAt + longestMs) return identity
    await store.del(name)
    return undefined
  }
  return {
    async begin({ actor, shop, digest }) {
      const text = `${shop.id}.${randomBytes(32).toString('base64url')}`
      const { name } = placeOf(text)!
      const kept: Kept = { keyId: actor.id, keyDigest: digest, beganAt: clock() }
      await store.set(name, await seal.seal(shop.id, kept, name), { ttlMs: idleMs })
      return text
    },
    async find(text, strangers = true) {
      const place = placeOf(text)
      if (place === undefined || !(strangers || met.has(place.name))) return undefined
      const identity = await read(place.shopId, place.name)
      if (identity === undefined) met.delete(place.name)
      else {
        if (met.size >= mostMet) met.clear()
        met.add(place.name)
      }
      return identity
    },
    async end(text) {
      const place = placeOf(text)
      if (place !== undefined) await store.del(place.name)
    }
  }
}

function placeOf(text: string): { readonly shopId: string, readonly name: string } | undefined {
  const shopId = form.exec(text)?.[1]
  return shopId === undefined ? undefined : { shopId, name: keyName('session', `shop.${shopId}`, digestOf(text).toString('base64url')) }
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
