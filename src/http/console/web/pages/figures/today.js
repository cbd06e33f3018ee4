import { decimal, percent, t, whole } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { empty } from '../../parts/states.js'
import { talkTime } from '../../times.js'

/** @import { DayStats } from '../../types.js' */

/** How calls ended, in the order of the plot. */
export const outcomes = /** @type {const} */ (['reached', 'missed', 'declined', 'busy', 'failed'])

/** @param {Omit<DayStats, 'day'>} today */
export function todayFigures(today) {
  const { calls, averageRingSeconds, averageTalkSeconds } = today
  if (calls === undefined) return empty(t('today.few'), t('today.fewText'))
  return html`
    <dl class="numbers numbers-eight">
      <div class="number-main"><dt>${t('outcome.calls')}</dt><dd>${whole(calls)}</dd></div>
      ${outcomes.map((name) => html`<div><dt><span class="dot dot-${name}"></span>${t(`outcome.${name}`)}</dt><dd>${part(today[name], calls)}</dd></div>`)}
      <div><dt>${t('today.ring')}</dt><dd>${averageRingSeconds === undefined ? '–' : html`${decimal(averageRingSeconds)} <small>s</small>`}</dd></div>
      <div><dt>${t('today.talk')}</dt><dd>${averageTalkSeconds === undefined ? '–' : html`${talkTime(averageTalkSeconds * 1000)} <small>min</small>`}</dd></div>
    </dl>`
}

/** @param {number | undefined} count @param {number} calls */
function part(count, calls) {
  if (count === undefined) return html`<small>${t('plot.few')}</small>`
  return html`${whole(count)}${calls === 0 ? nothing : html` <small>${percent(count / calls)}</small>`}`
}
