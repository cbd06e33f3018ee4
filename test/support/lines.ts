import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { createLines, type LineConfig, type LinesOptions } from '../../src/line/lines.js'
import type { Lines, NewDelivery } from '../../src/line/types.js'
import type { E164 } from '../../src/phone/types.js'
import type { KeyRing } from '../../src/store/keyring/types.js'
import type { Store } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'
import { memoryKeyRing } from './keyring.js'

/** People's and proxy numbers that are reserved for fiction. */
export function person(at: number): E164 {
  if (at < 0 || at > 94) throw new RangeError('Only 95 numbers are reserved for people.')
  return `+46701740${605 + at}` as E164
}
export const proxy = (at: number): E164 => `+4420794600${String(at).padStart(2, '0')}` as E164

export const masterKey = randomBytes(32)

export interface TestLines {
  readonly lines: Lines
  readonly keys: KeyRing
  /** Moves the clock that all operations use, in seconds. */
  readonly advance: (seconds: number) => void
  readonly now: () => number
  /** A delivery between two people for an hour, with what differs. */
  readonly wanted: (courier: E164, customer: E164, more?: Partial<NewDelivery>) => NewDelivery
}

export interface LineOverrides {
  readonly numbers?: readonly string[]
  readonly line?: Partial<LineConfig['line']>
  readonly limits?: Partial<LineConfig['limits']>
  readonly pools?: LineConfig['pools']
  readonly caps?: LinesOptions['caps']
}

export const quarantineSeconds = 86400

export function lineConfig({ numbers = ['+442079460000-+442079460019'], line, limits, pools }: LineOverrides = {}): LineConfig {
  return {
    pools: pools ?? [{ id: 'demo', numbers: [...numbers] }],
    line: { minTtlSeconds: 60, maxTtlSeconds: 259200, quarantineSeconds, maxPhonesPerParty: 4, allowedCountries: ['SE', 'GB'], ...line },
    limits: { callsPerDelivery: 2, callsPerDeliveryHour: 30, callsPerCallerHour: 60, callsPerNumberMinute: 120, ...limits },
    call: { ringTimeoutSeconds: 45, maxDurationSeconds: 900, maxForwards: 70, drainSeconds: 0 }
  }
}

/** The keys of the store that was last made empty. */
let keys: KeyRing | undefined

/** Lines on an empty store with a clock of our own and new keys; background work ends with the test. */
export async function freshLines(t: Pick<Test, 'teardown'>, store: Store, overrides: LineOverrides = {}, clock = { now: 1_700_000_000_000 }): Promise<TestLines> {
  await store.call('FLUSHALL')
  const ring = keys = memoryKeyRing(() => clock.now)
  t.teardown(() => ring.close())
  return linesOn(t, store, overrides, clock)
}

/** As freshLines, on what is there: another process, so to speak. */
export function linesOn(t: Pick<Test, 'teardown'>, store: Store, overrides: LineOverrides = {}, clock = { now: 1_700_000_000_000 }, elapsed = () => clock.now): TestLines {
  let references = 0
  if (keys === undefined) throw new Error('There are no keys before freshLines.')
  const lines = createLines({ store, keys, config: lineConfig(overrides), log: createLog('silent'), clock: () => clock.now, elapsed, ...(overrides.caps === undefined ? {} : { caps: overrides.caps }) })
  t.teardown(() => lines.stop())
  return {
    lines,
    keys,
    advance: (seconds) => { clock.now += seconds * 1000 },
    now: () => clock.now,
    wanted: (courier, customer, more = {}) => ({
      shopId: 'shop', poolId: 'demo', reference: `order-${references++}`, courier, customer,
      expiresAt: clock.now + 3_600_000, quarantineSeconds, direction: 'both', ...more
    })
  }
}
