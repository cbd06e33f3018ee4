import { named, t } from '../../i18n.js'
import { html } from '../../lit.js'
import { badge, timeOf } from '../../parts/states.js'
import { dateTimeExact, iso, talkTime } from '../../times.js'

/** @import { Call } from '../../types.js' */

/** How a call stands, in a colour and in words. @param {Call} call */
export function callEnd({ state, result, reason }) {
  if (state !== 'ended') return badge('calm', named('callState', state))
  return html`${badge(result === 'success' ? 'good' : result === 'client_error' ? 'warn' : 'bad', named('result', result ?? 'indeterminate'))} <span>${named('reason', reason ?? '')}</span>`
}

/** @param {number | undefined} ms */
export const lengthOf = (ms) => ms === undefined ? html`<span class="none">–</span>` : talkTime(ms)

/** @param {Call} call */
export function callRow(call) {
  return html`
    <tr>
      <td>${timeOf(call.startedAt, dateTimeExact, iso)}</td>
      <th scope="row"><a href="#/deliveries/${call.deliveryId}">${call.reference === '' ? call.deliveryId : call.reference}</a></th>
      <td>${t(`party.${call.startedBy}`)}</td>
      <td>${callEnd(call)}</td>
      <td class="num">${lengthOf(call.ringMs)}</td>
      <td class="num">${lengthOf(call.talkMs)}</td>
    </tr>`
}
