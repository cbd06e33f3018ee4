import type { Store } from '../store/redis.js'
import { int, list, text } from '../store/reply.js'
import { dayMs, dayOf, startOfDay } from './day.js'
import { recordKeys, type Place } from './row.js'
import type { CallWindow } from './types.js'

/** A place with the start of its call, by which rows are in order. */
export interface StartedPlace extends Place {
  /** Unix ms. */
  readonly start: number
}

/** After which call a page begins. */
export interface Cursor {
  readonly start: number
  readonly id: string
}

export const cursorOf = ({ start, id }: Cursor): string => `${start}.${id}`

/** Whatever somebody else's text says, the cursor is some place within time. */
export function parseCursor(cursor: string | undefined): Cursor | undefined {
  const [start = '', id = ''] = cursor?.split('.') ?? []
  return /^\d{1,15}$/.test(start) && id !== '' ? { start: Number(start), id } : undefined
}

/** The days with rows within a window; a window of centuries costs no more than the days that are there. */
export async function daysWithin(store: Store, shopId: string, { from, to }: CallWindow): Promise<string[]> {
  const earliest = Math.max(from, 0)
  if (earliest >= to) return []
  const days = await store.zrange(recordKeys(shopId).days)
  return days.filter((day) => startOfDay(day) + dayMs > earliest && startOfDay(day) < to)
}

/** The places of up to `limit` calls within the window behind the cursor, over as many days as it takes. */
export async function placesWithin(store: Store, shopId: string, window: CallWindow, limit: number, after?: Cursor): Promise<StartedPlace[]> {
  const from = Math.max(window.from, after?.start ?? 0)
  const places: StartedPlace[] = []
  for (const day of await daysWithin(store, shopId, { from, to: window.to })) {
    if (places.length >= limit) break
    places.push(...await placesOf(store, shopId, day, { from, to: window.to }, limit - places.length, after))
  }
  return places
}

async function placesOf(store: Store, shopId: string, day: string, { from, to }: CallWindow, limit: number, after?: Cursor): Promise<StartedPlace[]> {
  const key = recordKeys(shopId).byStart(day)
  // Calls of the cursor's very millisecond were partly shown: they come first, ordered by id.
  const shown = after === undefined || dayOf(after.start) !== day ? 0 : int(await store.call('ZCOUNT', key, after.start, after.start))
  const reply = list(await store.call('ZRANGE', key, from, `(${to}`, 'BYSCORE', 'LIMIT', 0, limit + shown, 'WITHSCORES'))
  const places: StartedPlace[] = []
  for (let at = 0; at + 1 < reply.length; at += 2) places.push({ day, id: text(reply[at]), start: int(reply[at + 1]) })
  return places.filter(({ id, start }) => after === undefined || start > after.start || id > after.id).slice(0, limit)
}
