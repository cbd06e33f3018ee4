import { MaskError } from '../errors.js'
import { poolKey } from '../store/keys.js'
import { find } from './change.js'
import { splitId, type LineContext } from './context.js'
import type { Leases } from './leases.js'
import { admitted, countArgs } from './lookup.js'
import { toDigits } from './numbers.js'
import { codeOf, result, scripts } from './scripts.js'
import { tagged } from './tagged.js'
import type { Entry, Lookup } from './types.js'

/** Another phone may be set while we ask for the call; then we read again, this many times. */
const attempts = 5

/** @throws store_unavailable */
export async function enter(context: LineContext, leases: Leases, entry: Entry): Promise<Lookup> {
  const { shopId, deliveryId, party, number, callId } = entry
  const { pool, local } = splitId(context, deliveryId)
  for (let attempt = 1; ; attempt++) {
    const phone = (await find(context, shopId, deliveryId).catch(unlessGone))?.people[party][0]
    // A delivery that is gone, a party whose phone was erased, and a number that is no number of ours.
    if (phone === undefined || !context.plan.has(number)) return { kind: 'unknown' }
    const reply = await tagged(context, pool, 0, (tags) => context.store.run(scripts.enter, [poolKey('pool', pool)], [
      context.now(), tags.epochs, local, shopId, ...countArgs(context, callId), party === 'courier' ? 0 : 1, tags.phone(phone), toDigits(number)
    ]))
    const code = codeOf(reply)
    if (code === result.revisionMismatch && attempt < attempts) continue
    if (code < 0) return { kind: 'unknown' }
    return await admitted(context, leases, pool, callId, reply) ?? { kind: 'unknown' }
  }
}

function unlessGone(error: unknown): undefined {
  if (error instanceof MaskError && error.code === 'delivery_not_found') return undefined
  throw error
}
