import { timingSafeEqual } from 'node:crypto'
import { MaskError } from '../errors.js'
import type { Store } from '../store/redis.js'
import { errorFields, type Log } from '../telemetry/log.js'
import { roles as everyRole, type Actor, type Role } from './access.js'
import { createKeyRecords, type KeyRecord } from './key-records.js'
import { digestOf, newKeyText, parseKeyText } from './key-text.js'
import { remembered } from './remembered.js'
import type { AccessSeal } from './seal.js'
import type { Shop, Shops } from './shops.js'

/** The id of the key that the configuration holds. */
export const bootstrapId = 'bootstrap'

/** Whose key it is and what it may do. */
export interface KeyIdentity {
  readonly actor: Actor
  readonly shop: Shop
  /** SHA-256 of the key, in base64: tells a console session that its key has been replaced. */
  readonly digest: string
}

/** An API key without its secret. Times are Unix milliseconds. */
export interface KeyInfo extends Omit<KeyRecord, 'digest'> {
  readonly state: 'live' | 'expired' | 'revoked'
  /** The last UTC day on which it was used, as `2026-01-31`. */
  readonly lastUsedDay?: string
}

export interface NewKey {
  readonly label: string
  readonly roles: readonly Role[]
  readonly expiresAt?: number
}

/** A key with its text, which nobody can ever show again. */
export interface MadeKey {
  readonly key: string
  readonly info: KeyInfo
}

/** API keys: a few per shop in Redis, and the configuration's own. Every method rejects with store_unavailable, store_full. */
export interface ApiKeys {
  /**
   * Whose key this text is; undefined for a wrong, ended or revoked one.
   * @param strangers false: looks only for keys that this process has met before, so that a flood of made-up ones
   * costs the store nothing
   */
  identify(text: string, strangers?: boolean): Promise<KeyIdentity | undefined>
  /** The key of this id as it is now, at most a few seconds old; undefined once it has ended. */
  standing(shopId: string, id: string): Promise<KeyIdentity | undefined>
  /** Newest first; those that ended are listed for 90 days. */
  list(shopId: string): Promise<KeyInfo[]>
  /** @throws MaskError keys_too_many */
  create(shopId: string, key: NewKey, createdBy: string): Promise<MadeKey>
  /** A new key in the place of one that goes on for `graceMs`. @throws MaskError key_not_found, key_ended */
  rotate(shopId: string, id: string, graceMs: number, createdBy: string): Promise<MadeKey>
  /** Ends a key; known in all processes within five seconds. Idempotent. @throws MaskError key_not_found */
  revoke(shopId: string, id: string): Promise<KeyInfo>
}

export interface ApiKeysOptions {
  readonly store: Store
  readonly seal: AccessSeal
  readonly shops: Shops
  /** Shop id → keys of the configuration; they have every role and no record. */
  readonly configured: Readonly<Record<string, readonly string[]>>
  readonly log: Log
  readonly clock?: () => number
}

/** A revocation is known everywhere after this; what was not found is looked for again a little earlier. */
const freshMs = 3000
const absentMs = 1000
const rememberedKeys = 10_000

export function createApiKeys({ store, seal, shops, configured, log, clock = Date.now }: ApiKeysOptions): ApiKeys {
  const records = createKeyRecords({ store, seal, log, clock })
  const own = Object.entries(configured).flatMap(([shopId, texts]) => texts.map((text) => ({ shopId, digest: digestOf(text) })))
  const place = (shopId: string, id: string): string => `${shopId}.${id}`
  const known = remembered<KeyRecord>({
    load: (name) => records.read(...name.split('.') as [string, string]),
    freshMs, absentMs, limit: rememberedKeys, clock
  })
  const used = dailyOnce((shopId, id, day) => {
    records.use(shopId, id, day).catch((error: unknown) => log.debug('key.use_lost', errorFields(error)))
  }, clock)
  const identityOf = (shop: Shop, id: string, roles: readonly Role[], digest: Buffer): KeyIdentity => ({ actor: { id, shopId: shop.id, roles }, shop, digest: digest.toString('base64') })
  const live = (record: KeyRecord | undefined): record is KeyRecord => record !== undefined && stateOf(record, clock()) === 'live'

  const identifyConfigured = (digest: Buffer): KeyIdentity | undefined => {
    // Every entry is compared, so that the time tells nothing about which one came close.
    const entry = own.reduce<typeof own[number] | undefined>((hit, one) => timingSafeEqual(one.digest, digest) ? one : hit, undefined)
    const shop = entry && shops.find(entry.shopId)
    return shop && identityOf(shop, bootstrapId, everyRole, digest)
  }

  return {
    async identify(text, strangers = true) {
      const digest = digestOf(text)
      const parsed = parseKeyText(text)
      const fromConfig = identifyConfigured(digest)
      if (fromConfig !== undefined || parsed === undefined) return fromConfig
      const { shopId, id } = parsed
      const shop = strangers ? await shops.seek(shopId) : shops.find(shopId)
      if (shop === undefined || !(strangers || known.knows(place(shopId, id)))) return undefined
      const record = await known.get(place(shopId, id))
      if (!live(record) || !timingSafeEqual(Buffer.from(record.digest, 'base64'), digest)) return undefined
      used(shopId, id)
      return identityOf(shop, id, record.roles, digest)
    },
    async standing(shopId, id) {
      const shop = shops.find(shopId)
      if (shop === undefined) return undefined
      if (id === bootstrapId) {
        const entry = own.find((one) => one.shopId === shopId)
        return entry && identityOf(shop, id, everyRole, entry.digest)
      }
      const record = await known.get(place(shopId, id))
      return live(record) ? identityOf(shop, id, record.roles, Buffer.from(record.digest, 'base64')) : undefined
    },
    ...management(records, known, place, clock)
  }
}

function management(records: ReturnType<typeof createKeyRecords>, known: { forget(name: string): void }, place: (shopId: string, id: string) => string, clock: () => number): Pick<ApiKeys, 'list' | 'create' | 'rotate' | 'revoke'> {
  const make = async (shopId: string, key: NewKey, createdBy: string): Promise<MadeKey> => {
    const { id, text } = newKeyText(shopId)
    const record: KeyRecord = { id, ...key, digest: digestOf(text).toString('base64'), createdAt: clock(), createdBy }
    await records.add(shopId, record)
    known.forget(place(shopId, id))
    return { key: text, info: infoOf(record, clock()) }
  }
  const change = async (shopId: string, id: string, how: (record: KeyRecord) => KeyRecord): Promise<KeyRecord> => {
    const record = await records.change(shopId, id, how)
    known.forget(place(shopId, id))
    return record
  }
  return {
    async list(shopId) {
      const [all, days] = await Promise.all([records.all(shopId), records.lastUse(shopId)])
      return all.map((record) => infoOf(record, clock(), days.get(record.id))).sort((a, b) => b.createdAt - a.createdAt)
    },
    create: make,
    async rotate(shopId, id, graceMs, createdBy) {
      const ended = (record: KeyRecord): KeyRecord => {
        if (stateOf(record, clock()) !== 'live' || record.replacedBy !== undefined) throw new MaskError('key_ended')
        return record
      }
      const old = ended(await records.need(shopId, id))
      // The new one first: a process that dies in between leaves a key too many, not none.
      const made = await make(shopId, { label: old.label, roles: old.roles, ...(old.expiresAt === undefined ? {} : { expiresAt: old.expiresAt }) }, createdBy)
      try {
        await change(shopId, id, (record) => ({ ...ended(record), replacedBy: made.info.id, expiresAt: Math.min(record.expiresAt ?? Infinity, clock() + graceMs) }))
      } catch (error) {
        await change(shopId, made.info.id, (record) => ({ ...record, revokedAt: clock() }))
        throw error
      }
      return made
    },
    async revoke(shopId, id) {
      const record = await change(shopId, id, (record) => record.revokedAt === undefined ? { ...record, revokedAt: clock() } : record)
      return infoOf(record, clock())
    }
  }
}

function stateOf({ revokedAt, expiresAt }: Pick<KeyRecord, 'revokedAt' | 'expiresAt'>, now: number): KeyInfo['state'] {
  if (revokedAt !== undefined) return 'revoked'
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'live'
}

function infoOf(record: KeyRecord, now: number, lastUsedDay?: string): KeyInfo {
  const shown: Omit<KeyRecord, 'digest'> & { digest?: string } = { ...record }
  delete shown.digest
  return { ...shown, state: stateOf(record, now), ...(lastUsedDay === undefined ? {} : { lastUsedDay }) }
}

/** Calls `note` for the first use of a key on a UTC day, as far as this process knows. */
function dailyOnce(note: (shopId: string, id: string, day: string) => void, clock: () => number): (shopId: string, id: string) => void {
  let today = ''
  const seen = new Set<string>()
  return (shopId, id) => {
    const day = new Date(clock()).toISOString().slice(0, 10)
    if (day !== today) {
      today = day
      seen.clear()
    }
    if (seen.has(id)) return
    seen.add(id)
    note(shopId, id, day)
  }
}
