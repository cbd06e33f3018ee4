import type { E164 } from '../phone/types.js'
import { poolKey } from '../store/keys.js'
import { bytes, int, list, text, type Reply } from '../store/reply.js'
import type { LineContext } from './context.js'
import { leaseMs, type Leases } from './leases.js'
import { toDigits } from './numbers.js'
import { openPeople, otherParty } from './people.js'
import { scripts } from './scripts.js'
import type { Lookup, Party } from './types.js'

/** Kinds of lookup.lua. */
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
 * One round trip, and the same one whoever calls whatever: a number that is not ours and a caller without
 * identity are looked up like the others, and found nowhere.
 */
export async function lookup(context: LineContext, leases: Leases, number: string, caller: E164 | undefined, callId: string): Promise<Lookup> {
  const pool = context.plan.poolOf(number)
  const { callsPerDelivery, callsPerDeliveryHour, callsPerCallerHour, callsPerNumberMinute } = context.config.limits
  // What is not ours may be a person's number, and stays here.
  const dialled = context.plan.has(number) ? toDigits(number) : noNumber
  const reply = await context.store.run(scripts.lookup, [poolKey('pool', pool)], [
    context.now(), context.vault.lookupTag(pool, caller ?? nobody), dialled, callId, leaseMs,
    callsPerDelivery, callsPerDeliveryHour, callsPerCallerHour, callsPerNumberMinute
  ])
  const found = readLookup(context, pool, reply)
  if (found.kind === 'connect') leases.add(pool, found.deliveryId.slice(pool.length + 1), callId)
  return found
}

function readLookup({ vault }: LineContext, pool: string, reply: Reply): Lookup {
  const [kindReply, local, shop, partyReply, sealed] = list(reply)
  const kind = int(kindReply)
  if (kind === unknown) return { kind: 'unknown' }
  const deliveryId = `${pool}-${text(local)}`
  const people = openPeople(vault, deliveryId, bytes(sealed))
  const caller: Party = int(partyReply) === 0 ? 'courier' : 'customer'
  const common = { deliveryId, shopId: text(shop), reference: people.reference, caller }
  if (kind === connect) return { kind: 'connect', ...common, callee: people[otherParty(caller)][0]! }
  if (kind === over) return { kind: 'over', ...common }
  if (kind === wrongDirection) return { kind: 'wrong_direction', ...common }
  return { kind: 'limited', ...common, limit: limits[kind as keyof typeof limits] }
}
