import type { Store } from '../../store/redis.js'
import { dayOf } from '../day.js'
import { recordKeys } from '../row.js'
import type { StatisticsShelf } from '../types.js'
import { readDay, settleDay } from './settle.js'
import type { Statistics } from './types.js'

/** The counts of a shop by UTC day, none of them smaller than ten. */
export function createStatistics({ store }: { store: Store }): Statistics {
  return {
    async days(shopId, { from, to }) {
      const days = await store.zrange(recordKeys(shopId).statisticsDays, { min: dayOf(withinTime(from)), max: dayOf(withinTime(to - 1)) })
      const told = await Promise.all(days.map((day) => readDay(store, shopId, day)))
      return told.filter((day) => day !== undefined)
    }
  }
}

/** Years of four digits only, so that days are in order by number. */
const withinTime = (ms: number): number => Math.min(Math.max(ms, 0), Date.UTC(9999, 11, 31))

/** The same counts as what must go one day. */
export function createStatisticsShelf({ store, clock = Date.now }: { store: Store, clock?: () => number }): StatisticsShelf {
  return {
    days: (shopId) => store.zrange(recordKeys(shopId).statisticsDays),
    async settle(shopId) {
      let settled = 0
      for (const day of await store.zrange(recordKeys(shopId).statisticsDays)) settled += await settleDay(store, shopId, day, clock()) ? 1 : 0
      return settled
    },
    async remove(shopId, days) {
      if (days.length === 0) return 0
      const keys = recordKeys(shopId)
      const removed = await store.del(...days.map((day) => keys.statistics(day)))
      await store.zrem(keys.statisticsDays, ...days)
      return removed
    }
  }
}
