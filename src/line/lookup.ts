import type { E164 } from '../phone/types.js'
import { poolKey } from '../store/keys.js'
import type { Arg } from '../store/redis.js'
import { bytes, int, list, text, type Reply } from '../store/reply.js'
import type { Capped } from './alarms.js'
import type { LineContext } from './context.js'
import { leaseMs, type Leases } from './leases.js'
import { toDigits } from './numbers.js'
import { usageOf } from './caps.js'
import { openPeople, otherParty } from './people.js'
import { codeOf, scripts } from './scripts.js'
import { tagged } from './tagged.js'
import type { PoolTags } from './tags.js'
import type { Admitted, Cap, Lookup, Party, PartyPhones } from './types.js'
import { withinCaps } from './usage.js'

/** Kinds of lua/includes/admit.lua. */
const connect = 0
const over = 1
const wrongDirection = 2
const limits = { 3: 'concurrent', 4: 'hourly', 5: 'caller', 6: 'number' } as const
const unknown = 7

/** Stands for everybody whose identity is withheld; no phone has this tag. */
const nobody = 'withheld'
/** Stands for every number that is not ours. */
const noNumber = '000000000000'

/**
 * A call as lookup.lua and redeem.lua take it, ARGV 1 to 10. What is not ours may be a person's number: it stays
 * here, and something else is looked up instead.
 */
export function callArgs(context: LineContext, tags: PoolTags, number: string, caller: E164 | undefined, callId: string): Arg[] {
  const digits = context.plan.has(number) ? toDigits(number) : noNumber
  return [context.now(), tags.epochs, tags.phone(caller ?? nobody), digits, ...countArgs(context, callId)]
}

/** How a call is counted in: call id, lease and the four limits (lua/includes/admit.lua). */
export function countArgs({ config }: LineContext, callId: string): Arg[] {
  const { callsPerDelivery, callsPerDeliveryHour, callsPerCallerHour, callsPerNumberMinute } = config.limits
  return [callId, leaseMs, callsPerDelivery, callsPerDeliveryHour, callsPerCallerHour, callsPerNumberMinute]
}

/**
 * One round trip, and the same one whoever calls whatever: a number that is not ours and a caller without
 * identity are looked up like the others, and found nowhere.
 */
export async function lookup(context: LineContext, leases: Leases, number: string, caller: E164 | undefined, callId: string): Promise<Lookup> {
  const pool = context.plan.poolOf(number)
  const reply = await tagged(context, pool, 0, (tags) =>
    context.store.run(scripts.lookup, [poolKey('pool', pool)], callArgs(context, tags, number, caller, callId)))
  if (codeOf(reply) === unknown) return { kind: 'unknown' }
  return await admitted(context, leases, pool, callId, reply) ?? { kind: 'unknown' }
}

/** An answer about a delivery that was found. */
export type Admission = Exclude<Lookup, { kind: 'unknown' }>

/**
 * Reads what a script said about a call, asks whether the shop's caps have room for it, and keeps it counted as long as it lasts.
 * @returns undefined when nobody can read the delivery any more; the call does not count then
 */
export async function admitted(context: LineContext, leases: Leases, pool: string, callId: string, reply: Reply): Promise<Admission | undefined> {
  const [, local, shop, , , counted] = list(reply)
  const [deliveryId, shopId] = [`${pool}-${text(local)}`, text(shop)]
  const giveBack = (): Promise<void> => leases.release(deliveryId, callId, { shopId, refused: true })
  try {
    const found = await readAdmission(context, deliveryId, shopId, reply)
    if (found === undefined) await giveBack()
    if (found?.kind === 'limited') tellRate(context, { pool, shopId, deliveryId }, found.limit)
    if (found?.kind !== 'connect' && found?.kind !== 'over') return found
    const verdict = await withinCaps(context, { pool, shopId, deliveryId }, usageOf(counted!))
    if (verdict.ok) {
      leases.add({ pool, local: text(local), shopId }, callId)
      return { ...found, ...lengthOf(verdict) }
    }
    await giveBack()
    const { reference, caller, phones } = found
    return { kind: 'limited', deliveryId, shopId, reference, caller, phones, limit: verdict.notes[0]!.cap }
  } catch (error) {
    await giveBack().catch(() => undefined)
    throw error
  }
}

/** Somebody calls too often. A line that is busy, because both call or one calls twice, is no news. */
function tellRate({ alarms, clock = Date.now, config: { limits } }: LineContext, about: Capped, limit: string): void {
  const rates: Readonly<Record<string, readonly [Cap, number]>> = {
    hourly: ['delivery_calls_per_hour', limits.callsPerDeliveryHour], caller: ['caller_calls_per_hour', limits.callsPerCallerHour], number: ['number_calls_per_minute', limits.callsPerNumberMinute]
  }
  const [cap, most] = rates[limit] ?? []
  if (cap !== undefined && most !== undefined) void alarms.note(about, { cap, state: 'reached', used: most, limit: most }, clock())
}

export const lengthOf = ({ longestMs }: Admitted): Admitted => longestMs === undefined ? {} : { longestMs }

async function readAdmission({ keys }: LineContext, deliveryId: string, shopId: string, reply: Reply): Promise<Admission | undefined> {
  const [kindReply, , , partyReply, sealed] = list(reply)
  const kind = int(kindReply)
  const people = await openPeople(keys, shopId, deliveryId, bytes(sealed))
  if (people === undefined) return undefined
  const caller: Party = int(partyReply) === 0 ? 'courier' : 'customer'
  const [[courier], [customer]] = [people.courier, people.customer]
  const phones: PartyPhones = { ...(courier === undefined ? {} : { courier }), ...(customer === undefined ? {} : { customer }) }
  const common = { deliveryId, shopId, reference: people.reference, caller, phones }
  if (kind === connect) return { kind: 'connect', ...common, callee: phones[otherParty(caller)]! }
  if (kind === over) return { kind: 'over', ...common }
  if (kind === wrongDirection) return { kind: 'wrong_direction', ...common }
  return { kind: 'limited', ...common, limit: limits[kind as keyof typeof limits] }
}
