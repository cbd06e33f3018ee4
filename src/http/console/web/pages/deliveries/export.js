import { sendForRows } from '../../api.js'
import { counted, t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { closeDialog, dialogFoot, openDialog } from '../../parts/dialog.js'
import { download } from '../../parts/download.js'
import { areaField, formValues, selectField, textField } from '../../parts/fields.js'
import { attempt, newForm } from '../../parts/form.js'
import { announce } from '../../parts/notice.js'
import { meter } from '../../parts/spark.js'
import { formError } from '../../parts/states.js'
import { refresh } from '../../refresh.js'
import { dateField, endOfField, startOfField } from '../../times.js'

const dayMs = 86_400_000
/** Lines between two drawings of the progress. */
const drawEvery = 5000

/** All calls of some days as a file, with the reason that stands in the audit trail. */
export function openExport() {
  const form = newForm()
  const leaving = new AbortController()
  let [rows, expected] = [0, 0]
  const progress = (/** @type {number} */ now, /** @type {number} */ most) => {
    const draw = Math.floor(now / drawEvery) > Math.floor(rows / drawEvery) || expected !== most
    rows = now
    expected = most
    if (draw) refresh()
  }
  const save = (/** @type {SubmitEvent} */ event) => {
    const { from = '', to = '', format = '', reason = '' } = formValues(event)
    const wanted = { from: new Date(startOfField(from)).toISOString(), to: new Date(endOfField(to)).toISOString(), format, reason: reason.trim() }
    void attempt(form, () => sendForRows('calls/export', wanted, progress, leaving.signal), (blob) => {
      download(`calls-${from}-${to}.${format}`, blob, blob.type)
      closeDialog()
      announce(t('export.done'))
    })
  }
  openDialog({
    title: t('export.title'),
    closed: () => leaving.abort(),
    view: () => html`
      <form @submit=${save}>
        <p>${t('export.text')}</p>
        <div class="fields-row">
          ${textField({ name: 'from', label: t('audit.from'), type: 'date', required: true, value: dateField(Date.now() - 7 * dayMs) })}
          ${textField({ name: 'to', label: t('audit.to'), type: 'date', required: true, value: dateField(Date.now()) })}
          ${selectField({ name: 'format', label: t('export.format'), value: 'csv', options: [['csv', 'CSV'], ['jsonl', 'JSON Lines']] })}
        </div>
        ${areaField({ name: 'reason', label: t('change.reason'), hint: t('change.reasonHint'), required: true, maxlength: 300 })}
        ${form.busy && expected > 0 ? html`<div role="status">${meter(rows, expected, counted('deliveries.count', rows))}</div>` : nothing}
        ${formError(form.error)}
        ${dialogFoot({ label: t('export.action'), busy: form.busy })}
      </form>`
  })
}
