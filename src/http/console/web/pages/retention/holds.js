import { send } from '../../api.js'
import { counted, named, t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { closeDialog, dialogFoot, openDialog } from '../../parts/dialog.js'
import { attempt, newForm } from '../../parts/form.js'
import { areaField, formValues, textField } from '../../parts/fields.js'
import { announce } from '../../parts/notice.js'
import { empty, formError, timeOf } from '../../parts/states.js'
import { may } from '../../session.js'
import { dateField, date, dateTime, endOfField } from '../../times.js'

/** @import { Hold } from '../../types.js' */

const dayMs = 86_400_000

/** What is kept out of every deletion for now, why and until when. @param {readonly Hold[]} holds @param {() => void} done */
export function holdList(holds, done) {
  if (holds.length === 0) return empty(t('holds.none'), t('holds.noneText'))
  return html`
    <ul class="history">${holds.map((hold) => html`
      <li>
        <p class="history-when">${t('holds.until')} ${timeOf(hold.endsAt, date, dateTime)}<br>${t('history.by')} <code>${hold.authorId}</code></p>
        <div>
          <p><strong>${named('hold', hold.kind)}</strong> ${hold.deliveryId === undefined ? counted('holds.days', hold.days ?? 0) : html`<code>${hold.deliveryId}</code>`}</p>
          <p class="history-why">${hold.reason}</p>
        </div>
        ${may('admin') ? html`<button type="button" class="button button-small" @click=${() => openEnd(hold, done)}>${t('holds.end')}</button>` : nothing}
      </li>`)}
    </ul>`
}

/** @param {() => void} done */
export function openHold(done) {
  const form = newForm()
  const save = (/** @type {SubmitEvent} */ event) => {
    const { deliveryId = '', endsOn = '', reason = '' } = formValues(event)
    void attempt(form, () => send('POST', 'holds', { deliveryId: deliveryId.trim(), endsAt: new Date(endOfField(endsOn)).toISOString(), reason: reason.trim() }), () => finish(t('holds.added'), done))
  }
  openDialog({
    title: t('holds.add'),
    view: () => html`
      <form @submit=${save}>
        <p>${t('holds.addText')}</p>
        ${textField({ name: 'deliveryId', label: t('holds.delivery'), required: true, maxlength: 60 })}
        ${textField({ name: 'endsOn', label: t('holds.endsOn'), hint: t('holds.endsHint'), type: 'date', required: true, min: dateField(Date.now()), value: dateField(Date.now() + 90 * dayMs) })}
        ${areaField({ name: 'reason', label: t('change.reason'), hint: t('change.reasonHint'), required: true, maxlength: 300 })}
        ${formError(form.error)}
        ${dialogFoot({ label: t('holds.add'), busy: form.busy })}
      </form>`
  })
}

/** @param {Hold} hold @param {() => void} done */
function openEnd(hold, done) {
  const form = newForm()
  const save = (/** @type {SubmitEvent} */ event) => {
    const { reason = '' } = formValues(event)
    void attempt(form, () => send('DELETE', `holds/${hold.id}`, { reason: reason.trim() }), () => finish(t('holds.ended'), done))
  }
  openDialog({
    title: t('holds.endTitle'),
    view: () => html`
      <form @submit=${save}>
        <p>${t('holds.endText')}</p>
        ${areaField({ name: 'reason', label: t('change.reason'), hint: t('change.reasonHint'), required: true, maxlength: 300 })}
        ${formError(form.error)}
        ${dialogFoot({ label: t('holds.end'), busy: form.busy, danger: true })}
      </form>`
  })
}

/** @param {string} said @param {() => void} done */
function finish(said, done) {
  closeDialog()
  announce(said)
  done()
}
