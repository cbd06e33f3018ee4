import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { MaskError } from '../errors.js'
import { isFresh } from '../fresh.js'
import { forever, type KeyRing } from '../store/keyring/types.js'
import { keyName } from '../store/keys.js'
import type { Store } from '../store/redis.js'

const maxRingSeconds = 180
const maxTalkSeconds = 14_400

/** No call lasts longer, whatever a shop sets. */
export const longestCallSeconds = maxRingSeconds + maxTalkSeconds

/** What a shop decides about its calls, with bounds; the defaults are what nobody has to think about. */
export const SettingsSchema = Type.Object({
  language: Type.Union([Type.Literal('en'), Type.Literal('et'), Type.Literal('ru')], { description: 'What its people hear' }),
  ringTimeoutSeconds: Type.Integer({ minimum: 5, maximum: maxRingSeconds, description: 'How long a callee rings' }),
  maxDurationSeconds: Type.Integer({ minimum: 30, maximum: maxTalkSeconds, description: 'Longest talk; people are warned a minute before' }),
  acceptance: Type.Union([Type.Literal('off'), Type.Literal('courier'), Type.Literal('customer'), Type.Literal('both')], { description: 'Who must press 1 before being connected, so that no voicemail takes a call' }),
  hint: Type.Boolean({ description: 'Whether the callee hears that this is a call about a delivery' }),
  quarantineSeconds: Type.Integer({ minimum: 0, maximum: 2592000, description: 'How long a number stays reserved for its two people after a delivery' }),
  numberCountries: Type.Array(Type.String({ pattern: '^[A-Z]{2}$' }), { maxItems: 8, description: 'Where a number may be from when the country of the customer has none free, in order (ISO 3166-1)' }),
  numberCountryStrict: Type.Boolean({ description: 'Whether to give no number rather than one of another country' }),
  recording: Type.Boolean({ description: 'Whether talks are recorded; both people are told before it starts' }),
  withheldCallers: Type.Union([Type.Literal('allow'), Type.Literal('refuse')], { description: 'Whether somebody who withholds their number may use a line; nobody is shown it either way' }),
  callsAtOnce: Type.Union([Type.Null(), Type.Integer({ minimum: 1, maximum: 100000 })], { description: 'How many calls it may have at the same time; null: as many as the operator allows' }),
  callsPerHour: Type.Union([Type.Null(), Type.Integer({ minimum: 1, maximum: 10000000 })], { description: 'How many calls may begin in an hour; null: as many as the operator allows' }),
  minutesPerDay: Type.Union([Type.Null(), Type.Integer({ minimum: 2, maximum: 10000000 })], { description: 'For how many minutes phones may be called on a UTC day; null: as many as the operator allows' }),
  supportPhone: Type.Union([Type.Null(), Type.String({ pattern: '^\\+[1-9]\\d{4,14}$' })], { description: 'Where late callers are put through to; null: they hear that the delivery is over' })
}, { additionalProperties: false })

export type ShopSettings = Static<typeof SettingsSchema>

export interface Settings {
  /**
   * A shop's settings, at most a few seconds old. Never rejects: while the store is away the last known ones
   * hold, else the shop's defaults, because a call is worth more than a setting.
   */
  of(shopId: string): Promise<ShopSettings>
  /** What holds for a caller who belongs to no shop. */
  readonly defaults: ShopSettings
  /** @throws MaskError store_unavailable, key_destroyed */
  read(shopId: string): Promise<ShopSettings>
  /** Changes what is given. @throws MaskError store_unavailable, store_full, key_destroyed */
  change(shopId: string, change: Partial<ShopSettings>): Promise<ShopSettings>
}

/** Milliseconds that another process's change may take to be heard here. */
const freshForMs = 5000
/** What is older than this is asked for again, and nobody waits for it: a shop that has calls all the time holds up none of them. */
const aheadMs = 2500

export interface SettingsOptions {
  readonly store: Store
  readonly ring: KeyRing
  /** What holds where a shop has set nothing. */
  readonly defaultsOf: (shopId: string) => ShopSettings
  /** For whoever belongs to no shop. */
  readonly defaults: ShopSettings
  readonly clock?: () => number
}

/** Settings in Redis, sealed like everything with a phone number in it, and cached per process. */
export function createSettings({ store, ring, defaults, defaultsOf, clock = Date.now }: SettingsOptions): Settings {
  const known = new Map<string, { readonly at: number, readonly settings: ShopSettings }>()
  const key = (shopId: string): string => keyName('settings', `shop.${shopId}`)
  const reading = new Map<string, Promise<ShopSettings>>()
  const load = async (shopId: string): Promise<ShopSettings> => {
    const blob = await store.get(key(shopId))
    const own = blob === undefined ? {} : JSON.parse((await ring.open(blob, ownerOf(shopId), key(shopId))).toString()) as Partial<ShopSettings>
    return checked({ ...defaultsOf(shopId), ...own })
  }
  const read = (shopId: string): Promise<ShopSettings> => {
    // Counted from the question, not from the answer: that is how old the answer may be.
    const at = clock()
    const running = load(shopId).then((settings) => {
      // Changed in the meantime: this answer may be from before.
      if (reading.get(shopId) === running) known.set(shopId, { at, settings })
      return settings
    }).finally(() => { if (reading.get(shopId) === running) reading.delete(shopId) })
    reading.set(shopId, running)
    return running
  }
  return {
    read,
    defaults,
    async of(shopId) {
      const last = known.get(shopId)
      const knownFor = (ms: number): boolean => last !== undefined && isFresh(last.at, clock(), ms)
      if (knownFor(aheadMs)) return last!.settings
      // Those who ask at the same time share one question.
      const answer = (reading.get(shopId) ?? read(shopId)).catch(() => last?.settings ?? defaultsOf(shopId))
      return knownFor(freshForMs) ? last!.settings : answer
    },
    async change(shopId, change) {
      const next = checked({ ...await load(shopId), ...change })
      const sealing = await ring.use({ ...ownerOf(shopId), period: '0' }, forever)
      await store.set(key(shopId), sealing.seal(JSON.stringify(next), key(shopId)))
      reading.delete(shopId)
      known.set(shopId, { at: clock(), settings: next })
      return next
    }
  }
}

/** The key lives as long as its shop. */
const ownerOf = (shopId: string) => ({ purpose: 'settings', owner: shopId }) as const

function checked(settings: unknown): ShopSettings {
  const [first] = [...Value.Errors(SettingsSchema, settings)]
  if (first !== undefined) throw new MaskError('request_invalid', { field: first.instancePath.slice(1) })
  return settings as ShopSettings
}
