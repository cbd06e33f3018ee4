import { MaskError } from '../errors.js'
import { poolKey } from '../store/keys.js'
import type { Reply } from '../store/reply.js'
import type { LineContext } from './context.js'
import { codeOf, result, scripts } from './scripts.js'
import { Tags, type PoolTags } from './tags.js'

/** A process that was told of other epochs tries again; the turn of an epoch in between may ask for one more time. */
const attempts = 4

/**
 * Runs a script that takes tags. When it knows of other epochs than this process, nothing was done; we take over
 * what it says and try again. @param neededUntil as Tags.of @throws store_unavailable when they never agree
 */
export async function tagged(context: LineContext, pool: string, neededUntil: number, run: (tags: PoolTags) => Promise<Reply>): Promise<Reply> {
  for (let attempt = 1; ; attempt++) {
    const reply = await run(await context.tags.of(pool, neededUntil))
    if (codeOf(reply) !== result.epochs) return reply
    context.tags.learn(pool, reply)
    if (attempt < attempts) continue
    // The pool's data were written with another key than the key store has: with either of the two somebody could
    // get a number that they have already.
    context.log.error('line.tag_keys_differ', { poolId: pool })
    throw new MaskError('store_unavailable', { retryAfter: 60 })
  }
}

/** The tags of a process over its store. */
export function createTags({ keys, store, clock, elapsed }: Pick<LineContext, 'keys' | 'store' | 'clock' | 'elapsed'>): Tags {
  return new Tags({
    keys,
    ticks: elapsed ?? clock ?? (() => performance.now()),
    ask: (pool) => store.run(scripts.epochs, [poolKey('pool', pool)], [clock?.() ?? ''])
  })
}
