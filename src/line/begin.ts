import { MaskError } from '../errors.js'
import { poolKey } from '../store/keys.js'
import { bytes, list, text } from '../store/reply.js'
import { splitId, type LineContext } from './context.js'
import { leaseMs, type Leases } from './leases.js'
import { countedIn, readAdmission } from './lookup.js'
import { fromDigits } from './numbers.js'
import { openPeople, otherParty } from './people.js'
import { codeOf, refusal, result, scripts } from './scripts.js'
import type { BegunCall, Party } from './types.js'

/** @throws delivery_not_found, delivery_ended, call_limited, store_unavailable */
export async function begin(context: LineContext, leases: Leases, shopId: string, id: string, first: Party, callId: string): Promise<BegunCall> {
  const { pool, local } = splitId(context, id)
  const { callsPerDelivery, callsPerDeliveryHour, callsPerCallerHour, callsPerNumberMinute } = context.config.limits
  const reply = await context.store.run(scripts.begin, [poolKey('pool', pool)], [
    context.now(), local, shopId, callId, leaseMs, callsPerDelivery, callsPerDeliveryHour, callsPerCallerHour, callsPerNumberMinute,
    first === 'courier' ? 0 : 1
  ])
  if (codeOf(reply) === result.notFound) throw refusal(reply)
  const found = countedIn(leases, pool, callId, readAdmission(context, pool, reply))
  if (found.kind === 'limited') throw new MaskError('call_limited', { reason: found.limit })
  if (found.kind !== 'connect') throw new MaskError('delivery_ended')
  const [, , , , sealed, number] = list(reply)
  const people = openPeople(context.vault, id, bytes(sealed))
  return { reference: found.reference, number: fromDigits(text(number)), first: people[first][0]!, second: people[otherParty(first)][0]! }
}
