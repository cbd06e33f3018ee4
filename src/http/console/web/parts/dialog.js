import { t } from '../i18n.js'
import { html, nothing, repeat } from '../lit.js'
import { refresh } from '../refresh.js'

/**
 * @typedef {object} Dialog
 * @property {string} title
 * @property {() => unknown} view drawn anew with the page
 * @property {() => void} [closed] whichever way it was closed
 */

/** @type {{ id: number, dialog: Dialog } | undefined} */
let current
let opened = 0

/** Opens a modal dialog; the browser keeps the focus in it and gives it back afterwards. @param {Dialog} dialog */
export function openDialog(dialog) {
  // One that follows another gives the focus back to where the first was opened from.
  const before = current
  elementOf()?.close()
  if (before !== undefined) drop(before.id)
  current = { id: ++opened, dialog }
  refresh()
}

export function closeDialog() {
  // Its close event does the rest, after the focus went back.
  elementOf()?.close()
}

/** Closes whatever is open, for a page that goes away. */
export function dropDialog() {
  if (current !== undefined) drop(current.id)
}

const elementOf = () => /** @type {HTMLDialogElement | null} */ (document.querySelector('dialog[open]'))

/** @param {number} id the event of one that is gone already changes nothing */
function drop(id) {
  if (current?.id !== id) return
  const { dialog } = current
  current = undefined
  dialog.closed?.()
  refresh()
}

/** Where the open dialog stands in the page. */
export function dialogLayer() {
  return repeat(current === undefined ? [] : [current], ({ id }) => id, ({ id, dialog }) => html`
    <dialog class="dialog" aria-labelledby="dialog-title" @close=${() => drop(id)}>
      <header class="dialog-head">
        <h2 id="dialog-title">${dialog.title}</h2>
        <button type="button" class="button-icon" aria-label=${t('action.close')} @click=${closeDialog}>${cross}</button>
      </header>
      <div class="dialog-body">${dialog.view()}</div>
    </dialog>`)
}

const cross = html`<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M3 3l10 10M13 3L3 13" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round"></path></svg>`

/** After the page was drawn: a dialog that is new in it is opened, once. */
export function showDialog() {
  const element = /** @type {HTMLDialogElement | null} */ (document.querySelector('dialog:not([data-shown])'))
  if (element === null) return
  element.dataset.shown = ''
  element.showModal()
}

/**
 * The foot of a form in a dialog.
 * @param {{ label: string, busy: boolean, danger?: boolean, disabled?: boolean }} main
 */
export function dialogFoot({ label, busy, danger = false, disabled = false }) {
  return html`
    <footer class="dialog-foot">
      <button type="button" class="button" @click=${closeDialog}>${t('action.cancel')}</button>
      <button type="submit" class="button ${danger ? 'button-danger' : 'button-main'}" ?disabled=${busy || disabled} aria-busy=${busy ? 'true' : nothing}>${busy ? t('state.working') : label}</button>
    </footer>`
}
