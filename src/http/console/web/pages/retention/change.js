import { send } from '../../api.js'
import { t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { closeDialog, dialogFoot, openDialog } from '../../parts/dialog.js'
import { areaField, checkField, formValues, selectField, textField } from '../../parts/fields.js'
import { attempt, newForm } from '../../parts/form.js'
import { announce } from '../../parts/notice.js'
import { scaleBar } from '../../parts/scale.js'
import { formError } from '../../parts/states.js'
import { refresh } from '../../refresh.js'
import { duration } from '../../times.js'
import { effectOf } from './effect.js'
import { classTitle, periodText } from './words.js'

/** @import { RetentionClass } from '../../types.js' */

const units = /** @type {const} */ ({ minutes: 60, hours: 3600, days: 86_400 })
/** @typedef {keyof typeof units} Unit */

/** The unit in which a period is a whole number, and not a huge one. @param {number} seconds @returns {Unit} */
export const unitOf = (seconds) => seconds % units.days === 0 ? 'days' : seconds % units.hours === 0 ? 'hours' : 'minutes'

/** A new period for one class, with what it would mean and why. @param {RetentionClass} one @param {() => void} done */
export function openChange(one, done) {
  const start = one.periodSeconds ?? one.defaultSeconds ?? one.minimumSeconds
  const form = { ...newForm(), unit: unitOf(start), count: String(start / units[unitOf(start)]), off: one.periodSeconds === null }
  const wanted = () => form.off ? null : Number(form.count) * units[form.unit]
  const save = (/** @type {SubmitEvent} */ event) => {
    const { reason = '', basis = '' } = formValues(event)
    const law = basis.trim() === '' ? {} : { statutoryBasis: basis.trim() }
    void attempt(form, () => send('PUT', 'retention', { reason: reason.trim(), periods: { [one.name]: wanted() }, ...law }), () => {
      closeDialog()
      announce(t('change.saved', { name: classTitle(one.name), period: periodText(wanted()) }))
      done()
    })
  }
  openDialog({
    title: t('change.title', { name: classTitle(one.name) }),
    view: () => html`
      <form @submit=${save}>
        ${one.canBeOff ? checkField({ name: 'off', label: t('change.off'), checked: form.off, change: (off) => set(form, { off }) }) : nothing}
        ${form.off ? nothing : periodFields(one, form)}
        <div class="preview" aria-live="polite"><h3>${t('change.preview')}</h3>${preview(one, wanted())}</div>
        ${one.name === 'statutory' && !form.off ? textField({ name: 'basis', label: t('change.basis'), hint: t('change.basisHint'), required: true, maxlength: 300, value: one.basis ?? '' }) : nothing}
        ${areaField({ name: 'reason', label: t('change.reason'), hint: t('change.reasonHint'), required: true, maxlength: 300 })}
        ${formError(form.error)}
        ${dialogFoot({ label: t('change.save'), busy: form.busy, disabled: fault(one, wanted()) !== undefined })}
      </form>`
  })
}

/** @template {object} T @param {T} form @param {Partial<T>} change */
function set(form, change) {
  Object.assign(form, change)
  refresh()
}

/** @param {RetentionClass} one @param {{ unit: Unit, count: string }} form */
function periodFields(one, form) {
  const bounds = t('class.boundsText', { minimum: duration(one.minimumSeconds), maximum: duration(one.maximumSeconds) })
  return html`
    <div class="fields-row">
      ${textField({ name: 'count', label: t('change.period'), hint: bounds, type: 'number', inputmode: 'numeric', min: 1, step: 1, required: true, value: form.count, input: (count) => set(form, { count }) })}
      ${selectField({ name: 'unit', label: t('change.unit'), value: form.unit, options: [['minutes', t('unit.minutes')], ['hours', t('unit.hours')], ['days', t('unit.days')]], change: (unit) => set(form, { unit: /** @type {Unit} */ (unit) }) })}
    </div>`
}

/** What keeps a period from being taken, in words. @param {RetentionClass} one @param {number | null} seconds */
function fault(one, seconds) {
  if (seconds === null) return undefined
  if (!Number.isInteger(seconds) || seconds <= 0) return t('change.notWhole')
  if (seconds < one.minimumSeconds) return t('change.tooShort', { minimum: duration(one.minimumSeconds) })
  return seconds > one.maximumSeconds ? t('change.tooLong', { maximum: duration(one.maximumSeconds) }) : undefined
}

/** @param {RetentionClass} one @param {number | null} seconds */
function preview(one, seconds) {
  const wrong = fault(one, seconds)
  if (wrong !== undefined) return html`<p class="preview-fault">${wrong}</p>`
  return html`
    <p class="preview-change"><span>${periodText(one.periodSeconds)}</span> <span aria-hidden="true">→</span><span class="unseen">${t('history.to')}</span> <strong>${periodText(seconds)}</strong></p>
    ${scaleBar({ ...one, periodSeconds: seconds }, periodText(seconds))}
    <ul class="preview-list">${effectOf(one, seconds, Date.now()).map((sentence) => html`<li>${sentence}</li>`)}</ul>`
}
