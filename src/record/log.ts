import { errorFields, type Log } from '../telemetry/log.js'
import type { DataKey, KeyRing } from '../store/keyring/types.js'
import type { Store } from '../store/redis.js'
import { int, list } from '../store/reply.js'
import { loadScript } from '../store/scripts.js'
import { cursorOf, daysWithin, parseCursor, placesWithin, type StartedPlace } from './pages.js'
import { dayScope } from './pseudonyms.js'
import { factsOf, parsePlace, parseRow, readRow, recordKeys, stepsOf, type Place, type Row } from './row.js'
import type { CallLog, CallPage, CallRecord, CallTrace, CallWindow, Restricted, RowFacts } from './types.js'

const liveScript = loadScript(new URL('../../src/record/lua/live-calls.lua', import.meta.url))

/** The calls of one delivery that are shown at most; limits on calls keep real deliveries far below. */
const maxOfDelivery = 1000
/** Rows that are read at once where there may be many. */
const batchSize = 1000

export interface CallLogOptions {
  readonly store: Store
  readonly ring: Pick<KeyRing, 'find'>
  readonly log: Log
  /** Without it nothing is restricted. */
  readonly restricted?: Restricted
}

/** The reading side of the call log. */
export function createCallLog(options: CallLogOptions): CallLog {
  const { store } = options
  const restricted = options.restricted ?? (async () => () => false)
  const shown = async (shopId: string, places: readonly Place[]): Promise<CallRecord[]> => {
    const hidden = await restricted(shopId)
    return readRows(options, shopId, places, (facts) => !hidden(facts), readRow)
  }
  return {
    async ofDelivery(shopId, deliveryId) {
      const places = await store.zrange(recordKeys(shopId).ofDelivery(deliveryId), { limit: maxOfDelivery })
      return shown(shopId, places.map(parsePlace))
    },
    async list(shopId, { limit, cursor, ...window }) {
      const places = await placesWithin(store, shopId, window, limit + 1, parseCursor(cursor))
      const calls = await shown(shopId, places.slice(0, limit))
      return { calls, ...(places.length > limit ? { next: cursorOf(places[limit - 1]!) } : {}) } satisfies CallPage
    },
    async * each(shopId, window) {
      for await (const places of batches(store, shopId, window)) yield await shown(shopId, places)
    },
    async count(shopId, window) {
      const keys = recordKeys(shopId)
      const days = await daysWithin(store, shopId, window)
      const counts = await Promise.all(days.map(async (day) => int(await store.call('ZCOUNT', keys.byStart(day), window.from, `(${window.to}`))))
      return counts.reduce((sum, count) => sum + count, 0)
    },
    trace: (shopId, callId) => traceOf(options, restricted, shopId, callId),
    async live(shopId) {
      const keys = recordKeys(shopId)
      const [live = 0, talking = 0] = list(await store.run(liveScript, [keys.open], [keys.rows('')])).map(int)
      return { live, talking, ringing: live - talking }
    }
  }
}

/** All places of a window, so many at a time; what is deleted meanwhile moves nothing. */
async function * batches(store: Store, shopId: string, window: CallWindow): AsyncGenerator<StartedPlace[]> {
  let last: StartedPlace | undefined
  do {
    const places = await placesWithin(store, shopId, window, batchSize, last)
    if (places.length > 0) yield places
    last = places.length < batchSize ? undefined : places.at(-1)
  } while (last !== undefined)
}

/**
 * The records at these places, in their order. What cannot be read is left out: a row whose day key is gone
 * counts as deleted, and a row that was tampered with is told to the log.
 */
export async function readRows<T>({ store, ring, log }: Omit<CallLogOptions, 'restricted'>, shopId: string, places: readonly Place[], shows: (facts: RowFacts) => boolean, read: (key: DataKey, id: string, row: Row) => T): Promise<T[]> {
  const records: T[] = []
  for (const [day, ids] of groupByDay(places)) {
    const key = await ring.find(dayScope(shopId, day))
    if (!key) continue
    const rows = list(await store.call('HMGET', recordKeys(shopId).rows(day), ...ids))
    rows.forEach((text, at) => {
      if (!Buffer.isBuffer(text)) return
      const id = ids[at]!
      try {
        const row = parseRow(text)
        if (shows(factsOf({ day, id }, row))) records.push(read(key, id, row))
      } catch (error) {
        log.error('record.unreadable', { callId: id, shopId, ...errorFields(error) })
      }
    })
  }
  return records
}

/** The day is not known: all days that are left are asked, in one write. */
async function traceOf({ store, ring, log }: CallLogOptions, restricted: Restricted, shopId: string, id: string): Promise<CallTrace | undefined> {
  const keys = recordKeys(shopId)
  const days = await store.zrange(keys.days)
  const rows = await Promise.all(days.map((day) => store.hget(keys.rows(day), id)))
  const at = rows.findIndex((row) => row !== undefined)
  const [day, text] = [days[at], rows[at]]
  const key = day === undefined ? undefined : await ring.find(dayScope(shopId, day))
  if (day === undefined || text === undefined || key === undefined) return undefined
  const hidden = await restricted(shopId)
  try {
    const row = parseRow(text)
    return hidden(factsOf({ day, id }, row)) ? undefined : { call: readRow(key, id, row), steps: stepsOf(key, id, row) }
  } catch (error) {
    log.error('record.unreadable', { callId: id, shopId, ...errorFields(error) })
    return undefined
  }
}

function groupByDay(places: readonly Place[]): Map<string, string[]> {
  const days = new Map<string, string[]>()
  for (const { day, id } of places) {
    const ids = days.get(day)
    if (ids) ids.push(id)
    else days.set(day, [id])
  }
  return days
}
