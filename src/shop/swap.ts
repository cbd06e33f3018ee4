import { MaskError } from '../errors.js'
import type { Store } from '../store/redis.js'
import { loadScript } from '../store/scripts.js'

const script = loadScript(new URL('../../src/shop/lua/swap.lua', import.meta.url))
/** So many others can be faster in a row before something is wrong. */
const attempts = 8

/**
 * Changes a field of a hash as if nobody else did at the same time: reads it, has the next one made out of it, and
 * does both again when another was faster. @throws MaskError store_unavailable, store_full, and whatever `next` throws
 */
export async function swap<T>(store: Store, hash: string, field: string, next: (blob: Buffer | undefined) => Promise<{ readonly blob: Buffer, readonly value: T }>): Promise<T> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = await store.hget(hash, field)
    const { blob, value } = await next(before)
    if (await store.run(script, [hash], [field, before ?? '', blob]) === 1) return value
  }
  throw new MaskError('store_unavailable', { retryAfter: 1 })
}
