/**
 * How many numbers a fleet needs, and how fast it may grow with those it has. A number is exhausted for a person
 * who already holds it in a line that is live or in quarantine; so the pool is exhausted for whoever holds all of
 * them, and the busiest courier decides.
 *
 * @typedef {object} Fleet
 * @property {number} couriers
 * @property {number} perHour deliveries of one courier in an hour, on average
 * @property {number} shiftHours hours worked in a row each day
 * @property {number} liveMinutes how long a line is live, on average
 * @property {number} quarantineHours
 */

/** How sure it has to be that on a given day nobody is refused. */
const risk = 0.01
const perHourAtMost = 60

/**
 * Hours worked within the time in which a line keeps its number: at most, looking back from the end of a shift.
 * @param {Fleet} fleet
 */
function busyHours({ shiftHours, liveMinutes, quarantineHours }) {
  const window = liveMinutes / 60 + quarantineHours
  const days = Math.floor(window / 24)
  return days * shiftHours + Math.min(window - days * 24, shiftHours)
}

/** Lines of the busiest courier at once: numbers that the pool must have. @param {Fleet} fleet */
export function numbersNeeded(fleet) {
  return quantile(fleet.perHour * busyHours(fleet), risk / Math.max(1, fleet.couriers))
}

/** Deliveries per courier and hour with which so many numbers are just enough. @param {Fleet} fleet @param {number} numbers */
export function perHourWith(fleet, numbers) {
  let [low, high] = [0, perHourAtMost]
  while (high - low > 0.01) {
    const middle = (low + high) / 2
    if (numbersNeeded({ ...fleet, perHour: middle }) <= numbers) low = middle
    else high = middle
  }
  return low
}

/** The smallest count that a Poisson variable exceeds with at most that probability. @param {number} mean @param {number} above */
function quantile(mean, above) {
  let term = Math.exp(-mean)
  let sum = term
  let count = 0
  // Beyond this mean the first term is too small for a number; the normal curve is exact enough there.
  if (mean > 700) return Math.ceil(mean + 5 * Math.sqrt(mean))
  while (1 - sum > above && count < 10 * mean + 100) {
    count++
    term *= mean / count
    sum += term
  }
  return count
}
