import { MaskError } from '../errors.js'
import type { E164 } from '../phone/types.js'
import { poolKey } from '../store/keys.js'
import { int, list, type Reply } from '../store/reply.js'
import { splitId, type LineContext } from './context.js'
import { sealPeople, type People } from './people.js'
import { codeOf, refusal, result, scripts } from './scripts.js'
import { tagged } from './tagged.js'
import type { Delivery, DeliveryChange, Party } from './types.js'
import { directions, readView, type StoredDelivery } from './view.js'

/** Two changes of the same people at once: the later one reads again, this many times. */
const attempts = 5

/** A change as the script takes it. */
interface Change extends DeliveryChange {
  /** One more phone of a party. */
  readonly add?: { readonly party: Party, readonly phone: E164 }
}

/** Reads a delivery of a shop. @throws delivery_not_found */
export async function find(context: LineContext, shopId: string, id: string): Promise<StoredDelivery> {
  const { pool, local } = splitId(context, id)
  return readOrThrow(context, id, await context.store.run(scripts.find, [poolKey('pool', pool)], [context.now(), local, shopId]))
}

/** Ends a delivery, once. @throws delivery_not_found */
export async function close(context: LineContext, shopId: string, id: string): Promise<Delivery> {
  const { pool, local } = splitId(context, id)
  const reply = await context.store.runDurably(scripts.close, [poolKey('pool', pool)], [context.now(), local, shopId])
  return (await readOrThrow(context, id, reply)).delivery
}

/** @throws as Lines.change and Lines.addPhone */
export async function change(context: LineContext, shopId: string, id: string, wanted: Change): Promise<Delivery> {
  checkProxies(context, wanted)
  for (let attempt = 1; ; attempt++) {
    const reply = await tryChange(context, shopId, id, wanted)
    if (codeOf(reply) !== result.revisionMismatch || attempt === attempts) return (await readOrThrow(context, id, reply, wanted)).delivery
  }
}

function checkProxies(context: LineContext, { courier, customer, add }: Change): void {
  const phones = [[courier, 'courier.phone'], [customer, 'customer.phone'], [add?.phone, 'phone']] as const
  for (const [phone, field] of phones) {
    if (phone !== undefined && context.plan.has(phone)) throw new MaskError('phone_is_proxy', { field })
  }
}

/**
 * What is sealed can only be sealed anew here, so whatever touches people or the hold reads first and is written
 * if nobody else did in between.
 */
async function tryChange(context: LineContext, shopId: string, id: string, wanted: Change): Promise<Reply> {
  const { pool, local } = splitId(context, id)
  const before = touchesPeople(wanted) || wanted.expiresAt !== undefined ? await find(context, shopId, id) : undefined
  const fresh = before === undefined ? undefined : await sealAnew(context, before, wanted)
  const { courier, customer, add, direction } = wanted
  const { maxTtlSeconds, maxPhonesPerParty } = context.config.line
  return await tagged(context, pool, fresh?.heldUntil ?? 0, (tags) => {
    const phone = (one: E164 | undefined): string => one === undefined ? '' : tags.phone(one)
    return context.store.runDurably(scripts.change, [poolKey('pool', pool)], [
      context.now(), tags.epochs, local, shopId, wanted.expiresAt ?? '', maxTtlSeconds * 1000,
      direction === undefined ? '' : directions.indexOf(direction), maxPhonesPerParty, before?.revision ?? '', fresh?.sealed ?? '',
      phone(courier), phone(customer), phone(add?.party === 'courier' ? add.phone : undefined), phone(add?.party === 'customer' ? add.phone : undefined)
    ])
  })
}

function touchesPeople({ courier, customer, add }: Change): boolean {
  return courier !== undefined || customer !== undefined || add !== undefined
}

/**
 * Seals the people under today's key, when they change or are held longer: a key must not be destroyed as long as
 * something under it is needed, and must not live longer than that. The tags that they are found by are held as long.
 * @throws delivery_ended, expiry_invalid: what would be refused anyway holds no key
 */
async function sealAnew(context: LineContext, { delivery, people, epochs }: StoredDelivery, wanted: Change): Promise<{ sealed: Buffer, heldUntil: number } | undefined> {
  const { id, shopId, state, createdAt, expiresAt: before } = delivery
  if (state !== 'live') throw new MaskError('delivery_ended')
  const expiresAt = wanted.expiresAt ?? before
  if (expiresAt > createdAt + context.config.line.maxTtlSeconds * 1000) throw new MaskError('expiry_invalid', { field: 'expiresAt' })
  const longer = expiresAt > before
  if (!longer && !touchesPeople(wanted)) return undefined
  const { pool } = splitId(context, id)
  const heldUntil = expiresAt + delivery.quarantineUntil - before
  if (longer) await context.tags.extend(pool, epochs, heldUntil)
  const after = peopleAfter(people, wanted)
  return { sealed: await context.tags.at(pool, (now) => sealPeople(context.keys, { shopId, id, now, heldUntil }, after)), heldUntil }
}

function peopleAfter(people: People, { courier, customer, add }: Change): People {
  const phones = (party: Party, first: E164 | undefined): E164[] => [
    ...(first === undefined ? people[party] : [first, ...people[party].slice(1)]),
    ...(add?.party === party ? [add.phone] : [])
  ]
  return { courier: phones('courier', courier), customer: phones('customer', customer), reference: people.reference }
}

/** The fields that places 11 to 14 of change.lua come from. */
const placeFields: Readonly<Record<number, string>> = { 11: 'courier.phone', 12: 'customer.phone', 13: 'phone', 14: 'phone' }

async function readOrThrow(context: LineContext, id: string, reply: Reply, wanted?: Change): Promise<StoredDelivery> {
  if (codeOf(reply) === result.ok) {
    const stored = await readView(context.keys, id, reply)
    if (stored === undefined) throw new MaskError('delivery_not_found')
    return stored
  }
  const place = wanted === undefined ? undefined : list(reply)[1]
  throw refusal(reply, place === undefined ? undefined : placeFields[int(place)])
}
