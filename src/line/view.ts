import type { KeyRing } from '../store/keyring/types.js'
import { bytes, int, list, text, type Reply } from '../store/reply.js'
import { fromDigits } from './numbers.js'
import { openPeople, type People } from './people.js'
import type { Delivery, DeliveryState, Direction } from './types.js'

/** Directions by their number in the store. */
export const directions: readonly Direction[] = ['both', 'courier', 'customer']

/** A delivery as the scripts answer it, with what only this room may see. */
export interface StoredDelivery {
  readonly delivery: Delivery
  readonly people: People
  /** Grows whenever the people are sealed anew. */
  readonly revision: number
  /** The first and the last epoch of its tags. */
  readonly epochs: readonly [number, number]
}

/**
 * Reads the view that find, change and close answer (lua/includes/record.lua). @param id the whole id
 * @returns undefined when its key was destroyed
 */
export async function readView(keys: KeyRing, id: string, reply: Reply): Promise<StoredDelivery | undefined> {
  const [, shop, number, direction, created, expires, quarantine, end, revision, now, sealed, first, last] = list(reply)
  const people = await openPeople(keys, text(shop), id, bytes(sealed))
  if (people === undefined) return undefined
  const [expiresAt, ended] = [int(expires), int(end)]
  const state = stateAt(int(now), expiresAt, ended)
  const delivery: Delivery = {
    id,
    shopId: text(shop),
    reference: people.reference,
    state,
    number: fromDigits(text(number)),
    direction: directions[int(direction)] ?? 'both',
    createdAt: int(created),
    expiresAt,
    quarantineUntil: (ended === 0 ? expiresAt : ended) + int(quarantine),
    ...(state === 'live' ? {} : { endedAt: ended === 0 ? expiresAt : ended })
  }
  return { delivery, people, revision: int(revision), epochs: [int(first), int(last)] }
}

/** The state follows from the times alone; no sweep has to come by first. */
function stateAt(now: number, expiresAt: number, ended: number): DeliveryState {
  if (ended !== 0 && ended !== expiresAt) return 'closed'
  return ended === 0 && now < expiresAt ? 'live' : 'expired'
}
