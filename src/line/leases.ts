import { errorFields } from '../telemetry/log.js'
import { longestCallSeconds } from '../shop/settings.js'
import { poolKey } from '../store/keys.js'
import { splitId, type LineContext } from './context.js'
import { scripts } from './scripts.js'

/** How long a call counts without a sign of life of its process; and how often the sign is given. */
export const leaseMs = 60_000
const renewEveryMs = 20_000
const batch = 200

interface Lease {
  readonly pool: string
  /** '' for a call that belongs to no delivery. */
  readonly local: string
  readonly shopId: string
  /** Process time (ms) after which even a call that nobody counted out is no longer renewed. */
  readonly until: number
}

export interface Release {
  /** Who counted it, where this process does not hold it. */
  readonly shopId?: string
  /** For how long a phone that we rang was connected. */
  readonly spentMs?: number | undefined
  /** It was refused after all, and counts in no window of time. */
  readonly refused?: boolean
}

/** The calls that this process has counted in and must keep counted until they end. */
export class Leases {
  private readonly held = new Map<string, Lease>()
  private readonly timer: NodeJS.Timeout

  constructor(private readonly context: LineContext) {
    this.timer = setInterval(() => void this.renew(), renewEveryMs).unref()
  }

  /** Calls that count at the moment. */
  get size(): number {
    return this.held.size
  }

  add({ pool, local, shopId }: Omit<Lease, 'until'>, callId: string): void {
    // A shop may set longer calls than the configuration does, up to these bounds.
    const longest = longestCallSeconds * 1000 + leaseMs
    this.held.set(callId, { pool, local, shopId, until: performance.now() + longest })
  }

  /** @throws store_unavailable; the lease then ends by itself */
  async release(deliveryId: string | undefined, callId: string, { shopId, spentMs = 0, refused = false }: Release = {}): Promise<void> {
    const lease = this.held.get(callId)
    const place = deliveryId === undefined ? lease : splitId(this.context, deliveryId)
    this.held.delete(callId)
    if (place === undefined) return
    await this.context.store.run(scripts.release, [poolKey('pool', place.pool)], [this.context.now(), place.local, lease?.shopId ?? shopId ?? '', callId, Math.max(0, Math.round(spentMs)), Number(refused)])
  }

  /** Gives the sign of life for all of them. Never rejects. */
  async renew(): Promise<void> {
    for (const [pool, calls] of this.byPool()) {
      for (let at = 0; at < calls.length; at += batch * 3) {
        try {
          await this.context.store.run(scripts.renew, [poolKey('pool', pool)], [this.context.now(), leaseMs, ...calls.slice(at, at + batch * 3)])
        } catch (error) {
          this.context.log.warn('line.renew_failed', { poolId: pool, ...errorFields(error) })
        }
      }
    }
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private byPool(): Map<string, string[]> {
    const pools = new Map<string, string[]>()
    for (const [callId, { pool, local, shopId, until }] of this.held) {
      if (until < performance.now()) {
        this.held.delete(callId)
        continue
      }
      const calls = pools.get(pool) ?? []
      calls.push(local, shopId, callId)
      pools.set(pool, calls)
    }
    return pools
  }
}
