import { t } from '../i18n.js'
import { html, nothing } from '../lit.js'
import { errorText } from '../parts/states.js'
import { secretField } from '../parts/fields.js'
import { refresh } from '../refresh.js'
import { asApiError } from '../resource.js'
import { resume, session, signIn } from '../session.js'
import { looks, mark } from '../shell.js'

/** @type {{ busy: boolean, error: import('../api.js').ApiError | undefined }} */
const form = { busy: false, error: undefined }

/** The only page without a session. */
export function signInPage() {
  document.title = `${t('signIn.title')} · Maskline`
  return html`
    <main class="door" id="main">
      <div class="door-panel">
        <p class="brand">${mark()}<span>Maskline</span></p>
        <h1 tabindex="-1">${t('signIn.title')}</h1>
        <p>${t('signIn.text')}</p>
        ${session.ended && form.error === undefined ? html`<p class="note note-warn" role="status">${t('signIn.ended')}</p>` : nothing}
        <form @submit=${submit}>
          ${secretField({ name: 'key', label: t('signIn.key'), hint: t('signIn.hint'), type: 'password', required: true, autocomplete: 'current-password', maxlength: 256 })}
          ${form.error === undefined ? nothing : html`<p class="note note-bad" role="alert">${form.error.status === 401 ? t('signIn.wrong') : errorText(form.error)}</p>`}
          <button type="submit" class="button button-main" ?disabled=${form.busy}>${form.busy ? t('state.working') : t('signIn.action')}</button>
        </form>
        ${looks()}
      </div>
    </main>`
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault()
  const input = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.currentTarget).elements.namedItem('key'))
  form.busy = true
  form.error = undefined
  refresh()
  try {
    await signIn(input.value.trim())
  } catch (cause) {
    form.error = asApiError(cause)
    input.select()
  }
  // A key does not stay in a field, whether it was right or wrong.
  input.value = ''
  form.busy = false
  refresh()
}

/** Before it is known whether there is a session, and when the server cannot say. */
export function waitingPage() {
  const { error } = session
  return html`
    <main class="door" id="main">
      <div class="door-panel">
        <p class="brand">${mark()}<span>Maskline</span></p>
        <h1 class="unseen">Maskline</h1>
        ${error === undefined
          ? html`<p role="status">${t('state.loading')}</p>`
          : html`<p class="note note-bad" role="alert">${errorText(error)}</p><button type="button" class="button" @click=${() => void resume()}>${t('state.again')}</button>`}
      </div>
    </main>`
}
