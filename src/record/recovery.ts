import type { Events } from '../events.js'
import type { Store } from '../store/redis.js'
import { list } from '../store/reply.js'
import { writeEnd, type Ending } from './endings.js'
import { leaseMs, LeaseWatch } from './lease-watch.js'
import { outcomeOf } from './outcome.js'
import { parsePlace, parseRow, recordKeys, withEnd } from './row.js'
import type { Attempt } from './types.js'

export interface RecoveryOptions {
  readonly store: Store
  /** Unix time in milliseconds. */
  readonly clock: () => number
  /** Milliseconds that only grow. */
  readonly monotonic: () => number
  /** Whether a call is this process's own; those are never given up. */
  readonly isOwn: (callId: string) => boolean
  /** Told of each call that was finished here, in place of the process that died. */
  readonly onRecovered: (ended: Events['call.ended']) => void
}

/** Finishes the calls of processes that died. */
export class Recovery {
  readonly #watches = new Map<string, LeaseWatch>()

  constructor(private readonly options: RecoveryOptions) {}

  /** A call must be found dead twice, so the first time only looks. @returns how many were finished, by shop */
  async recover(shopIds: readonly string[]): Promise<Map<string, number>> {
    for (const shopId of this.#watches.keys()) if (!shopIds.includes(shopId)) this.#watches.delete(shopId)
    const counts = await Promise.all(shopIds.map(async (shopId) => [shopId, await this.#recoverShop(shopId)] as const))
    return new Map(counts.filter(([, count]) => count > 0))
  }

  async #recoverShop(shopId: string): Promise<number> {
    const leases = await this.#leases(shopId)
    const watch = this.#watches.get(shopId) ?? new LeaseWatch(this.options.monotonic)
    this.#watches.set(shopId, watch)
    let recovered = 0
    for (const place of watch.dead(leases, this.options.clock())) recovered += await this.#finish(shopId, place, leases.get(place)!) ? 1 : 0
    return recovered
  }

  /** The open calls of other processes: place → end of lease. */
  async #leases(shopId: string): Promise<Map<string, number>> {
    const reply = list(await this.options.store.call('ZRANGE', recordKeys(shopId).open, 0, -1, 'WITHSCORES')).map(String)
    const leases = new Map<string, number>()
    for (let at = 0; at < reply.length; at += 2) {
      if (!this.options.isOwn(parsePlace(reply[at]!).id)) leases.set(reply[at]!, Number(reply[at + 1]))
    }
    return leases
  }

  /** The call ended at the latest when its process was last seen. */
  async #finish(shopId: string, text: string, lease: number): Promise<boolean> {
    const { store } = this.options
    const keys = recordKeys(shopId)
    const place = parsePlace(text)
    const row = await store.hget(keys.rows(place.day), place.id)
    if (!row) {
      await store.zrem(keys.open, text)
      return false
    }
    const ending = { shopId, place, row: withEnd(parseRow(row), { at: lease - leaseMs, result: 'indeterminate', reason: 'process_died' }), lease }
    const written = await writeEnd(store, ending)
    if (typeof written !== 'object') return false
    this.options.onRecovered(toldOf(ending, written))
    return true
  }
}

/** What is told of such a call: its end is the one that the record has. */
function toldOf({ shopId, place, row }: Ending, attempt: Attempt): Events['call.ended'] {
  const answeredAt = row.a
  return {
    callId: place.id, shopId, deliveryId: row.d, caller: row.by, at: row.e, result: 'indeterminate', reason: row.why, ...attempt,
    outcome: outcomeOf({ reason: row.why, ...(answeredAt === undefined ? {} : { answeredAt }) }), ringMs: (answeredAt ?? row.e) - row.s, talkMs: answeredAt === undefined ? 0 : row.e - answeredAt
  }
}
