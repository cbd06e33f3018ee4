import { percent, t, whole } from '../../i18n.js'
import { html, nothing } from '../../lit.js'

/** @import { DayStats } from '../../types.js' */

const names = /** @type {const} */ (['first', 'second', 'third', 'fourth', 'later'])

/**
 * On which attempt of a day the two first talked, over all days that tell it.
 * @param {readonly DayStats[]} days
 */
export function attemptsTable(days) {
  const told = days.flatMap(({ reachedOnAttempt }) => reachedOnAttempt === undefined ? [] : [reachedOnAttempt])
  const counts = names.map((_name, at) => told.reduce((sum, day) => sum + (day[at] ?? 0), 0))
  const all = counts.reduce((sum, count) => sum + count, 0)
  if (all === 0) return nothing
  return html`
    <section aria-labelledby="attempts">
      <h2 id="attempts">${t('attempts.title')}</h2>
      <p class="none">${t('attempts.text', { days: whole(told.length) })}</p>
      <dl class="numbers" aria-labelledby="attempts">
        ${names.map((name, at) => html`<div><dt>${t(`attempts.${name}`)}</dt><dd>${whole(counts[at] ?? 0)} <small>${percent((counts[at] ?? 0) / all)}</small></dd></div>`)}
      </dl>
    </section>`
}
