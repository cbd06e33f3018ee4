import { t } from '../i18n.js'
import { html, nothing } from '../lit.js'
import { refresh } from '../refresh.js'
import { closeDialog, openDialog } from './dialog.js'

/** Something that is in the page until this is closed, and never again. @param {{ title: string, secret: string, more?: string, closed: () => void }} made */
export function showSecret({ title, secret, more, closed }) {
  let copied = false
  const copy = () => void navigator.clipboard.writeText(secret).then(() => {
    copied = true
    refresh()
  }, () => undefined)
  openDialog({
    title,
    closed,
    view: () => html`
      <p>${t('secret.text')} ${more ?? nothing}</p>
      <p class="secret"><code class="wrap">${secret}</code></p>
      <footer class="dialog-foot"><span role="status">${copied ? t('secret.copied') : nothing}</span>
        <button type="button" class="button" @click=${copy}>${t('secret.copy')}</button>
        <button type="button" class="button button-main" @click=${closeDialog}>${t('action.done')}</button></footer>`
  })
}
