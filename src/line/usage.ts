import { MaskError } from '../errors.js'
import { poolKey } from '../store/keys.js'
import type { Arg } from '../store/redis.js'
import type { Capped } from './alarms.js'
import { judge, usageOf, type Usage, type Verdict } from './caps.js'
import type { LineContext } from './context.js'
import { leaseMs, type Leases } from './leases.js'
import { toDigits } from './numbers.js'
import { scripts } from './scripts.js'
import type { ShopUsage } from './types.js'

/** Holds what was counted against the caps of the shop, and tells those who want to know. */
export async function withinCaps({ caps, alarms }: LineContext, about: Capped, usage: Usage): Promise<Verdict> {
  if (caps === undefined) return { ok: true, notes: [] }
  const verdict = judge(usage, await caps.of(about.shopId))
  for (const note of verdict.notes) void alarms.note(about, note, usage.now)
  return verdict
}

/** @throws call_limited, store_unavailable */
export async function count(context: LineContext, leases: Leases, shopId: string, number: string, callId: string): Promise<void> {
  const pool = context.plan.poolOf(number)
  const usage = await ask(context, pool, [shopId, callId, leaseMs, toDigits(number)])
  leases.add({ pool, local: '', shopId }, callId)
  const verdict = await withinCaps(context, { pool, shopId }, usage)
  if (verdict.ok) return
  await leases.release(undefined, callId, { refused: true })
  throw new MaskError('call_limited', { reason: verdict.notes[0]!.cap })
}

/** @throws number_not_found, store_unavailable */
export async function usage(context: LineContext, shopId: string, pool: string): Promise<ShopUsage> {
  if (!context.plan.hasPool(pool)) throw new MaskError('number_not_found')
  const { callsAtOnce, callsThisHour, talkMs } = await ask(context, pool, [shopId, '', 0, ''])
  return { callsAtOnce, callsThisHour, talkMs }
}

async function ask(context: LineContext, pool: string, args: readonly Arg[]): Promise<Usage> {
  return usageOf(await context.store.run(scripts.usage, [poolKey('pool', pool)], [context.now(), ...args]))
}
