import { get, send } from '../../api.js'
import { named, t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { areaField, choice, formValues, secretField, textField } from '../../parts/fields.js'
import { attempt, newForm } from '../../parts/form.js'
import { announce } from '../../parts/notice.js'
import { formError } from '../../parts/states.js'
import { refresh } from '../../refresh.js'
import { dateField, endOfField } from '../../times.js'
import { openResult } from './result.js'

/** @import { PersonRequest, PhoneProof } from '../../types.js' */

export const rights = /** @type {const} */ (['access', 'export', 'restriction', 'erasure'])
const kinds = /** @type {const} */ (['call', 'declared'])
/** How long a restriction lasts unless somebody says otherwise. */
const restrictedMs = 30 * 86_400_000
/** How often it is asked whether the code was said. */
const askMs = 2000

/**
 * @typedef {{ right: string, kind: 'call' | 'declared', waiting: { phone: string, right: string, proof: PhoneProof } | undefined }} Choice
 * The one place where a number is: between the call with the code and the request, in memory only.
 */

/** The form, and a way to make it forget. @param {() => void} done */
export function requestForm(done) {
  /** @type {Choice} */
  const chosen = { right: 'access', kind: 'call', waiting: undefined }
  const form = newForm()
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer
  const forget = () => {
    chosen.waiting = undefined
    clearInterval(timer)
    refresh()
  }
  const set = (/** @type {Partial<Choice>} */ change) => {
    Object.assign(chosen, change)
    refresh()
  }
  const wait = (/** @type {string} */ phone, /** @type {PhoneProof} */ proof) => {
    const waiting = { phone, right: chosen.right, proof }
    chosen.waiting = waiting
    timer = setInterval(() => {
      if (new Date(waiting.proof.expiresAt).getTime() < Date.now()) forget()
      else if (waiting.proof.state === 'ringing') void get(`persons/proofs/${proof.id}`).then((/** @type {PhoneProof} */ now) => {
        waiting.proof = now
        refresh()
      }, () => undefined)
    }, askMs)
  }
  const ask = (/** @type {string} */ right, /** @type {Record<string, unknown>} */ body) => attempt(form, () => send('POST', `persons/${right}`, body), (/** @type {PersonRequest} */ request) => {
    forget()
    announce(t('persons.sent'))
    done()
    openResult(request)
  })
  const submit = (/** @type {SubmitEvent} */ event) => {
    const element = /** @type {HTMLFormElement} */ (event.currentTarget)
    const { phone = '', reason = '', check = '', code = '', endsOn = '' } = formValues(event)
    const end = endsOn === '' ? {} : { endsAt: new Date(endOfField(endsOn)).toISOString() }
    if (chosen.waiting !== undefined) {
      const { phone: known, proof: { id }, right } = chosen.waiting
      void ask(right, { phone: known, proof: { kind: 'call', id, code: code.trim() }, reason: reason.trim(), ...end })
      return
    }
    // From here on the number is in the request alone, whatever comes of it.
    const field = element.elements.namedItem('phone')
    if (field instanceof HTMLInputElement) field.value = ''
    const number = phone.replace(/[\s()-]/g, '')
    if (chosen.kind === 'declared') void ask(chosen.right, { phone: number, proof: { kind: 'declared', reason: check.trim() }, reason: reason.trim(), ...end })
    else void attempt(form, () => send('POST', 'persons/proofs', { phone: number }), (/** @type {PhoneProof} */ proof) => wait(number, proof))
  }
  return {
    forget,
    view: () => html`
      <form class="person-form" @submit=${submit} autocomplete="off">
        ${chosen.waiting === undefined ? firstStep(chosen, set) : codeStep(chosen.waiting, forget)}
        ${formError(form.error)}
        <button type="submit" class="button button-main" ?disabled=${form.busy || chosen.waiting?.proof.state === 'not_told'}>${form.busy ? t('state.working') : chosen.waiting === undefined && chosen.kind === 'call' ? t('persons.call') : t(`persons.do.${/** @type {'access'} */ (chosen.waiting?.right ?? chosen.right)}`)}</button>
      </form>`
  }
}

/** @param {Choice} chosen @param {(change: Partial<Choice>) => void} set */
function firstStep({ right, kind }, set) {
  return html`
    ${choice({ name: 'right', label: t('persons.right'), value: right, options: rights.map((name) => [name, named('right', name)]), change: (value) => set({ right: value }) })}
    <p class="hint">${named('rightText', right)}</p>
    ${secretField({ name: 'phone', label: t('persons.phone'), hint: t('persons.phoneHint'), type: 'tel', inputmode: 'tel', required: true, maxlength: 32 })}
    ${choice({ name: 'kind', label: t('persons.proof'), value: kind, options: kinds.map((name) => [name, named('proofKind', name)]), change: (value) => set({ kind: value === 'call' ? 'call' : 'declared' }) })}
    <p class="hint">${named('proofKindText', kind)}</p>
    ${kind === 'call' ? nothing : html`
      ${areaField({ name: 'check', label: t('persons.check'), hint: t('persons.checkHint'), required: true, maxlength: 300, rows: 2 })}
      ${lastFields(right)}`}`
}

/** @param {NonNullable<Choice['waiting']>} waiting @param {() => void} startOver */
function codeStep({ right, proof }, startOver) {
  const said = proof.state === 'not_told' ? `${t('proof.not_told')} ${proof.reason === undefined ? '' : `(${named('reason', proof.reason)})`}` : t(`proof.${proof.state}`)
  return html`
    <p class="note ${proof.state === 'not_told' ? 'note-warn' : ''}" role="status"><strong>${named('right', right)}.</strong> ${said}</p>
    ${proof.state === 'not_told' ? nothing : html`
      ${secretField({ name: 'code', label: t('persons.code'), hint: t('persons.codeHint'), inputmode: 'numeric', pattern: '\\d{4,12}', required: true, maxlength: 12 })}
      ${lastFields(right)}`}
    <p><button type="button" class="button button-small" @click=${startOver}>${t('persons.startOver')}</button></p>`
}

/** @param {string} right */
const lastFields = (right) => html`
  ${right === 'restriction' ? textField({ name: 'endsOn', label: t('holds.endsOn'), hint: t('holds.endsHint'), type: 'date', required: true, min: dateField(Date.now()), value: dateField(Date.now() + restrictedMs) }) : nothing}
  ${areaField({ name: 'reason', label: t('persons.reason'), hint: t('change.reasonHint'), required: true, maxlength: 300, rows: 2 })}`
