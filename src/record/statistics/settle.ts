import type { Store } from '../../store/redis.js'
import { int } from '../../store/reply.js'
import { dayMs, startOfDay } from '../day.js'
import { recordKeys } from '../row.js'
import { readCounters } from './counters.js'
import { tellable } from './suppress.js'
import type { DayStatistics } from './types.js'

/** The field that stands instead of all counters once a day is settled. */
const settledField = 'settled'

/** A day's counts as they may be told; undefined when it has none. */
export async function readDay(store: Store, shopId: string, day: string): Promise<DayStatistics | undefined> {
  const hash = await store.hgetall(recordKeys(shopId).statistics(day))
  if (hash.size === 0) return undefined
  const settled = hash.get(settledField)
  return settled === undefined ? tellable(day, readCounters(hash)) : JSON.parse(settled.toString()) as DayStatistics
}

/**
 * Leaves of a day's counters only what may be told, so that small counts stand nowhere once the rows are gone.
 * A day that is not long over, or has rows, or is settled already, stays as it is. @returns whether it was done
 */
export async function settleDay(store: Store, shopId: string, day: string, now: number): Promise<boolean> {
  const keys = recordKeys(shopId)
  // Calls of the day's last minutes end on the next.
  if (now < startOfDay(day) + 2 * dayMs) return false
  const [rows, settled] = await Promise.all([store.call('HLEN', keys.rows(day)), store.call('HEXISTS', keys.statistics(day), settledField)])
  if (int(rows) > 0 || int(settled) === 1) return false
  const told = await readDay(store, shopId, day)
  if (told === undefined) return false
  const key = keys.statistics(day)
  await store.transaction([['DEL', key], ['HSET', key, settledField, JSON.stringify(told)]])
  return true
}
