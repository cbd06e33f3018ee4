import { MaskError } from '../errors.js'
import { keyName } from '../store/keys.js'
import type { Store } from '../store/redis.js'
import { errorFields, type Log } from '../telemetry/log.js'
import type { Role } from './access.js'
import type { AccessSeal } from './seal.js'
import { swap } from './swap.js'

/** What is kept of an API key. Times are Unix milliseconds. */
export interface KeyRecord {
  /** Public; letters only. */
  readonly id: string
  /** What the key is for, in the shop's words; no personal data. */
  readonly label: string
  readonly roles: readonly Role[]
  /** SHA-256 in base64. */
  readonly digest: string
  readonly createdAt: number
  /** Id of the key that made it. */
  readonly createdBy: string
  readonly expiresAt?: number
  readonly revokedAt?: number
  /** Id of the key that it was rotated to. */
  readonly replacedBy?: string
}

/** The records of a shop's keys in Redis: one sealed field each, and beside them the day of the last use. */
export interface KeyRecords {
  read(shopId: string, id: string): Promise<KeyRecord | undefined>
  /** @throws MaskError key_not_found */
  need(shopId: string, id: string): Promise<KeyRecord>
  all(shopId: string): Promise<KeyRecord[]>
  /** Key id → UTC day of its last use. */
  lastUse(shopId: string): Promise<Map<string, string>>
  /** @throws MaskError keys_too_many */
  add(shopId: string, record: KeyRecord): Promise<void>
  /** Atomic; two who change the same record do so one after the other. @throws MaskError key_not_found and what `how` throws */
  change(shopId: string, id: string, how: (record: KeyRecord) => KeyRecord): Promise<KeyRecord>
  use(shopId: string, id: string, day: string): Promise<void>
}

/** Keys of one shop that are neither ended nor revoked. */
const mostLive = 100
/** A record that has ended is of use for as long as somebody may ask about it. */
const keepEndedMs = 90 * 86_400_000

const idForm = /^[a-z]{1,20}$/

export function createKeyRecords({ store, seal, log, clock }: { readonly store: Store, readonly seal: AccessSeal, readonly log: Log, readonly clock: () => number }): KeyRecords {
  const hash = (shopId: string): string => keyName('keys', `shop.${shopId}`)
  const days = (shopId: string): string => keyName('keyuse', `shop.${shopId}`)
  const context = (shopId: string, id: string): string => `${hash(shopId)} ${id}`
  const open = async (shopId: string, id: string, blob: Buffer): Promise<KeyRecord> => await seal.open(shopId, blob, context(shopId, id)) as KeyRecord

  const read: KeyRecords['read'] = async (shopId, id) => {
    if (!idForm.test(id)) return undefined
    const blob = await store.hget(hash(shopId), id)
    return blob === undefined ? undefined : await open(shopId, id, blob)
  }
  const all: KeyRecords['all'] = async (shopId) => {
    // A record that somebody tampered with opens for nobody, and must not keep the others from being managed.
    const unreadable = (error: unknown): [] => {
      if (!(error instanceof MaskError && error.code === 'internal')) throw error
      log.error('key.unreadable', { shopId, ...errorFields(error) })
      return []
    }
    const blobs = [...await store.hgetall(hash(shopId))]
    return (await Promise.all(blobs.map(([id, blob]) => open(shopId, id, blob).catch(unreadable)))).flat()
  }
  const forget = async (shopId: string, ids: readonly string[]): Promise<void> => {
    if (ids.length === 0) return
    await store.hdel(hash(shopId), ...ids)
    await store.hdel(days(shopId), ...ids)
  }
  return {
    read,
    all,
    async need(shopId, id) {
      const record = await read(shopId, id)
      if (record === undefined) throw new MaskError('key_not_found')
      return record
    },
    async lastUse(shopId) {
      return new Map([...await store.hgetall(days(shopId))].map(([id, day]) => [id, day.toString('latin1')]))
    },
    async add(shopId, record) {
      const now = clock()
      const ends = (await all(shopId)).map(({ id, expiresAt, revokedAt }) => ({ id, at: Math.min(expiresAt ?? Infinity, revokedAt ?? Infinity) }))
      await forget(shopId, ends.filter(({ at }) => at < now - keepEndedMs).map(({ id }) => id))
      if (ends.filter(({ at }) => at > now).length >= mostLive) throw new MaskError('keys_too_many')
      await store.hset(hash(shopId), { [record.id]: await seal.seal(shopId, record, context(shopId, record.id)) })
    },
    async change(shopId, id, how) {
      if (!idForm.test(id)) throw new MaskError('key_not_found')
      return await swap(store, hash(shopId), id, async (blob) => {
        if (blob === undefined) throw new MaskError('key_not_found')
        const value = how(await open(shopId, id, blob))
        return { blob: await seal.seal(shopId, value, context(shopId, id)), value }
      })
    },
    use: (shopId, id, day) => store.hset(days(shopId), { [id]: day })
  }
}
