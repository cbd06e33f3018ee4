import type { E164 } from '../phone/types.js'
import type { DataKey, KeyRing, KeyScope } from '../store/keyring/types.js'
import { dayMs, startOfDay } from './day.js'

/** The longest time that rows may be kept, in days; day keys are needed no longer. */
export const maximumRecordDays = 90

/** Whose key a day's rows are sealed and pseudonymised with: one shop's, of one UTC day. */
export function dayScope(shopId: string, day: string): KeyScope {
  return { purpose: 'record', owner: shopId, period: day }
}

/**
 * The day key under which rows are written. @throws MaskError key_destroyed when it was destroyed or the day
 * lies too far back, store_unavailable, store_full
 */
export function dayKey(ring: Pick<KeyRing, 'use'>, shopId: string, day: string): Promise<DataKey> {
  return ring.use(dayScope(shopId, day), startOfDay(day) + (1 + maximumRecordDays) * dayMs)
}

/**
 * A person's phone as rows know it: HMAC-SHA-256 under the day key, so that nobody is linked across days, shops
 * or purposes, and nobody who knows the number can compute it (EDPB Guidelines 01/2025 ¶88, ¶107, fn 32).
 */
export function pseudonymOf(key: Pick<DataKey, 'tag'>, phone: E164): string {
  return key.tag('phone', phone)
}
