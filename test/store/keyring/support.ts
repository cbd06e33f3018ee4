import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { MaskError } from '../../../src/errors.js'
import { createRing, type KeyRingOptions } from '../../../src/store/keyring/keyring.js'
import { redisShelf } from '../../../src/store/keyring/redis-shelf.js'
import type { KeyShelf } from '../../../src/store/keyring/shelf.js'
import type { KeyRing, KeyScope } from '../../../src/store/keyring/types.js'
import { silent } from '../../support/log.js'
import { memoryShelf } from '../../support/memory-shelf.js'
import { testRedis, testStore } from '../../support/redis.js'

export const hour = 3600_000
export const day = 24 * hour
/** A time within the day of `today`. */
export const noon = Date.UTC(2026, 10, 21, 12)

export const today: KeyScope = { purpose: 'record', owner: 'shop1', period: '20261121' }
export const yesterday: KeyScope = { ...today, period: '20261120' }

export interface Clock { now: number }

/** A ring over a shelf, with a clock that is set by hand; closed when the test ends. */
export function ringOn(t: Pick<Test, 'teardown'>, shelf: KeyShelf, options: Partial<Omit<KeyRingOptions, 'clock' | 'store'>> & { clock?: Clock } = {}): KeyRing {
  const { clock = { now: noon }, ...rest } = options
  const ring = createRing(shelf, { masterKeys: { current: randomBytes(32) }, log: silent, ...rest, clock: () => clock.now })
  t.teardown(() => ring.close())
  return ring
}

/** The shelf in a real Redis of its own, and the one of the unit tests, which must not differ. */
export const shelves: Readonly<Record<string, (t: Pick<Test, 'teardown'>) => Promise<KeyShelf>>> = {
  redis: async (t) => redisShelf(await testStore(t, await testRedis(t))),
  memory: async () => memoryShelf()
}

/** A shelf that can go away, and that counts what it is asked. */
export function shakyShelf(shelf: KeyShelf): KeyShelf & { away: boolean, asked: number } {
  const state = { away: false, asked: 0 }
  const guarded = <A extends unknown[], R>(work: (...given: A) => Promise<R>) => async (...given: A): Promise<R> => {
    state.asked += 1
    // As over a network: what is asked at once is asked before the first answer.
    await Promise.resolve()
    if (state.away) throw new MaskError('store_unavailable', { retryAfter: 1 })
    return work(...given)
  }
  return Object.assign(state, {
    use: guarded((...given: Parameters<KeyShelf['use']>) => shelf.use(...given)),
    read: guarded((scopes: readonly string[]) => shelf.read(scopes)),
    count: guarded(() => shelf.count()),
    destroy: guarded((...given: Parameters<KeyShelf['destroy']>) => shelf.destroy(...given)),
    lastDestroyed: guarded(() => shelf.lastDestroyed()),
    rewrap: guarded((...given: Parameters<KeyShelf['rewrap']>) => shelf.rewrap(...given)),
    purge: guarded((what: Parameters<KeyShelf['purge']>[0]) => shelf.purge(what)),
    list: (of: Parameters<KeyShelf['list']>[0]) => shelf.list(of)
  })
}
