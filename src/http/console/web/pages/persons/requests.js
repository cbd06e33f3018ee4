import { named, t } from '../../i18n.js'
import { html } from '../../lit.js'
import { empty, timeOf } from '../../parts/states.js'
import { dateTime, dateTimeExact } from '../../times.js'
import { progressOf, stateBadge } from './progress.js'
import { openResult } from './result.js'

/** @import { PersonRequest } from '../../types.js' */

/** What was asked and how far it is; about whom is not kept. @param {readonly PersonRequest[]} requests */
export function requestList(requests) {
  if (requests.length === 0) return empty(t('persons.none'), t('persons.noneText'))
  return html`
    <div class="table-box" tabindex="0" role="group" aria-label=${t('persons.requests')}>
      <table>
        <thead><tr><th scope="col">${t('persons.right')}</th><th scope="col">${t('persons.state')}</th><th scope="col">${t('persons.asked')}</th><th scope="col">${t('persons.proof')}</th><th scope="col">${t('persons.kept')}</th><th scope="col"><span class="unseen">${t('persons.result')}</span></th></tr></thead>
        <tbody>${requests.map((request) => html`
          <tr>
            <th scope="row">${named('right', request.kind)} <code class="none">${request.id}</code></th>
            <td>${stateBadge(request)} ${progressOf(request)}</td>
            <td>${timeOf(request.createdAt, dateTime, dateTimeExact)}</td>
            <td>${named('proofKind', request.proof)}</td>
            <td>${timeOf(request.expiresAt, dateTime, dateTimeExact)}</td>
            <td><button type="button" class="button button-small" aria-label=${t('persons.resultOf', { id: request.id })} @click=${() => openResult(request)}>${t('persons.result')}</button></td>
          </tr>`)}
        </tbody>
      </table>
    </div>`
}
