import { MaskError } from '../errors.js'
import { poolKey } from '../store/keys.js'
import { list, text } from '../store/reply.js'
import type { LineContext } from './context.js'
import { fromDigits } from './numbers.js'
import { scripts } from './scripts.js'
import type { NumberLoad } from './types.js'

/** Numbers per script call, so that a large pool does not stop Redis for long. */
const batch = 500

/** Registers every pool. */
export async function prepare(context: LineContext): Promise<void> {
  for (const { id } of context.config.pools) await register(context, id)
}

/** Brings a pool's configured numbers into service; those that Redis knows already stay as they are. */
export async function register(context: LineContext, pool: string): Promise<void> {
  const numbers = context.plan.registration(pool)
  if (numbers === undefined) throw new MaskError('internal', { cause: 'There is no such pool.' })
  for (let at = 0; at < numbers.length; at += batch * 2) {
    await context.store.run(scripts.register, [poolKey('pool', pool)], [context.now(), ...numbers.slice(at, at + batch * 2)])
  }
}

/** A pool's numbers with their load, in order. @throws number_not_found when there is no such pool */
export async function numbers(context: LineContext, pool: string): Promise<NumberLoad[]> {
  if (context.plan.registration(pool) === undefined) throw new MaskError('number_not_found')
  await register(context, pool)
  const range = ['0', '-1', 'WITHSCORES'] as const
  const replies = await context.store.transaction([['ZRANGE', poolKey('load', pool), ...range], ['ZRANGE', poolKey('rest', pool), ...range]])
  const flat = replies.flatMap((reply) => list(reply).map(text))
  const loads: NumberLoad[] = []
  for (let at = 0; at < flat.length; at += 2) {
    const number = fromDigits(flat[at]!)
    // The fraction of the score is the time of the last use.
    loads.push({ number, poolId: pool, country: context.plan.countryOf(number), live: Math.floor(Number(flat[at + 1])) })
  }
  return loads.sort((a, b) => a.number < b.number ? -1 : 1)
}
