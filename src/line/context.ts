import type { Config } from '../config.js'
import { MaskError } from '../errors.js'
import type { Caps } from '../shop/caps.js'
import type { KeyRing } from '../store/keyring/types.js'
import type { Store } from '../store/redis.js'
import type { Log } from '../telemetry/log.js'
import type { NumberPlan } from './numbers.js'
import type { CapAlarms } from './alarms.js'
import type { Tags } from './tags.js'
import type { CapAlarm } from './types.js'

/** The settings that this room reads. */
export type LineConfig = Pick<Config, 'pools' | 'line' | 'call'> & {
  readonly limits: Pick<Config['limits'], 'callsPerDelivery' | 'callsPerDeliveryHour' | 'callsPerCallerHour' | 'callsPerNumberMinute'>
}

export interface LinesOptions {
  /** How much each shop may call, and who hears when that is reached; absent: as much as they like. */
  readonly caps?: { of(shopId: string): Promise<Caps>, tell(alarm: CapAlarm): void }
  readonly store: Store
  readonly keys: KeyRing
  readonly config: LineConfig
  readonly log: Log
  /** Unix time in ms. Without it the scripts use Redis's own clock, which all processes share. */
  readonly clock?: () => number
  /** Milliseconds that only go forward, by which the store's time is guessed between its answers; absent: the clock's or the machine's. */
  readonly elapsed?: () => number
}

/** What the operations of this room share. */
export interface LineContext extends LinesOptions {
  readonly plan: NumberPlan
  readonly tags: Tags
  readonly alarms: CapAlarms
  /** First argument of every script. */
  now(): number | ''
}

/** A delivery's id names its pool, so that the id alone finds the slot: `demo-bcdfghjkmnpqrstvwxyz`. */
export function splitId(context: LineContext, id: string): { pool: string, local: string } {
  const [, pool = '', local = ''] = /^([a-z0-9]{1,16})-([a-z]{20})$/.exec(id) ?? []
  if (!context.plan.hasPool(pool)) throw new MaskError('delivery_not_found')
  return { pool, local }
}
