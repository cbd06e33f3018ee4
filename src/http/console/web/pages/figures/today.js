import { decimal, percent, t, whole } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { empty } from '../../parts/states.js'
import { talkTime } from '../../times.js'

/** @import { DayStats } from '../../types.js' */

/** How calls ended, in the order of the plot. */
export const outcomes = /** @type {const} */ (['reached', 'missed', 'busy', 'failed'])

/** @param {Omit<DayStats, 'day'>} today */
export function todayFigures(today) {
  const { calls = 0, averageRingSeconds, averageTalkSeconds } = today
  if (today.suppressed === true) return empty(t('today.few'), t('today.fewText'))
  return html`
    <dl class="numbers">
      <div class="number-main"><dt>${t('outcome.calls')}</dt><dd>${whole(calls)}</dd></div>
      ${outcomes.map((name) => html`<div><dt><span class="dot dot-${name}"></span>${t(`outcome.${name}`)}</dt><dd>${whole(today[name] ?? 0)}${calls === 0 ? nothing : html` <small>${percent((today[name] ?? 0) / calls)}</small>`}</dd></div>`)}
      <div><dt>${t('today.ring')}</dt><dd>${averageRingSeconds === undefined ? '–' : html`${decimal(averageRingSeconds)} <small>s</small>`}</dd></div>
      <div><dt>${t('today.talk')}</dt><dd>${averageTalkSeconds === undefined ? '–' : html`${talkTime(averageTalkSeconds * 1000)} <small>min</small>`}</dd></div>
    </dl>`
}
