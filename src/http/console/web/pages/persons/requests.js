import { named, t, whole } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { openDialog } from '../../parts/dialog.js'
import { download } from '../../parts/download.js'
import { badge, empty, timeOf } from '../../parts/states.js'
import { dateTime, dateTimeExact } from '../../times.js'

/** @import { PersonRequest } from '../../types.js' */

/** @param {PersonRequest['state']} state */
const stateBadge = (state) => badge(state === 'done' ? 'good' : state === 'failed' ? 'bad' : 'calm', named('requestState', state))

/** What was asked and how far it is; about whom is not kept. @param {readonly PersonRequest[]} requests */
export function requestList(requests) {
  if (requests.length === 0) return empty(t('persons.none'), t('persons.noneText'))
  return html`
    <div class="table-box" tabindex="0" role="region" aria-label=${t('persons.requests')}>
      <table>
        <thead><tr><th scope="col">${t('persons.right')}</th><th scope="col">${t('persons.id')}</th><th scope="col">${t('persons.state')}</th><th scope="col">${t('persons.asked')}</th><th scope="col">${t('persons.result')}</th></tr></thead>
        <tbody>${requests.map((request) => html`
          <tr><th scope="row">${named('right', request.kind)}</th><td><code>${request.id}</code></td><td>${stateBadge(request.state)}</td><td>${timeOf(request.startedAt, dateTime, dateTimeExact)}</td><td>${countsOf(request)}</td></tr>`)}
        </tbody>
      </table>
    </div>`
}

/** @param {PersonRequest} request */
function countsOf(request) {
  const counts = Object.entries(request).filter((entry) => typeof entry[1] === 'number')
  return counts.length === 0 ? html`<span class="none">–</span>` : html`<ul class="counts">${counts.map(([name, count]) => html`<li>${named('count', name)} <strong>${whole(Number(count))}</strong></li>`)}</ul>`
}

/** The answer for the person, as a file to hand over. @param {PersonRequest} request @param {string} right */
export function openResult(request, right) {
  openDialog({
    title: named('right', right),
    view: () => html`
      <dl class="facts"><div><dt>${t('persons.state')}</dt><dd>${stateBadge(request.state)}</dd></div><div><dt>${t('persons.id')}</dt><dd><code>${request.id}</code></dd></div></dl>
      ${countsOf(request)}
      ${right === 'access' || right === 'export' ? html`<p>${t('persons.handOver')}</p><footer class="dialog-foot"><button type="button" class="button button-main" @click=${() => download(`${right}-${request.id}.json`, JSON.stringify(request, null, 2))}>${t('persons.download')}</button></footer>` : nothing}`
  })
}
