import { MaskError } from '../errors.js'
import type { E164 } from '../phone/types.js'
import { poolKey } from '../store/keys.js'
import { int, list, text } from '../store/reply.js'
import { find } from './change.js'
import { splitId, type LineContext } from './context.js'
import { sealPeople } from './people.js'
import { codeOf, result, scripts } from './scripts.js'
import { tagged } from './tagged.js'
import type { Party, PersonLine } from './types.js'

/** Somebody else may change the people in between; then they are read again, this many times. */
const attempts = 5

/** Roles as person.lua answers them; who was replaced by another phone is no party any more. */
const roles: readonly (Party | undefined)[] = ['courier', 'customer', undefined]

/** What a shop's deliveries hold of a phone, in every pool. @throws store_unavailable */
export async function ofPerson(context: LineContext, shopId: string, phone: E164): Promise<PersonLine[]> {
  const found = await Promise.all(context.config.pools.map(({ id }) => inPool(context, id, shopId, phone)))
  return found.flat().sort((one, other) => one.delivery.createdAt - other.delivery.createdAt)
}

async function inPool(context: LineContext, pool: string, shopId: string, phone: E164): Promise<PersonLine[]> {
  const reply = await tagged(context, pool, 0, (tags) => context.store.run(scripts.person, [poolKey('pool', pool)], [context.now(), tags.epochs, shopId, tags.phone(phone)]))
  const [, ...flat] = list(reply)
  const lines: PersonLine[] = []
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const party = roles[int(flat[at + 1])]
    // One whose key was destroyed, or whose quarantine has just ended, is there no more.
    const stored = await find(context, shopId, `${pool}-${text(flat[at])}`).catch(unlessGone)
    if (stored !== undefined) lines.push({ delivery: stored.delivery, ...(party === undefined ? {} : { party }) })
  }
  return lines
}

/** @returns whether the delivery was there and is without this phone now. @throws store_unavailable */
export async function forget(context: LineContext, shopId: string, id: string, phone: E164): Promise<boolean> {
  const { pool, local } = splitId(context, id)
  for (let attempt = 1; ; attempt++) {
    const stored = await find(context, shopId, id).catch(unlessGone)
    if (stored === undefined) return false
    const { delivery: { quarantineUntil: heldUntil }, people, revision } = stored
    const rest = { ...people, courier: people.courier.filter((one) => one !== phone), customer: people.customer.filter((one) => one !== phone) }
    const sealed = await context.tags.at(pool, (now) => sealPeople(context.keys, { shopId, id, now, heldUntil }, rest))
    const reply = await tagged(context, pool, 0, (tags) =>
      context.store.runDurably(scripts.forget, [poolKey('pool', pool)], [context.now(), tags.epochs, local, shopId, tags.phone(phone), revision, sealed]))
    if (codeOf(reply) !== result.revisionMismatch) return codeOf(reply) === result.ok
    if (attempt === attempts) throw new MaskError('store_unavailable', { retryAfter: 1 })
  }
}

function unlessGone(error: unknown): undefined {
  if (error instanceof MaskError && error.code === 'delivery_not_found') return undefined
  throw error
}
