import { dayMs, startOfDay } from '../../day.js'
import type { StatisticsShelf } from '../../types.js'
import type { RetainedData } from '../types.js'

/** Days that are removed by one command. */
const batch = 50

/** Counts of days. In every run, after the rows: what is left of days without rows is what may be told of them. */
export function createStatisticsData(shelf: StatisticsShelf): RetainedData {
  const over = async (shopId: string, before: number): Promise<string[]> => (await shelf.days(shopId)).filter((day) => startOfDay(day) + dayMs <= before)
  return {
    name: 'statistics',
    of: 'shops',
    due: async ({ shopId, before }) => (await over(shopId, before)).length,
    async delete({ shopId, before, next }) {
      const days = await over(shopId, before)
      let deleted = 0
      for (let at = 0; at < days.length; at += batch) {
        await next()
        deleted += await shelf.remove(shopId, days.slice(at, at + batch))
      }
      await shelf.settle(shopId)
      return { deleted, held: 0, failed: 0, keysDestroyed: 0 }
    },
    async oldest(shopId) {
      const [first] = await shelf.days(shopId)
      return first === undefined ? undefined : startOfDay(first) + dayMs
    }
  }
}
