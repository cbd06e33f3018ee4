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
  readonly local: string
  /** Process time (ms) after which even a call that nobody counted out is no longer renewed. */
  readonly until: number
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

  add(pool: string, local: string, callId: string): void {
    // A shop may set longer calls than the configuration does, up to these bounds.
    const longest = longestCallSeconds * 1000 + leaseMs
    this.held.set(callId, { pool, local, until: performance.now() + longest })
  }

  /** @throws store_unavailable; the lease then ends by itself */
  async release(deliveryId: string, callId: string): Promise<void> {
    const { pool, local } = splitId(this.context, deliveryId)
    this.held.delete(callId)
    await this.context.store.call('ZREM', poolKey('calls', pool, local), callId)
  }

  /** Gives the sign of life for all of them. Never rejects. */
  async renew(): Promise<void> {
    for (const [pool, pairs] of this.byPool()) {
      for (let at = 0; at < pairs.length; at += batch * 2) {
        try {
          await this.context.store.run(scripts.renew, [poolKey('pool', pool)], [this.context.now(), leaseMs, ...pairs.slice(at, at + batch * 2)])
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
    for (const [callId, { pool, local, until }] of this.held) {
      if (until < performance.now()) {
        this.held.delete(callId)
        continue
      }
      const pairs = pools.get(pool) ?? []
      pairs.push(local, callId)
      pools.set(pool, pairs)
    }
    return pools
  }
}
