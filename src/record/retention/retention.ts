import type { Config } from '../../config.js'
import type { EventBus } from '../../events.js'
import type { Lines } from '../../line/types.js'
import type { Settings } from '../../shop/settings.js'
import type { KeyDestroyed, KeyRing } from '../../store/keyring/types.js'
import type { Store } from '../../store/redis.js'
import type { Log } from '../../telemetry/log.js'
import type { Audit } from '../audit/types.js'
import type { Recordings } from '../recordings/types.js'
import type { Signer } from '../signing.js'
import { createRecordShelf } from '../shelf.js'
import { createStatisticsShelf } from '../statistics/statistics.js'
import type { RecordShelf, Restricted, StatisticsShelf } from '../types.js'
import { classTable, type ClassConfig } from './classes.js'
import type { ClockReading } from './clock-guard.js'
import { createAuditData, createOwnData } from './data/audit.js'
import { createKeyData } from './data/keys.js'
import { createLineData } from './data/lines.js'
import { createRecordData } from './data/records.js'
import { createRecordingData } from './data/recordings.js'
import { createStatisticsData } from './data/statistics.js'
import { createHistory } from './history.js'
import { createHolds } from './holds.js'
import { systemId } from './keys.js'
import { createPeriods, type Periods } from './periods.js'
import { createRestricted } from './restricted.js'
import { createRunner, type RetentionRunner } from './runner.js'
import { createRuns } from './runs.js'
import type { Holds, RetainedData } from './types.js'

export interface RetentionRoomOptions {
  readonly store: Store
  readonly keyRing: KeyRing
  readonly settings: Settings
  readonly audit: Audit
  readonly signer: Signer
  /** Those over the store, unless a test has its own. */
  readonly shelf?: RecordShelf
  readonly statistics?: StatisticsShelf
  readonly recordings: Pick<Recordings, 'days' | 'ofDay' | 'remove'>
  /** Deliveries, and the pool in which a shop's lie. */
  readonly lines?: Pick<Lines, 'shorten'>
  readonly poolOf?: (shopId: string) => string | undefined
  /** Other stores of data about people, such as a queue of webhooks. */
  readonly more?: readonly RetainedData[]
  readonly shopIds: () => readonly string[]
  readonly config: ClassConfig & { readonly record: Pick<Config['record'], 'deletionIntervalMinutes' | 'longestStopHours'> }
  readonly events: EventBus
  readonly log: Log
  /** Unix time in ms; tests set it together with `clocks`. */
  readonly clock?: () => number
  readonly clocks?: () => Promise<ClockReading>
}

export interface RetentionRoom {
  readonly shelf: RecordShelf
  readonly periods: Periods
  readonly holds: Holds
  readonly runner: RetentionRunner
  /** For everybody who reads call records. */
  readonly restricted: Restricted
  /** Whether a delivery has call records, shown or not. */
  recorded(shopId: string, deliveryId: string): Promise<boolean>
  close(): Promise<void>
}

/** How far the time of day of this machine and that of the store may be apart. */
const skewMs = 60_000
const failuresUntilAlarm = 3
const minuteMs = 60_000
const hourMs = 3_600_000

/** Periods, holds and the runs that delete, over everything that is kept. Runs begin with `runner.start`. */
export function createRetentionRoom(given: RetentionRoomOptions): RetentionRoom {
  const { store, keyRing, audit, config, clock = Date.now } = given
  const options = { ...given, shelf: given.shelf ?? createRecordShelf({ store }), statistics: given.statistics ?? createStatisticsShelf({ store, clock }) }
  const { shelf } = options
  const periods = createPeriods({ table: classTable(config), history: createHistory({ store, keyRing }), settings: options.settings, audit, clock })
  const holds = createHolds({ store, keyRing, audit, clock })
  const runner = createRunner({
    ...options, periods, holds, failuresUntilAlarm,
    data: dataOf(options, periods),
    intervalMs: config.record.deletionIntervalMinutes * minuteMs,
    clockLimits: { skewMs, gapMs: config.record.longestStopHours * hourMs }
  })
  return {
    shelf,
    periods,
    holds,
    runner,
    restricted: createRestricted({ holds, periods, clock }),
    recorded: async (shopId, deliveryId) => (await shelf.ofDelivery(shopId, deliveryId)).length > 0,
    close: () => runner.close()
  }
}

/** Keys first: what they open is then unreadable, whatever happens to the rest of the run. */
function dataOf(options: RetentionRoomOptions & { readonly shelf: RecordShelf, readonly statistics: StatisticsShelf }, periods: Periods): readonly RetainedData[] {
  const { keyRing, shelf, recordings, audit } = options
  const isShop = (id: string): boolean => options.shopIds().includes(id)
  const { lines, poolOf = () => undefined } = options
  const deliveries = lines === undefined ? [] : (['mapping', 'quarantine'] as const).map((name) => createLineData(name, { store: options.store, lines, poolOf, retention: periods }))
  const keyed = { keyRing, destroyed: (shopId: string, proofs: readonly KeyDestroyed[]) => auditDestroyed(audit, shopId, proofs) }
  return [
    ...deliveries,
    createKeyData('mapping', 'mapping', 'shops', keyed, isShop),
    createKeyData('mapping', 'tag', 'system', keyed, isShop),
    createKeyData('webhook', 'webhook', 'shops', keyed, isShop),
    createRecordingData({ recordings, shelf, ...keyed }),
    createRecordData({ shelf, ...keyed }),
    createStatisticsData(options.statistics),
    createAuditData(audit),
    createOwnData(createRuns(options.store), periods),
    ...options.more ?? []
  ]
}

/** Every key that goes stands in the trail with what proves it. */
async function auditDestroyed(audit: Pick<Audit, 'append'>, shopId: string, proofs: readonly KeyDestroyed[]): Promise<void> {
  for (const { scope, fingerprint, filesRewritten } of proofs) {
    // In groups, so that no run of digits looks like somebody's number.
    const groups = fingerprint.match(/.{1,4}/g)?.join('-') ?? ''
    const scopeText = `${scope.purpose} ${scope.owner} ${scope.period} ${groups}${filesRewritten ? '' : ', files not rewritten'}`
    await audit.append({ shopId, actor: { id: systemId, roles: [] }, action: 'key.destroyed', scope: scopeText, result: 'done' })
  }
}
