import { get, send } from '../api.js'
import { named, t } from '../i18n.js'
import { html, nothing } from '../lit.js'
import { openConfirm } from '../parts/confirm.js'
import { closeDialog, dialogFoot, openDialog } from '../parts/dialog.js'
import { formValues, textField } from '../parts/fields.js'
import { attempt, newForm } from '../parts/form.js'
import { announce } from '../parts/notice.js'
import { showSecret } from '../parts/secret.js'
import { badge, empty, formError, shown, timeOf } from '../parts/states.js'
import { refresh } from '../refresh.js'
import { loaded } from '../resource.js'
import { session } from '../session.js'
import { date, dateTime, endOfField, utcDay } from '../times.js'

/** @import { Key, NewKey, PageDefinition } from '../types.js' */

/** What an admin may give; the role of an operator is given by operators. */
const givable = /** @type {const} */ (['app', 'admin', 'auditor'])

/** Who and what may use the API, and the console. @type {PageDefinition} */
export default {
  name: 'keys',
  roles: ['admin'],
  open: () => {
    /** @type {import('../resource.js').Resource<{ keys: readonly Key[] }>} */
    const keys = loaded(() => get('keys'))
    const reload = () => void keys.load()
    return {
      view: () => html`
        <div class="page-head"><div><h1 tabindex="-1">${t('keys.title')}</h1><p class="lead">${t('keys.lead')}</p></div>
          <div class="page-actions"><button type="button" class="button button-main" @click=${() => openCreate(reload)}>${t('keys.create')}</button></div></div>
        ${shown(keys, (value) => table(value.keys, reload), { rows: 4 })}`
    }
  }
}

/** @param {readonly Key[]} keys @param {() => void} done */
function table(keys, done) {
  if (keys.length === 0) return empty(t('keys.none'), t('keys.noneText'))
  return html`
    <div class="table-box" tabindex="0" role="group" aria-label=${t('keys.title')}>
      <table>
        <thead><tr><th scope="col">${t('keys.label')}</th><th scope="col">${t('keys.id')}</th><th scope="col">${t('keys.roles')}</th><th scope="col">${t('keys.state')}</th><th scope="col">${t('keys.created')}</th><th scope="col">${t('keys.used')}</th><th scope="col"><span class="unseen">${t('keys.change')}</span></th></tr></thead>
        <tbody>${keys.map((key) => row(key, done))}</tbody>
      </table>
    </div>`
}

/** @param {Key} key @param {() => void} done */
function row(key, done) {
  const live = key.state === 'live'
  return html`
    <tr>
      <th scope="row">${key.label}${key.id === session.me?.keyId ? html` ${badge('calm', t('keys.yours'))}` : nothing}</th>
      <td><code>${key.id}</code></td>
      <td>${key.roles.map((role) => named('role', role)).join(', ')}</td>
      <td>${badge(live ? 'good' : 'calm', named('keyState', key.state))} ${key.expiresAt === undefined ? nothing : html`<span class="none">${t('keys.until')} ${timeOf(key.expiresAt, date, dateTime)}</span>`}</td>
      <td>${timeOf(key.createdAt, date, dateTime)}</td>
      <td>${key.lastUsedDay === undefined ? html`<span class="none">${t('keys.never')}</span>` : utcDay(key.lastUsedDay)}</td>
      <td class="actions">${live ? html`
        <button type="button" class="button button-small" aria-label=${t('keys.rotateOf', { name: key.label })} @click=${() => openRotate(key, done)}>${t('keys.rotate')}</button>
        <button type="button" class="button button-small" aria-label=${t('keys.revokeOf', { name: key.label })} @click=${() => openRevoke(key, done)}>${t('keys.revoke')}</button>` : nothing}</td>
    </tr>`
}

/** @param {() => void} done */
function openCreate(done) {
  const form = newForm()
  /** @type {Set<string>} */
  const chosen = new Set(['app'])
  const save = (/** @type {SubmitEvent} */ event) => {
    const { label = '', expiresOn = '' } = formValues(event)
    const expiry = expiresOn === '' ? {} : { expiresAt: new Date(endOfField(expiresOn)).toISOString() }
    void attempt(form, () => send('POST', 'keys', { label: label.trim(), roles: [...chosen], ...expiry }), (/** @type {NewKey} */ made) => showNew(made.key, done))
  }
  const toggle = (/** @type {string} */ role) => {
    if (!chosen.delete(role)) chosen.add(role)
    refresh()
  }
  openDialog({
    title: t('keys.create'),
    view: () => html`
      <form @submit=${save}>
        ${textField({ name: 'label', label: t('keys.label'), hint: t('keys.labelHint'), required: true, maxlength: 60 })}
        <fieldset class="choice choice-column"><legend>${t('keys.roles')}</legend>${givable.map((role) => html`
          <label class="choice-item"><input type="checkbox" .checked=${chosen.has(role)} @change=${() => toggle(role)}><span>${named('role', role)}<small>${t(`roleText.${role}`)}</small></span></label>`)}</fieldset>
        ${textField({ name: 'expiresOn', label: t('keys.expires'), hint: t('keys.expiresHint'), type: 'date' })}
        ${formError(form.error)}
        ${dialogFoot({ label: t('keys.create'), busy: form.busy, disabled: chosen.size === 0 })}
      </form>`
  })
}

/** @param {Key} key @param {() => void} done */
function openRotate(key, done) {
  openConfirm({ title: t('keys.rotateOf', { name: key.label }), text: t('keys.rotateText'), label: t('keys.rotate'), act: () => send('POST', `keys/${key.id}/rotate`, {}), then: (/** @type {NewKey} */ made) => showNew(made.key, done) })
}

/** @param {Key} key @param {() => void} done */
function openRevoke(key, done) {
  const own = key.id === session.me?.keyId
  openConfirm({
    title: t('keys.revokeOf', { name: key.label }), text: own ? t('keys.revokeOwn') : t('keys.revokeText'), label: t('keys.revoke'), danger: true,
    act: () => send('DELETE', `keys/${key.id}`),
    then: () => {
      closeDialog()
      announce(t('keys.revoked'))
      done()
    }
  })
}

/** @param {string} key @param {() => void} closed */
const showNew = (key, closed) => showSecret({ title: t('keys.made'), secret: key, closed })
