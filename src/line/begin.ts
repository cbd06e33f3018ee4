import { MaskError } from '../errors.js'
import { poolKey } from '../store/keys.js'
import { list, text, type Reply } from '../store/reply.js'
import { find } from './change.js'
import { splitId, type LineContext } from './context.js'
import type { Leases } from './leases.js'
import { admitted, countArgs, lengthOf } from './lookup.js'
import { fromDigits } from './numbers.js'
import type { People } from './people.js'
import { codeOf, refusal, result, scripts } from './scripts.js'
import { tagged } from './tagged.js'
import type { BegunCall, Party } from './types.js'

/** Another phone may be set while we ask for the call; then we read again, this many times. */
const attempts = 5

/** @throws delivery_not_found, delivery_ended, call_limited, store_unavailable */
export async function begin(context: LineContext, leases: Leases, shopId: string, id: string, first: Party, callId: string): Promise<BegunCall> {
  const { pool } = splitId(context, id)
  for (let attempt = 1; ; attempt++) {
    const { people } = await find(context, shopId, id)
    // Only where a person's phone was erased, which ends the delivery.
    if (people[first].length === 0) throw new MaskError('delivery_ended')
    const reply = await tryBegin(context, shopId, id, people, first, callId)
    const code = codeOf(reply)
    if (code === result.revisionMismatch && attempt < attempts) continue
    if (code < 0) throw refusal(reply)
    const found = await admitted(context, leases, pool, callId, reply)
    if (found === undefined) throw new MaskError('delivery_not_found')
    if (found.kind === 'limited') throw new MaskError('call_limited', { reason: found.limit })
    if (found.kind === 'over') await leases.release(id, callId, { refused: true })
    if (found.kind !== 'connect') throw new MaskError('delivery_ended')
    return { reference: found.reference, ...lengthOf(found), number: fromDigits(text(list(reply)[6])), first: people[first][0]!, second: found.callee }
  }
}

/** The phone that is rung first is limited as a caller, by the tag of the present epoch: so we must know it before. */
async function tryBegin(context: LineContext, shopId: string, id: string, people: People, first: Party, callId: string): Promise<Reply> {
  const { pool, local } = splitId(context, id)
  return await tagged(context, pool, 0, (tags) => context.store.run(scripts.begin, [poolKey('pool', pool)], [
    context.now(), tags.epochs, local, shopId, ...countArgs(context, callId), first === 'courier' ? 0 : 1, tags.phone(people[first][0]!)
  ]))
}
