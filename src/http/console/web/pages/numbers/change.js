import { send } from '../../api.js'
import { named, t } from '../../i18n.js'
import { html } from '../../lit.js'
import { closeDialog, dialogFoot, openDialog } from '../../parts/dialog.js'
import { choice, formValues, textField } from '../../parts/fields.js'
import { attempt, newForm } from '../../parts/form.js'
import { announce } from '../../parts/notice.js'
import { formError } from '../../parts/states.js'
import { refresh } from '../../refresh.js'

/** @import { NumberLoad } from '../../types.js' */

/** Brings one more proxy number into service. @param {() => void} done */
export function openAdd(done) {
  const form = newForm()
  const save = (/** @type {SubmitEvent} */ event) => {
    const { number = '' } = formValues(event)
    void attempt(form, () => send('POST', 'numbers', { number: number.replaceAll(' ', '') }), () => finish(t('numbers.added'), done))
  }
  openDialog({
    title: t('numbers.add'),
    view: () => html`
      <form @submit=${save}>
        <p>${t('numbers.addText')}</p>
        ${textField({ name: 'number', label: t('numbers.number'), hint: t('numbers.addHint'), required: true, inputmode: 'tel', maxlength: 24 })}
        ${formError(form.error)}
        ${dialogFoot({ label: t('numbers.add'), busy: form.busy })}
      </form>`
  })
}

/** Drains a number, retires it or takes it back. @param {NumberLoad} one @param {() => void} done */
export function openState(one, done) {
  const form = { ...newForm(), state: /** @type {string} */ (one.state) }
  const save = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    void attempt(form, () => send('PATCH', `numbers/${encodeURIComponent(one.number)}`, { state: form.state }), () => finish(t('numbers.changed'), done))
  }
  const change = (/** @type {string} */ state) => {
    form.state = state
    refresh()
  }
  openDialog({
    title: t('numbers.changeOf', { number: one.number }),
    view: () => html`
      <form @submit=${save}>
        ${choice({ name: 'state', label: t('numbers.state'), value: form.state, options: ['in_service', 'draining', 'retired'].map((name) => [name, named('numberState', name)]), change })}
        <p class="hint">${named('numberStateText', form.state)}</p>
        ${formError(form.error)}
        ${dialogFoot({ label: t('action.save'), busy: form.busy, disabled: form.state === one.state })}
      </form>`
  })
}

/** @param {string} said @param {() => void} done */
function finish(said, done) {
  closeDialog()
  announce(said)
  done()
}
