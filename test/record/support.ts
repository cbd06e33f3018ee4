import type { Test } from 'tap'
import { newId } from '../../src/ids.js'
import type { E164 } from '../../src/phone/types.js'
import { createJournal, type Journal, type JournalOptions } from '../../src/record/journal.js'
import { createCallLog, type CallLogOptions } from '../../src/record/log.js'
import { createPersonCalls } from '../../src/record/person-calls.js'
import { createRecordShelf } from '../../src/record/shelf.js'
import { createStatistics, createStatisticsShelf } from '../../src/record/statistics/statistics.js'
import type { CallEnd, CallLog, CallStart, PersonCalls, RecordShelf } from '../../src/record/types.js'
import type { Store } from '../../src/store/redis.js'
import { memoryKeyRing } from '../support/keyring.js'
import { silent } from '../support/log.js'
import { testRedis, testStore } from '../support/redis.js'

export const courier = '+46701740605' as E164
export const customer = '+46701740606' as E164
export const stranger = '+46701740607' as E164

export const dayMs = 86_400_000
export const noon = Date.UTC(2026, 10, 21, 12)

/** A call log on a real Redis, with the clocks in the test's hands. */
export interface Bench {
  readonly store: Store
  readonly ring: ReturnType<typeof memoryKeyRing>
  readonly log: CallLog
  readonly shelf: RecordShelf
  readonly persons: PersonCalls
  readonly statistics: ReturnType<typeof createStatistics>
  readonly statisticsShelf: ReturnType<typeof createStatisticsShelf>
  /** Wall clock and the one that only grows; a test may set the first alone. */
  readonly clock: { now: number, monotonic: number }
  /** Moves both. */
  readonly pass: (ms: number) => void
  /** Another process. */
  readonly journal: (over?: Partial<JournalOptions>) => Journal
  readonly logWith: (over: Partial<CallLogOptions>) => CallLog
}

export async function bench(t: Pick<Test, 'teardown'>, shops: readonly string[]): Promise<Bench> {
  const store = await testStore(t, await testRedis(t))
  return benchOn(t, store, shops)
}

export function benchOn(t: Pick<Test, 'teardown'>, store: Store, shops: readonly string[], ring = memoryKeyRing()): Bench {
  const clock = { now: noon, monotonic: 0 }
  const options = { store, ring, log: silent }
  return {
    store, ring, clock,
    log: createCallLog(options),
    shelf: createRecordShelf({ store }),
    persons: createPersonCalls(options),
    statistics: createStatistics({ store }),
    statisticsShelf: createStatisticsShelf({ store, clock: () => clock.now }),
    pass: (ms) => {
      clock.now += ms
      clock.monotonic += ms
    },
    journal: (over = {}) => {
      const journal = createJournal({ ...options, shops: () => shops, clock: () => clock.now, monotonic: () => clock.monotonic, ...over })
      t.teardown(() => journal.close())
      return journal
    },
    logWith: (over) => createCallLog({ ...options, ...over })
  }
}

export function callStart(over: Partial<CallStart> = {}): CallStart {
  return { id: newId(), shopId: 'one', deliveryId: 'demo-abc', reference: 'order-1', startedBy: 'courier', callee: 'customer', phones: { courier, customer }, startedAt: noon, ...over }
}

/** How a call may end, with its times from the start. */
export const ends = {
  talked: ({ startedAt }: CallStart, ringMs = 4000, talkMs = 60_000): CallEnd => ({ at: startedAt + ringMs + talkMs, answeredAt: startedAt + ringMs, result: 'success', reason: 'caller_hung_up' }),
  without: ({ startedAt }: CallStart, reason = 'no_answer'): CallEnd => ({ at: startedAt + 20_000, result: reason === 'unreachable' ? 'upstream_error' : 'client_error', reason })
}

/** A whole call; without an end of its own it was talked through. */
export async function wholeCall(journal: Journal, over: Partial<CallStart> = {}, end: (start: CallStart) => CallEnd = ends.talked): Promise<CallStart> {
  const start = callStart(over)
  await journal.open(start)
  await journal.finish(start, end(start))
  return start
}

/** The names and contents of everything that Redis holds. */
export async function everything(store: Store): Promise<string> {
  const texts: string[] = []
  for await (const names of store.scan('*')) {
    for (const name of names) {
      const type = String(await store.call('TYPE', name))
      const content = type === 'hash' ? await store.call('HGETALL', name) : type === 'zset' ? await store.call('ZRANGE', name, 0, -1) : type === 'string' ? await store.call('GET', name) : null
      texts.push(name, ...[content].flat().map((part) => Buffer.isBuffer(part) ? part.toString('latin1') : String(part)))
    }
  }
  return texts.join('\n')
}
