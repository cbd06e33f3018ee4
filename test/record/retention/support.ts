import type { Test } from 'tap'
import { createEvents, type EventBus } from '../../../src/events.js'
import { createAudit, type AuditTrail } from '../../../src/record/audit/audit.js'
import type { AuditActor } from '../../../src/record/audit/types.js'
import { createRetentionRoom, type RetentionRoom, type RetentionRoomOptions } from '../../../src/record/retention/retention.js'
import type { RetainedData, RetentionRun } from '../../../src/record/retention/types.js'
import { createSigner, type Signer } from '../../../src/record/signing.js'
import type { Settings, ShopSettings } from '../../../src/shop/settings.js'
import { captured } from '../../support/log.js'
import { testRedis, testStore } from '../../support/redis.js'
import { benchOn, dayMs, type Bench } from '../support.js'

export { dayMs } from '../support.js'

export const hourMs = 3_600_000
export const minuteMs = 60_000
export const intervalMs = 15 * minuteMs
export const admin: AuditActor = { id: 'adminkey', roles: ['admin'] }
/** Noon of a UTC day that lies ahead of every clock, so that no expiry of Redis comes before its time. */
export const start = Math.floor(Date.now() / dayMs) * dayMs + 1000 * dayMs + 12 * hourMs

/** All clocks; a test may move one without the others. */
export interface Time {
  now: number
  /** How far the store is ahead of this machine. */
  skew: number
  steady: number
}

export interface Stage extends Bench {
  readonly room: RetentionRoom
  readonly audit: AuditTrail
  readonly signer: Signer
  readonly events: EventBus
  readonly time: Time
  readonly logged: () => string
  /** Time goes by on every clock. */
  readonly pass: (ms: number) => void
  readonly run: (shopId?: string) => Promise<RetentionRun>
  /** Another process on the same data. */
  readonly another: (over?: Partial<RetentionRoomOptions>) => RetentionRoom
}

export const config = {
  line: { minTtlSeconds: 60, maxTtlSeconds: 259_200, quarantineSeconds: 86_400 },
  record: { retentionDays: 30, deletionIntervalMinutes: 15, longestStopHours: 72 }
}

/** The retention room over a real Redis and call log, with the clocks in the test's hands. */
export async function stage(t: Pick<Test, 'teardown'>, over: Partial<RetentionRoomOptions> & { readonly more?: readonly RetainedData[] } = {}): Promise<Stage> {
  const redis = await testRedis(t)
  const store = await testStore(t, redis)
  const bench = benchOn(t, store, ['one', 'two'])
  const time: Time = { now: start, skew: 0, steady: 0 }
  const { log, text: logged } = captured()
  const events = createEvents((error) => { throw error })
  const signer = await createSigner({ store, keyRing: bench.ring })
  const clock = (): number => time.now
  const audit = createAudit({ store, anchorStore: await testStore(t, { url: `${redis.url}/1` }), keyRing: bench.ring, signer, log, clock })
  t.teardown(() => audit.close())
  const settings = memorySettings()
  const another = (more: Partial<RetentionRoomOptions> = {}): RetentionRoom => {
    const room = createRetentionRoom({
      store, keyRing: bench.ring, settings, audit, signer, shelf: bench.shelf, statistics: bench.statisticsShelf, recordings: noRecordings,
      shopIds: () => ['one', 'two'], config, events, log, clock,
      clocks: async () => ({ local: time.now, store: time.now + time.skew, steady: time.steady }),
      ...over, ...more
    })
    t.teardown(() => room.close())
    return room
  }
  const room = another()
  return {
    ...bench, store, room, audit, signer, events, time, logged, another,
    pass(ms) {
      time.now += ms
      time.steady += ms
      bench.clock.now = time.now
      bench.clock.monotonic += ms
    },
    run: (shopId = 'one') => room.runner.run(shopId, { actor: admin })
  }
}

export const noRecordings: RetentionRoomOptions['recordings'] = { days: async () => [], ofDay: async () => [], remove: async () => false }

export function memorySettings(quarantineSeconds = 86_400): Settings {
  const defaults = { quarantineSeconds } as ShopSettings
  const set = new Map<string, ShopSettings>()
  const read = async (shopId: string): Promise<ShopSettings> => set.get(shopId) ?? defaults
  return {
    defaults, read, of: read,
    async change(shopId, change) {
      const next = { ...await read(shopId), ...change }
      set.set(shopId, next)
      return next
    }
  }
}

/** The line of a report about one class. */
export const outcome = (run: RetentionRun, name: string): RetentionRun['classes'][number] => run.classes.find((one) => one.name === name)!

