import type { FastifyRequest } from 'fastify'
import { Type, type TString } from 'typebox'
import { MaskError } from '../errors.js'
import { parseTime } from './time.js'

const day = '\\d{4}-\\d{2}-\\d{2}'
const timeOfDay = '[Tt]\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?([Zz]|[+-]\\d{2}:\\d{2})'

/** A time in an address, where no other text fits. Whether there is such a time is seen when it is read. */
export function timeText(description: string, { orDay = false } = {}): TString {
  return Type.String({ pattern: orDay ? `^${day}(${timeOfDay})?$` : `^${day}${timeOfDay}$`, description, examples: [orDay ? '2026-01-31' : '2026-01-31T12:00:00Z'] })
}

/** A query holds texts only, and no value is converted behind our back: `limit` is the one number in it. */
export async function numberLimit(request: FastifyRequest): Promise<void> {
  const query = request.query as Record<string, unknown>
  if (typeof query.limit === 'string' && /^\d{1,6}$/.test(query.limit)) query.limit = Number(query.limit)
}

/** A window of time, open where nothing is said. Unix milliseconds. @throws request_invalid */
export function windowOf(query: { readonly from?: string, readonly to?: string }): { from?: number, to?: number } {
  const from = timeOf(query.from, 'from')
  const to = timeOf(query.to, 'to')
  if (from !== undefined && to !== undefined && from >= to) throw new MaskError('request_invalid', { field: 'from' })
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}

/** A window of time that ends now and begins a day before its end where nothing is said. @throws request_invalid */
export function lastDayOr(query: { readonly from?: string, readonly to?: string }, now: number): { from: number, to: number } {
  const to = timeOf(query.to, 'to') ?? now
  const from = timeOf(query.from, 'from') ?? to - 24 * 3600 * 1000
  if (from >= to) throw new MaskError('request_invalid', { field: 'from' })
  return { from, to }
}

/** @throws request_invalid */
export function timeOf(text: string | undefined, field: string): number | undefined {
  if (text === undefined) return undefined
  const time = parseTime(text)
  if (time === undefined) throw new MaskError('request_invalid', { field })
  return time
}
