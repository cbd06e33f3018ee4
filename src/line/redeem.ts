import { asMaskError } from '../errors.js'
import { errorFields } from '../telemetry/log.js'
import { poolKey } from '../store/keys.js'
import type { Arg } from '../store/redis.js'
import { int, list } from '../store/reply.js'
import { change } from './change.js'
import type { LineContext } from './context.js'
import type { Leases } from './leases.js'
import { admitted, callArgs } from './lookup.js'
import { codeOf, scripts } from './scripts.js'
import { tagged } from './tagged.js'
import type { PoolTags } from './tags.js'
import type { CodeAnswer, CodeEntry } from './types.js'

/** Kinds of redeem.lua beside those of an admission. */
const wrong = 8
const blocked = 9

/** Wrong codes before the first wait, the time in which one is forgiven, first and longest wait (ms). */
type Patience = readonly [free: number, forgiven: number, first: number, longest: number]

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/**
 * In the long run one wrong code in half an hour on a number. Each succeeds with p < 1e-4 / 3, so somebody
 * who has endless phones and never stops gets in about once in a year and a half.
 */
export const patience: Readonly<Record<'caller' | 'withheld' | 'number' | 'pool', Patience>> = {
  caller: [3, 8 * hour, 10 * minute, 24 * hour],
  // Nobody can tell withheld callers apart; one must not lock out the others.
  withheld: [1e9, minute, 0, 0],
  number: [20, 30 * minute, 10 * second, 30 * minute],
  pool: [500, 10 * second, second, minute]
}

/** A caller's last wrong code is forgiven by then, after the longest wait; the tags that count it are needed as long. */
const memoryMs = 120 * hour

/** @throws store_unavailable */
export async function redeem(context: LineContext, leases: Leases, entry: CodeEntry): Promise<CodeAnswer> {
  const pool = context.plan.poolOf(entry.number)
  const heldUntil = await context.tags.time(pool) + memoryMs
  const reply = await tagged(context, pool, heldUntil, (tags) =>
    context.store.run(scripts.redeem, [poolKey('pool', pool)], entryArgs(context, tags, entry)))
  const [, detail] = list(reply)
  if (codeOf(reply) === wrong) return { kind: 'wrong', left: int(detail) }
  if (codeOf(reply) === blocked) return { kind: 'blocked', retryAfter: int(detail) }
  const found = await admitted(context, leases, pool, entry.callId, reply)
  if (found === undefined) return { kind: 'wrong', left: 0 }
  return found.kind === 'connect' ? { ...found, enrolled: await enrol(context, found, entry) } : found
}

function entryArgs(context: LineContext, tags: PoolTags, { number, caller, callId, code, party }: CodeEntry): Arg[] {
  return [
    ...callArgs(context, tags, number, caller, callId), tags.code(code), party === 'courier' ? 0 : 1, tags.number(number),
    memoryMs, ...patience[caller === undefined ? 'withheld' : 'caller'], ...patience.number, ...patience.pool
  ]
}

/** Lets the phone in for good, unless it has the number elsewhere or the party has phones enough: then for this call. */
async function enrol(context: LineContext, { shopId, deliveryId }: { shopId: string, deliveryId: string }, { caller, party, callId }: CodeEntry): Promise<boolean> {
  if (caller === undefined) return false
  try {
    await change(context, shopId, deliveryId, { add: { party, phone: caller } })
    return true
  } catch (error) {
    const { code } = asMaskError(error)
    if (code !== 'phone_in_use' && code !== 'phone_in_delivery' && code !== 'phones_too_many' && code !== 'phone_is_proxy') context.log.warn('line.enrol_failed', { callId, ...errorFields(error) })
    return code === 'phone_in_delivery'
  }
}
