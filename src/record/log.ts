import type { Vault } from '../store/crypto.js'
import type { Store } from '../store/redis.js'
import { int, list } from '../store/reply.js'
import { dayOf, parsePlace, readRow, recordKeys, type Place } from './row.js'
import type { CallLog, CallPage, CallQuery, CallRecord } from './types.js'

const dayMs = 86_400_000
/** The calls of one delivery that are shown at most; limits on calls keep real deliveries far below. */
const maxOfDelivery = 1000

/** The reading side of the call log. */
export function createCallLog({ store, vault }: { store: Store, vault: Vault }): CallLog {
  const read = async (shopId: string, places: readonly Place[]): Promise<CallRecord[]> => {
    const keys = recordKeys(shopId)
    const records: CallRecord[] = []
    for (const [day, ids] of groupByDay(places)) {
      const rows = list(await store.call('HMGET', keys.rows(day), ...ids))
      rows.forEach((row, at) => { if (Buffer.isBuffer(row)) records.push(readRow(vault, ids[at]!, row.toString())) })
    }
    return records
  }
  return {
    async ofDelivery(shopId, deliveryId) {
      const places = await store.zrange(recordKeys(shopId).ofDelivery(deliveryId), { limit: maxOfDelivery })
      return read(shopId, places.map(parsePlace))
    },
    async list(shopId, query) {
      const places = await page(store, shopId, query)
      const calls = await read(shopId, places.slice(0, query.limit))
      const last = calls.at(-1)
      return { calls, ...(places.length > query.limit && last ? { next: `${last.startedAt}.${last.id}` } : {}) } satisfies CallPage
    }
  }
}

function groupByDay(places: readonly Place[]): Map<string, string[]> {
  const days = new Map<string, string[]>()
  for (const { day, id } of places) days.set(day, [...days.get(day) ?? [], id])
  return days
}

/** The places of up to `limit` + 1 calls within the window behind the cursor, over as many days as it takes. */
async function page(store: Store, shopId: string, { from, to, limit, cursor }: CallQuery): Promise<Place[]> {
  const [startText = '', lastId = ''] = cursor?.split('.') ?? []
  const start = Math.max(from, Number(startText) || 0)
  const places: Place[] = []
  for (let at = Math.floor(start / dayMs) * dayMs; at < to && places.length <= limit; at += dayMs) {
    const key = recordKeys(shopId).byStart(dayOf(at))
    // Calls of the cursor's very millisecond were partly shown: they come first, ordered by id.
    const shown = lastId === '' ? 0 : int(await store.call('ZCOUNT', key, start, start))
    const ids = await store.zrange(key, { min: start, max: `(${to}`, limit: limit + 1 + shown })
    places.push(...ids.filter((id, index) => index >= shown || id > lastId).map((id) => ({ day: dayOf(at), id })))
  }
  return places.slice(0, limit + 1)
}
