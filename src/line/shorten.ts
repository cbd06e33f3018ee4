import { MaskError } from '../errors.js'
import { poolKey } from '../store/keys.js'
import { int, list } from '../store/reply.js'
import type { LineContext } from './context.js'
import { scripts } from './scripts.js'
import type { Shortened, ShortenLimits } from './types.js'

/** Deliveries per script call: a few milliseconds of Redis's time. */
const batch = 200

/** @throws as Lines.shorten */
export async function shorten(context: LineContext, shopId: string, pool: string, { lifeSeconds, quarantineSeconds, beforeBatch }: ShortenLimits): Promise<Shortened> {
  if (!context.plan.hasPool(pool)) throw new MaskError('number_not_found')
  const prefix = poolKey('d', pool, '')
  const done = { ended: 0, released: 0 }
  for await (const names of context.store.scan(`${prefix}*`)) {
    const ids = names.map((name) => name.slice(prefix.length))
    for (let at = 0; at < ids.length; at += batch) {
      await beforeBatch?.()
      const [ended, released] = list(await context.store.runDurably(scripts.shorten, [poolKey('pool', pool)], [context.now(), shopId, msOf(lifeSeconds), msOf(quarantineSeconds), ...ids.slice(at, at + batch)]))
      done.ended += int(ended)
      done.released += int(released)
    }
  }
  return done
}

/** Redis reads no Infinity. */
const msOf = (seconds: number): number => Math.min(seconds * 1000, Number.MAX_SAFE_INTEGER)
