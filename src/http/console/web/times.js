import { locale, t } from './i18n.js'

/** Times as people read them, in their own zone unless it says UTC. */

/** @typedef {string | number | Date} Time RFC 3339, Unix milliseconds or a Date */

/** @param {Time} time @param {Intl.DateTimeFormatOptions} options */
const format = (time, options) => new Intl.DateTimeFormat(locale(), options).format(new Date(time))

/** @param {Time} time */
export const dateTime = (time) => format(time, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' })
/** @param {Time} time */
export const dateTimeExact = (time) => format(time, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' })
/** @param {Time} time */
export const date = (time) => format(time, { day: 'numeric', month: 'short', year: 'numeric' })
/** @param {Time} time */
export const clock = (time) => format(time, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
/** A UTC day such as `2026-11-21`. @param {string} day */
export const utcDay = (day) => format(`${day}T00:00:00Z`, { day: 'numeric', month: 'short', timeZone: 'UTC' })
/** @param {string} day */
export const utcDayLong = (day) => format(`${day}T00:00:00Z`, { weekday: 'short', day: 'numeric', month: 'long', timeZone: 'UTC' })

const minute = 60
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/** @type {readonly [number, string][]} */
const units = [[year, 'year'], [day, 'day'], [hour, 'hour'], [minute, 'minute'], [1, 'second']]

/** A length of time in its two largest units, such as `1 day 6 hours`. @param {number} seconds */
export function duration(seconds) {
  const parts = []
  let left = Math.max(0, Math.round(seconds))
  for (const [size, unit] of units) {
    // Years only when they come out even: 400 days say more than a year and 35 days.
    if (size === year && left % year !== 0) continue
    const count = Math.floor(left / size)
    if (count > 0 && parts.length < 2) parts.push(unitText(count, unit))
    left -= count * size
  }
  return parts.length === 0 ? unitText(0, 'second') : parts.join(' ')
}

/** @param {number} count @param {string} unit */
function unitText(count, unit) {
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: 'long' }).format(count)
}

/** Minutes and seconds of a call, such as `1:05`. @param {number} ms */
export function talkTime(ms) {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** How far from now, such as `12 minutes ago`. @param {Time} time @param {number} [now] */
export function away(time, now = Date.now()) {
  const seconds = (new Date(time).getTime() - now) / 1000
  const size = Math.abs(seconds)
  if (size < minute) return t(seconds < 0 ? 'time.justNow' : 'time.soon')
  const [length, unit] = /** @type {[number, Intl.RelativeTimeFormatUnit]} */ (size >= 2 * day ? [day, 'day'] : size >= hour ? [hour, 'hour'] : [minute, 'minute'])
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(Math.round(seconds / length), unit)
}

/** A time that a machine can read too. @param {Time} time */
export const iso = (time) => new Date(time).toISOString()

/** What `<input type="date">` holds, for a time in the reader's zone. @param {Time} time */
export function dateField(time) {
  const at = new Date(time)
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`
}

/** The first moment of a day out of `<input type="date">`, in the reader's zone. @param {string} field */
export function startOfField(field) {
  return new Date(`${field}T00:00:00`).getTime()
}

/** The first moment after that day; days of 23 and 25 hours are what they are. @param {string} field */
export function endOfField(field) {
  const at = new Date(`${field}T00:00:00`)
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1).getTime()
}
