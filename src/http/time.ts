/** RFC 3339 §5.6, with a time zone and the letters T and Z in either case. */
const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i

/** @returns Unix milliseconds, or undefined when the text is no date and time of RFC 3339 */
export function parseTime(text: string): number | undefined {
  if (!rfc3339.test(text)) return undefined
  const time = Date.parse(text.toUpperCase())
  if (Number.isNaN(time)) return undefined
  // Date.parse rolls 30 February over into March; RFC 3339 has no such day.
  const [year, month, day] = text.slice(0, 10).split('-').map(Number) as [number, number, number]
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate() ? time : undefined
}

/** Unix milliseconds → `2026-01-31T12:00:00.000Z`. */
export function formatTime(time: number): string {
  return new Date(time).toISOString()
}
