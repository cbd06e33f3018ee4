import type { E164 } from '../phone/types.js'
import type { DataKey, KeyRing } from '../store/keyring/types.js'
import { fromDigits, toDigits } from './numbers.js'
import { isDestroyed, utcDay } from './tags.js'
import type { Party } from './types.js'

/** What is personal in a delivery. It leaves the process only sealed. */
export interface People {
  /** Phones of each party; the first is the one that is rung. */
  readonly courier: readonly E164[]
  readonly customer: readonly E164[]
  readonly reference: string
}

/** Whose people they are, and how long they are needed. */
export interface Sealing {
  readonly shopId: string
  /** Of the delivery, authenticated with the data. */
  readonly id: string
  /** The store's time (Unix ms): its UTC day says which key of the shop. */
  readonly now: number
  /** End of the quarantine (Unix ms). */
  readonly heldUntil: number
}

const dayMs = 86_400_000
const mostWarm = 1000
/** Whoever destroys keys may have a clock that is a little ahead. */
const slackMs = 60_000

/**
 * The key under which a shop seals today what belongs to its deliveries.
 * @param neededUntil Unix ms @throws store_unavailable, store_full, key_destroyed
 */
export function mappingKey(keys: KeyRing, shopId: string, now: number, neededUntil: number): Promise<DataKey> {
  // Others may yet be sealed with it until the day ends; a key that was destroyed is never made again.
  const dayEnds = (Math.floor(now / dayMs) + 1) * dayMs
  return keys.use({ purpose: 'mapping', owner: shopId, period: utcDay(now) }, Math.max(neededUntil, dayEnds) + slackMs)
}

/** @throws store_unavailable, store_full, key_destroyed */
export async function sealPeople(keys: KeyRing, { shopId, id, now, heldUntil }: Sealing, people: People): Promise<Buffer> {
  const key = await mappingKey(keys, shopId, now, heldUntil)
  const phones = (list: readonly E164[]): string => list.map(toDigits).join(',')
  return key.seal(`${phones(people.courier)};${phones(people.customer)};${people.reference}`, id)
}

/**
 * @returns undefined when the key was destroyed, which is as if the delivery had never been
 * @throws MaskError internal when the data does not belong to this delivery; store_unavailable
 */
export async function openPeople(keys: KeyRing, shopId: string, id: string, sealed: Buffer): Promise<People | undefined> {
  const plain = await keys.open(sealed, { purpose: 'mapping', owner: shopId }, id).catch((error: unknown) => {
    if (!isDestroyed(error)) throw error
  })
  if (plain === undefined) return undefined
  const [, courier = '', customer = '', reference = ''] = /^([^;]*);([^;]*);(.*)$/s.exec(plain.toString('utf8')) ?? []
  // A party whose phone was erased has none.
  const phones = (text: string): E164[] => text === '' ? [] : text.split(',').map(fromDigits)
  return { courier: phones(courier), customer: phones(customer), reference }
}

/**
 * Keeps in mind the keys under which deliveries lie, other processes' too, so that calls go on while the key store is
 * away. Where there are very many, those that were used here must do. Never rejects.
 */
export async function warmPeople(keys: KeyRing): Promise<void> {
  try {
    const alive = await keys.list({ purpose: 'mapping' })
    if (alive.length <= mostWarm) for (const { scope } of alive) await keys.find(scope)
  } catch {
    // Whoever needs a key says that it is missing.
  }
}

export function otherParty(party: Party): Party {
  return party === 'courier' ? 'customer' : 'courier'
}
