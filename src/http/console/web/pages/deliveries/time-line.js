import { t } from '../../i18n.js'
import { html, nothing, svg } from '../../lit.js'
import { empty, timeOf } from '../../parts/states.js'
import { dateTimeExact, iso, talkTime } from '../../times.js'
import { callEnd } from './calls.js'

/** @import { Call, Delivery } from '../../types.js' */

/**
 * What happened on a line, in the order of time: its beginning, its calls, its end.
 * @param {Delivery | undefined} delivery @param {{ calls: readonly Call[], held: boolean }} records `held`: there may be calls that nobody is shown
 */
export function timeLine(delivery, { calls, held }) {
  if (calls.length === 0 && delivery === undefined) return held ? html`<p class="note">${t('line.held')}</p>` : empty(t('line.none'), t('line.noneText'))
  const longest = Math.max(1, ...calls.map(({ ringMs = 0, talkMs = 0 }) => ringMs + talkMs))
  const steps = [
    ...delivery === undefined ? [] : [{ at: delivery.createdAt, view: html`<p>${t('line.created')}</p>`, kind: 'mark' }],
    ...calls.map((call) => ({ at: call.startedAt, view: callStep(call, longest), kind: 'call' })),
    ...endSteps(delivery)
  ].sort((a, b) => new Date(a.at).getTime() - new Date(b.at).getTime())
  return html`
    <ol class="time-line">${steps.map(({ at, view, kind }) => html`<li class="step step-${kind} ${new Date(at).getTime() > Date.now() ? 'step-ahead' : ''}"><p class="step-when">${timeOf(at, dateTimeExact, iso)}</p><div>${view}</div></li>`)}</ol>
    ${calls.length > 0 ? nothing : held ? html`<p class="note">${t('line.held')}</p>` : html`<p class="none">${t('line.noCalls')}</p>`}`
}

/** @param {Delivery | undefined} delivery */
function endSteps(delivery) {
  if (delivery === undefined) return []
  const end = delivery.endedAt ?? delivery.expiresAt
  const words = delivery.state === 'closed' ? t('line.closed') : delivery.state === 'expired' ? t('line.expired') : t('line.willExpire')
  return [{ at: end, view: html`<p>${words}</p>`, kind: 'mark' }, { at: delivery.quarantineUntil, view: html`<p>${t('line.free')}</p>`, kind: 'mark' }]
}

/** @param {Call} call @param {number} longest milliseconds */
function callStep(call, longest) {
  const { ringMs = 0, talkMs = 0 } = call
  const part = (/** @type {number} */ ms) => `${(ms / longest * 100).toFixed(2)}%`
  return html`
    <p><strong>${t('line.call', { party: t(`party.${call.startedBy}`) })}</strong> ${callEnd(call)}</p>
    <svg class="call-bar" width="100%" height="10" role="img" aria-label=${t('line.lengths', { ring: talkTime(ringMs), talk: talkTime(talkMs) })}>
      <rect class="call-ring" width=${part(ringMs)} height="10" rx="3"></rect>${talkMs === 0 ? nothing : svg`<rect class="call-talk" x=${part(ringMs)} width=${part(talkMs)} height="10" rx="3"></rect>`}
    </svg>
    <p class="step-lengths">${t('line.lengths', { ring: talkTime(ringMs), talk: talkTime(talkMs) })}</p>`
}
