import { send } from '../../api.js'
import { counted, named, t, whole } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { openConfirm } from '../../parts/confirm.js'
import { closeDialog } from '../../parts/dialog.js'
import { attempt, newForm } from '../../parts/form.js'
import { announce } from '../../parts/notice.js'
import { empty, formError, timeOf } from '../../parts/states.js'
import { may } from '../../session.js'
import { away, dateTime, dateTimeExact } from '../../times.js'

/** @import { FailedEvent, HookFailure } from '../../types.js' */

/**
 * What nobody took, to be sent again or discarded.
 * @param {() => void} done @returns {(events: readonly FailedEvent[], all: number) => unknown} `all`: more than the newest may be dead
 */
export function deadPanel(done) {
  const form = newForm()
  const again = (/** @type {FailedEvent} */ { id }) => void attempt(form, () => send('POST', `webhooks/failed/${id}/redeliver`), () => finish(t('hooks.sentAgain'), done))
  const allAgain = (/** @type {number} */ count) => void attempt(form, () => sendAll(count), (sent) => finish(counted('hooks.sentAllAgain', sent), done))
  return (events, all) => html`
    <section aria-labelledby="dead">
      <h2 id="dead">${t('hooks.deadTitle')}</h2>
      ${events.length === 0 ? empty(t('hooks.none'), t('hooks.noneText')) : html`
        <p class="lead">${t('hooks.deadLead')} ${all > events.length ? t('hooks.newest', { count: whole(events.length) }) : nothing}</p>
        ${may('admin') ? html`<p><button type="button" class="button" ?disabled=${form.busy} @click=${() => allAgain(all)}>${t('hooks.againAll')}</button></p>` : nothing}
        ${formError(form.error)}
        ${table(events, form.busy, again, done)}`}
    </section>`
}

/**
 * All that were given up when it began, a batch at a time; those that are given up anew meanwhile stay.
 * @param {number} count @returns {Promise<number>} how many are in the queue again
 */
async function sendAll(count) {
  let sent = 0
  for (;;) {
    /** @type {{ sentAgain: number, left: number }} */
    const { sentAgain, left } = await send('POST', 'webhooks/failed/redeliver')
    sent += sentAgain
    if (left === 0 || sentAgain === 0 || sent >= count) return sent
  }
}

/** @param {readonly FailedEvent[]} events @param {boolean} busy @param {(event: FailedEvent) => void} again @param {() => void} done */
function table(events, busy, again, done) {
  const admin = may('admin')
  return html`
    <div class="table-box" tabindex="0" role="group" aria-label=${t('hooks.deadTitle')}>
      <table>
        <thead><tr><th scope="col">${t('hooks.event')}</th><th scope="col">${t('hooks.happened')}</th><th scope="col">${t('hooks.endedAt')}</th><th scope="col" class="num">${t('hooks.tries')}</th><th scope="col">${t('hooks.failure')}</th>${admin ? html`<th scope="col"><span class="unseen">${t('hooks.change')}</span></th>` : nothing}</tr></thead>
        <tbody>${events.map((event) => html`
          <tr>
            <th scope="row">${named('event', event.type)}${event.deliveryId === undefined ? nothing : html`<br><a class="row-about" href="#/deliveries/${event.deliveryId}"><code>${event.deliveryId}</code></a>`}</th>
            <td>${timeOf(event.happenedAt, dateTime, dateTimeExact)}</td>
            <td>${timeOf(event.gaveUpAt, away, dateTimeExact)}</td>
            <td class="num">${whole(event.tries)}</td>
            <td>${failureText(event)}</td>
            ${admin ? html`<td class="actions">${buttons(event, busy, again, done)}</td>` : nothing}
          </tr>`)}</tbody>
      </table>
    </div>`
}

/** @param {FailedEvent} event @param {boolean} busy @param {(event: FailedEvent) => void} again @param {() => void} done */
function buttons(event, busy, again, done) {
  const which = { event: named('event', event.type), when: dateTime(event.happenedAt) }
  return html`
    <button type="button" class="button button-small" aria-label=${t('hooks.againOf', which)} ?disabled=${busy} @click=${() => again(event)}>${t('hooks.again')}</button>
    <button type="button" class="button button-small" aria-label=${t('hooks.discardOf', which)} @click=${() => openDiscard(event, which, done)}>${t('hooks.discard')}</button>`
}

/** @param {FailedEvent} event @param {{ event: string, when: string }} which @param {() => void} done */
function openDiscard({ id }, which, done) {
  openConfirm({
    title: t('hooks.discardOf', which), text: t('hooks.discardText'), label: t('hooks.discard'), danger: true,
    act: () => send('DELETE', `webhooks/failed/${id}`),
    then: () => {
      closeDialog()
      finish(t('hooks.discarded'), done)
    }
  })
}

/** Why nobody took something, such as "answered 503". @param {HookFailure} failure */
export function failureText({ reason, status }) {
  return reason === undefined ? html`<span class="none">–</span>` : `${named('failure', reason)} ${status ?? ''}`.trim()
}

/** @param {string} said @param {() => void} done */
function finish(said, done) {
  announce(said)
  done()
}
