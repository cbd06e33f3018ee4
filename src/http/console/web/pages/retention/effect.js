import { t } from '../../i18n.js'
import { dateTime } from '../../times.js'

/** @import { RetentionClass } from '../../types.js' */

/**
 * What a new period would mean, in sentences. It says no more than is certain from what the server told:
 * from which time on data goes, whether any is that old, and that nothing ever comes back.
 * @param {Pick<RetentionClass, 'name' | 'periodSeconds' | 'oldestLeft'>} one
 * @param {number | null} seconds the new period
 * @param {number} now Unix milliseconds
 * @returns {string[]}
 */
export function effectOf({ periodSeconds, oldestLeft }, seconds, now) {
  if (seconds === periodSeconds) return [t('effect.same')]
  if (seconds === null) return [t('effect.off'), ...oldestLeft === undefined ? [t('effect.nothingThere')] : [t('effect.allGoes', { oldest: dateTime(oldestLeft) })]]
  if (periodSeconds === null) return [t('effect.on'), t('effect.fromNow')]
  return seconds < periodSeconds ? shorter(seconds, oldestLeft, now) : [t('effect.longer'), t('effect.nothingBack')]
}

/** @param {number} seconds @param {string | undefined} oldestLeft @param {number} now */
function shorter(seconds, oldestLeft, now) {
  const before = now - seconds * 1000
  if (oldestLeft === undefined) return [t('effect.shorter', { before: dateTime(before) }), t('effect.nothingThere')]
  const oldest = new Date(oldestLeft).getTime()
  return oldest >= before
    ? [t('effect.shorter', { before: dateTime(before) }), t('effect.nothingThatOld', { oldest: dateTime(oldest) })]
    : [t('effect.shorter', { before: dateTime(before) }), t('effect.goes', { oldest: dateTime(oldest), before: dateTime(before) }), t('effect.forGood')]
}
