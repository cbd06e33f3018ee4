import { keyName } from '../store/keys.js'
import type { Store } from '../store/redis.js'
import { errorFields, type Log } from '../telemetry/log.js'
import type { CapNote } from './caps.js'
import type { Cap, CapAlarm } from './types.js'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const windows: Readonly<Record<Cap, number>> = {
  calls_at_once: hourMs, calls_per_hour: hourMs, minutes_per_day: dayMs, delivery_minutes_per_day: dayMs, caller_calls_at_once: hourMs, caller_minutes_per_day: dayMs, number_calls_at_once: hourMs, number_minutes_per_day: dayMs,
  delivery_calls_per_hour: hourMs, caller_calls_per_hour: hourMs, number_calls_per_minute: hourMs
}
/** Caps of deliveries, and of callers, whom a shop knows by nothing else. */
const ofDeliveries: readonly Cap[] = ['delivery_minutes_per_day', 'caller_calls_at_once', 'caller_minutes_per_day', 'delivery_calls_per_hour', 'caller_calls_per_hour']
/** Alarms that this process remembers; beyond them it asks the store again. */
const mostRemembered = 10_000

/** Whom an alarm is about; a delivery only where the cap is one of deliveries or callers. */
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
    const deliveryId = ofDeliveries.includes(cap) ? about.deliveryId : undefined
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
