import type { E164 } from '../phone/types.js'
import { poolKey } from '../store/keys.js'
import type { Arg } from '../store/redis.js'
import { bytes, int, list, text, type Reply } from '../store/reply.js'
import type { LineContext } from './context.js'
import { leaseMs, type Leases } from './leases.js'
import { toDigits } from './numbers.js'
import { openPeople, otherParty } from './people.js'
import { codeOf, scripts } from './scripts.js'
import type { Lookup, Party } from './types.js'

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

/** A call as lookup.lua and redeem.lua take it: pool, and ARGV 1 to 9. */
export interface CallArgs {
  readonly pool: string
  readonly args: readonly Arg[]
}

/** What is not ours may be a person's number: it stays here, and something else is looked up instead. */
export function callArgs(context: LineContext, number: string, caller: E164 | undefined, callId: string): CallArgs {
  const pool = context.plan.poolOf(number)
  const digits = context.plan.has(number) ? toDigits(number) : noNumber
  const { callsPerDelivery, callsPerDeliveryHour, callsPerCallerHour, callsPerNumberMinute } = context.config.limits
  const tag = context.vault.lookupTag(pool, caller ?? nobody)
  return { pool, args: [context.now(), tag, digits, callId, leaseMs, callsPerDelivery, callsPerDeliveryHour, callsPerCallerHour, callsPerNumberMinute] }
}

/**
 * One round trip, and the same one whoever calls whatever: a number that is not ours and a caller without
 * identity are looked up like the others, and found nowhere.
 */
export async function lookup(context: LineContext, leases: Leases, number: string, caller: E164 | undefined, callId: string): Promise<Lookup> {
  const { pool, args } = callArgs(context, number, caller, callId)
  const reply = await context.store.run(scripts.lookup, [poolKey('pool', pool)], args)
  if (codeOf(reply) === unknown) return { kind: 'unknown' }
  return countedIn(leases, pool, callId, readAdmission(context, pool, reply))
}

/** Keeps the call counted as long as it lasts. */
export function countedIn<T extends Admission>(leases: Leases, pool: string, callId: string, found: T): T {
  if (found.kind === 'connect') leases.add(pool, found.deliveryId.slice(pool.length + 1), callId)
  return found
}

/** An answer about a delivery that was found. */
export type Admission = Exclude<Lookup, { kind: 'unknown' }>

export function readAdmission({ vault }: LineContext, pool: string, reply: Reply): Admission {
  const [kindReply, local, shop, partyReply, sealed] = list(reply)
  const kind = int(kindReply)
  const deliveryId = `${pool}-${text(local)}`
  const people = openPeople(vault, deliveryId, bytes(sealed))
  const caller: Party = int(partyReply) === 0 ? 'courier' : 'customer'
  const common = { deliveryId, shopId: text(shop), reference: people.reference, caller }
  if (kind === connect) return { kind: 'connect', ...common, callee: people[otherParty(caller)][0]! }
  if (kind === over) return { kind: 'over', ...common }
  if (kind === wrongDirection) return { kind: 'wrong_direction', ...common }
  return { kind: 'limited', ...common, limit: limits[kind as keyof typeof limits] }
}
