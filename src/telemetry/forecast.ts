const hourMs = 3_600_000
/** How far back the trend looks, and how close together its points lie at most. */
const windowMs = 3 * hourMs
const stepMs = 60_000

/** A straight line through what was seen of late (least squares). */
export function createForecast(): { hoursUntil(limit: number, value: number, at: number): number } {
  let points: { at: number, value: number }[] = []
  return {
    /**
     * Notes `value` at `at` (epoch ms).
     * @returns hours until `limit`; 0 when it is reached, Infinity while there is no growth or less than two points
     */
    hoursUntil(limit, value, at) {
      const last = points.at(-1)
      if (last === undefined || at - last.at >= stepMs) points = [...points.filter((point) => at - point.at <= windowMs), { at, value }]
      if (value >= limit) return 0
      const perHour = slope(points) * hourMs
      return perHour > 0 ? (limit - value) / perHour : Infinity
    }
  }
}

function slope(points: readonly { at: number, value: number }[]): number {
  const mean = (of: readonly number[]): number => of.reduce((sum, one) => sum + one, 0) / of.length
  const at = mean(points.map((point) => point.at))
  const value = mean(points.map((point) => point.value))
  const spread = points.reduce((sum, point) => sum + (point.at - at) ** 2, 0)
  return spread === 0 ? 0 : points.reduce((sum, point) => sum + (point.at - at) * (point.value - value), 0) / spread
}
