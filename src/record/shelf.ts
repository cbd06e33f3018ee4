import { MaskError } from '../errors.js'
import type { Store } from '../store/redis.js'
import { int, list, text } from '../store/reply.js'
import { loadScript } from '../store/scripts.js'
import { factsOf, parsePlace, parseRow, recordKeys, type Place } from './row.js'
import type { Cleared, ClearOptions, RecordShelf, RowFacts } from './types.js'

const removeScript = loadScript(new URL('../../src/record/lua/remove-rows.lua', import.meta.url))

/** Rows that one command deletes: a few milliseconds in which Redis serves nobody else. */
const batchSize = 200

/** The rows as what must go one day. */
export function createRecordShelf({ store }: { store: Store }): RecordShelf {
  const remove = (shopId: string, day: string, ids: readonly string[]): Promise<number> => removeRows(store, shopId, day, ids)
  return {
    days: (shopId) => store.zrange(recordKeys(shopId).days),
    count: async (shopId, day, startedBefore) => int(startedBefore === undefined
      ? await store.call('HLEN', recordKeys(shopId).rows(day))
      : await store.call('ZCOUNT', recordKeys(shopId).byStart(day), '-inf', `(${startedBefore}`)),
    people: (shopId, day) => people(store, shopId, day),
    oldest: (shopId) => oldest(store, shopId),
    clear: (shopId, day, options = {}) => clear(store, shopId, day, options),
    retain: (shopId, day) => retain(store, shopId, day),
    remove: async (shopId, day, ids) => {
      let removed = 0
      for (let at = 0; at < ids.length; at += batchSize) removed += await remove(shopId, day, ids.slice(at, at + batchSize))
      return removed
    },
    ofDelivery: async (shopId, deliveryId) => {
      const places = (await store.zrange(recordKeys(shopId).ofDelivery(deliveryId))).map(parsePlace)
      return (await Promise.all(places.map((place) => factsAt(store, shopId, place.day, [place.id])))).flat()
    },
    ofPerson: async (shopId, day, pseudonym) => factsAt(store, shopId, day, await idsOfPerson(store, shopId, day, pseudonym))
  }
}

/** The index is ordered by pseudonym: each change is another one. */
async function people(store: Store, shopId: string, day: string): Promise<number> {
  const step = 1000
  let [count, last] = [0, '']
  for (let at = 0, seen = step; seen === step; at += step) {
    const members = list(await store.call('ZRANGE', recordKeys(shopId).persons(day), at, at + step - 1)).map(text)
    seen = members.length
    for (const member of members) {
      const pseudonym = member.slice(0, member.indexOf(':'))
      if (pseudonym !== last) count++
      last = pseudonym
    }
  }
  return count
}

/** The calls of a pseudonym, by the index of its day. */
export async function idsOfPerson(store: Store, shopId: string, day: string, pseudonym: string): Promise<string[]> {
  const found = list(await store.call('ZRANGE', recordKeys(shopId).persons(day), `[${pseudonym}:`, `(${pseudonym};`, 'BYLEX'))
  return found.map((member) => text(member).slice(pseudonym.length + 1))
}

async function removeRows(store: Store, shopId: string, day: string, ids: readonly string[], fence?: ClearOptions['fence']): Promise<number> {
  const keys = recordKeys(shopId)
  const removed = int(await store.run(removeScript, [
    keys.rows(day), keys.byStart(day), keys.persons(day), keys.tried(day), keys.days, fence?.key ?? keys.days
  ], [day, keys.ofDelivery(''), fence?.token ?? '', ...ids]))
  if (removed < 0) throw new MaskError('store_unavailable', { cause: 'The lock of this clearing is held by another.' })
  return removed
}

/** Rows that stay are stepped over; everything else is deleted, wherever an earlier run was broken off. */
async function clear(store: Store, shopId: string, day: string, { startedBefore, keep = () => false, signal, beforeBatch, fence }: ClearOptions): Promise<Cleared> {
  const max = startedBefore === undefined ? '+inf' : `(${startedBefore}`
  const key = recordKeys(shopId).byStart(day)
  let [deleted, kept] = [0, 0]
  while (!signal?.aborted) {
    await beforeBatch?.()
    const ids = list(await store.call('ZRANGE', key, '-inf', max, 'BYSCORE', 'LIMIT', kept, batchSize)).map(text)
    const stays = new Set((await factsAt(store, shopId, day, ids)).filter(keep).map(({ id }) => id))
    kept += stays.size
    // Also without any: a day of which nothing is left goes itself.
    deleted += await removeRows(store, shopId, day, ids.filter((id) => !stays.has(id)), fence)
    if (ids.length < batchSize) break
  }
  return { deleted, kept }
}

/** The day's rows come last: as long as they have an expiry, something else may have one too. */
async function retain(store: Store, shopId: string, day: string): Promise<void> {
  const keys = recordKeys(shopId)
  if (int(await store.call('PTTL', keys.rows(day))) < 0) return
  const ids = list(await store.call('HKEYS', keys.rows(day))).map(text)
  for (let at = 0; at < ids.length; at += batchSize) {
    const deliveries = new Set((await factsAt(store, shopId, day, ids.slice(at, at + batchSize))).map(({ deliveryId }) => deliveryId))
    if (deliveries.size > 0) await store.transaction([...deliveries].map((id) => ['PERSIST', keys.ofDelivery(id)] as const))
  }
  await store.transaction([keys.byStart(day), keys.persons(day), keys.tried(day), keys.rows(day)].map((key) => ['PERSIST', key] as const))
}

/** What is known of rows; one that cannot be read is left out, so that nothing speaks for keeping it. */
async function factsAt(store: Store, shopId: string, day: string, ids: readonly string[]): Promise<RowFacts[]> {
  if (ids.length === 0) return []
  const rows = list(await store.call('HMGET', recordKeys(shopId).rows(day), ...ids))
  return rows.flatMap((row, at) => Buffer.isBuffer(row) ? readable({ day, id: ids[at]! }, row) : [])
}

function readable(place: Place, row: Buffer): RowFacts[] {
  try {
    return [factsOf(place, parseRow(row))]
  } catch {
    return []
  }
}

async function oldest(store: Store, shopId: string): Promise<number | undefined> {
  const keys = recordKeys(shopId)
  for (const day of await store.zrange(keys.days)) {
    const [, start] = list(await store.call('ZRANGE', keys.byStart(day), 0, 0, 'WITHSCORES'))
    if (start !== undefined) return int(start)
  }
  return undefined
}
