import { MaskError } from '../errors.js'
import type { E164 } from '../phone/types.js'
import { poolKey } from '../store/keys.js'
import type { Arg } from '../store/redis.js'
import { int, list, type Reply } from '../store/reply.js'
import { splitId, type LineContext } from './context.js'
import { sealPeople, type People } from './people.js'
import { codeOf, refusal, result, scripts } from './scripts.js'
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
  return readOrThrow(context, id, await context.store.runDurably(scripts.close, [poolKey('pool', pool)], [context.now(), local, shopId])).delivery
}

/** @throws as Lines.change and Lines.addPhone */
export async function change(context: LineContext, shopId: string, id: string, wanted: Change): Promise<Delivery> {
  checkProxies(context, wanted)
  for (let attempt = 1; ; attempt++) {
    const reply = await tryChange(context, shopId, id, wanted)
    if (codeOf(reply) !== result.revisionMismatch || attempt === attempts) return readOrThrow(context, id, reply, wanted).delivery
  }
}

function checkProxies(context: LineContext, { courier, customer, add }: Change): void {
  const phones = [[courier, 'courier.phone'], [customer, 'customer.phone'], [add?.phone, 'phone']] as const
  for (const [phone, field] of phones) {
    if (phone !== undefined && context.plan.has(phone)) throw new MaskError('phone_is_proxy', { field })
  }
}

/** The sealed data can only be rewritten here, so a change of people reads first and writes if nobody else did. */
async function tryChange(context: LineContext, shopId: string, id: string, wanted: Change): Promise<Reply> {
  const { pool, local } = splitId(context, id)
  const { courier, customer, add } = wanted
  const touchesPeople = courier !== undefined || customer !== undefined || add !== undefined
  const sealed = touchesPeople ? sealedAfter(context, id, wanted, await find(context, shopId, id)) : ['', '']
  const tag = (phone: E164 | undefined): string => phone === undefined ? '' : context.vault.lookupTag(pool, phone)
  const { maxTtlSeconds, maxPhonesPerParty } = context.config.line
  return await context.store.runDurably(scripts.change, [poolKey('pool', pool)], [
    context.now(), local, shopId, wanted.expiresAt ?? '', maxTtlSeconds * 1000,
    wanted.direction === undefined ? '' : directions.indexOf(wanted.direction), maxPhonesPerParty, ...sealed,
    tag(courier), tag(customer), tag(add?.party === 'courier' ? add.phone : undefined), tag(add?.party === 'customer' ? add.phone : undefined)
  ])
}

/** Revision and sealed data, ARGV 8 and 9 of change.lua. */
function sealedAfter(context: LineContext, id: string, { courier, customer, add }: Change, { people, revision }: StoredDelivery): Arg[] {
  const phones = (party: Party, first: E164 | undefined): E164[] => [
    ...(first === undefined ? people[party] : [first, ...people[party].slice(1)]),
    ...(add?.party === party ? [add.phone] : [])
  ]
  const after: People = { courier: phones('courier', courier), customer: phones('customer', customer), reference: people.reference }
  return [revision, sealPeople(context.vault, id, after)]
}

/** The fields that places 10 to 13 of change.lua come from. */
const placeFields: Readonly<Record<number, string>> = { 10: 'courier.phone', 11: 'customer.phone', 12: 'phone', 13: 'phone' }

function readOrThrow(context: LineContext, id: string, reply: Reply, wanted?: Change): StoredDelivery {
  if (codeOf(reply) === result.ok) return readView(context.vault, id, reply)
  const place = wanted === undefined ? undefined : list(reply)[1]
  throw refusal(reply, place === undefined ? undefined : placeFields[int(place)])
}
