import { keyName } from '../store/keys.js'
import type { Store } from '../store/redis.js'
import { errorFields, type Log } from '../telemetry/log.js'
import type { CapNote } from './caps.js'
import type { Cap, CapAlarm } from './types.js'

const hourMs = 3_600_000
const windows: Readonly<Record<Cap, number>> = { calls_at_once: hourMs, calls_per_hour: hourMs, minutes_per_day: 24 * hourMs, delivery_minutes_per_day: 24 * hourMs }
/** Alarms that this process remembers; beyond them it asks the store again. */
const mostRemembered = 10_000

/** Whom an alarm is about; a delivery only where the cap is one of deliveries. */
export interface Capped {
  readonly pool: string
  readonly shopId: string
  readonly deliveryId?: string
}

/** Tells of caps once in each window of time, whichever process sees it. */
export class CapAlarms {
  readonly #told = new Set<string>()

  constructor(private readonly context: { readonly store: Store, readonly log: Log, readonly caps?: { tell(alarm: CapAlarm): void } }) {}

  /** Never rejects, and no call waits for it. @param now Unix ms */
  async note(about: Capped, { cap, state, used, limit }: CapNote, now: number): Promise<void> {
    const windowMs = windows[cap]
    const start = Math.floor(now / windowMs) * windowMs
    const deliveryId = cap === 'delivery_minutes_per_day' ? about.deliveryId : undefined
    const name = keyName('told', about.pool, [about.shopId, cap, state, start, ...(deliveryId === undefined ? [] : [deliveryId])].join(':'))
    if (this.#told.has(name)) return
    if (this.#told.size >= mostRemembered) this.#told.clear()
    this.#told.add(name)
    try {
      if (!await this.context.store.set(name, used, { ttlMs: start + windowMs - now, ifAbsent: true })) return
      this.context.caps?.tell({ shopId: about.shopId, ...(deliveryId === undefined ? {} : { deliveryId }), cap, state, used, limit, at: now })
    } catch (error) {
      this.#told.delete(name)
      this.context.log.warn('line.alarm_failed', { shopId: about.shopId, ...errorFields(error) })
    }
  }
}
