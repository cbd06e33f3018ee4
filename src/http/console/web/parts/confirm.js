import { html } from '../lit.js'
import { dialogFoot, openDialog } from './dialog.js'
import { attempt, newForm } from './form.js'
import { formError } from './states.js'

/** Asks before something is done that has consequences. @template T @param {{ title: string, text: string, label: string, danger?: boolean, act: () => Promise<T>, then: (made: T) => void }} question */
export function openConfirm({ title, text, label, danger = false, act, then }) {
  const form = newForm()
  const save = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    void attempt(form, act, then)
  }
  openDialog({ title, view: () => html`<form @submit=${save}><p>${text}</p>${formError(form.error)}${dialogFoot({ label, busy: form.busy, danger })}</form>` })
}
