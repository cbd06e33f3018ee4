import { Gauge, type Registry } from 'prom-client'
import { isFresh } from '../fresh.js'
import { createForecast } from './forecast.js'

/** How full one pool is. */
export interface PoolLoad {
  /** Its id in the configuration. */
  readonly pool: string
  /** Numbers that new deliveries may get, and those that are being drained. */
  readonly inService: number
  readonly draining: number
  /** Deliveries that are live, and those whose number rests in quarantine. */
  readonly live: number
  readonly quarantine: number
}

/** Milliseconds for which an answer is good enough; scrapes may come oftener. */
const freshMs = 10_000

/**
 * Load of the number pools, asked of the store at a scrape. When it does not answer there is no value: an old one
 * would be believed.
 */
export function gaugePools(read: () => Promise<readonly PoolLoad[]>, registry: Registry, clock = Date.now): void {
  const forecasts = new Map<string, ReturnType<typeof createForecast>>()
  let askedAt = -Infinity
  let asked: Promise<void> = Promise.resolve()
  // The registry asks all gauges at once; each waits for the one reading, or it would show what was before.
  const collect = (): Promise<void> => {
    if (isFresh(askedAt, clock(), freshMs)) return asked
    askedAt = clock()
    asked = fill(askedAt)
    return asked
  }
  const gauge = (name: string, help: string, more: readonly string[]): Gauge => new Gauge({ name, help, labelNames: ['pool', ...more], registers: [registry], collect })
  const numbers = gauge('maskline_pool_numbers', 'Numbers in service.', ['state'])
  const deliveries = gauge('maskline_pool_deliveries', 'Deliveries that hold a number.', ['state'])
  const left = gauge('maskline_pool_exhausted_in_hours', 'Hours, by the trend of the last hours, until as many deliveries hold a number as there are numbers; +Inf while it does not grow.', [])

  async function fill(at: number): Promise<void> {
    const pools = await read().catch(() => [])
    for (const one of [numbers, deliveries, left]) one.reset()
    for (const { pool, inService, draining, live, quarantine } of pools) {
      numbers.set({ pool, state: 'in_service' }, inService)
      numbers.set({ pool, state: 'draining' }, draining)
      deliveries.set({ pool, state: 'live' }, live)
      deliveries.set({ pool, state: 'quarantine' }, quarantine)
      const forecast = forecasts.get(pool) ?? createForecast()
      forecasts.set(pool, forecast)
      left.set({ pool }, forecast.hoursUntil(inService, live + quarantine, at))
    }
  }
}
