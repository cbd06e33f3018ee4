import { getText } from '../api.js'
import { allLanguages, currentLanguage, named, t } from '../i18n.js'
import { html } from '../lit.js'
import { download } from '../parts/download.js'
import { selectField, textField } from '../parts/fields.js'
import { attempt, newForm } from '../parts/form.js'
import { announce } from '../parts/notice.js'
import { formError } from '../parts/states.js'
import { refresh } from '../refresh.js'
import { dateField, endOfField, startOfField } from '../times.js'

/** @import { PageDefinition } from '../types.js' */

const names = /** @type {const} */ (['processing-record', 'privacy-notice', 'retention-table', 'dpia', 'breach-pack'])
const dayMs = 86_400_000

/** Papers that are written from what holds now. @type {PageDefinition} */
export default {
  name: 'documents',
  roles: ['admin', 'auditor'],
  open: () => {
    const form = newForm()
    /** @type {Record<'language' | 'from' | 'to', string>} */
    const wanted = { language: currentLanguage(), from: dateField(Date.now() - 7 * dayMs), to: dateField(Date.now()) }
    const set = (/** @type {keyof typeof wanted} */ name) => (/** @type {string} */ value) => {
      wanted[name] = value
      refresh()
    }
    const fetchOne = (/** @type {string} */ name, /** @type {'md' | 'json'} */ format) => void attempt(form, () => getText(`documents/${name}`, queryOf(name, format, wanted)), (text) => {
      download(`${name}${name === 'privacy-notice' ? `-${wanted.language}` : ''}.${format}`, text, format === 'md' ? 'text/markdown' : 'application/json')
      announce(t('documents.ready', { name: named('document', name) }))
    })
    return {
      view: () => html`
        <div class="page-head"><div><h1 tabindex="-1">${t('documents.title')}</h1><p class="lead">${t('documents.lead')}</p></div></div>
        <div class="filter">
          ${selectField({ name: 'language', label: t('documents.language'), value: wanted.language, options: [...allLanguages(), ['ru', named('language', 'ru')]], change: set('language') })}
          ${textField({ name: 'from', label: t('documents.from'), type: 'date', value: wanted.from, input: set('from') })}
          ${textField({ name: 'to', label: t('documents.to'), type: 'date', value: wanted.to, input: set('to') })}
        </div>
        ${formError(form.error)}
        <ul class="documents">${names.map((name) => html`
          <li><div><h2>${named('document', name)}</h2><p>${named('documentText', name)}</p></div>
            <div class="page-actions">${/** @type {const} */ (['md', 'json']).map((format) => html`<button type="button" class="button" ?disabled=${form.busy} @click=${() => fetchOne(name, format)} aria-label="${named('document', name)}, ${t(`format.${format}`)}">${t(`format.${format}`)}</button>`)}</div></li>`)}
        </ul>`
    }
  }
}

/** @param {string} name @param {string} format @param {Record<'language' | 'from' | 'to', string>} wanted @returns {Record<string, string>} */
function queryOf(name, format, { language, from, to }) {
  if (name !== 'breach-pack') return { language, format }
  return { language, format, from: new Date(startOfField(from)).toISOString(), to: new Date(Math.min(endOfField(to), Date.now())).toISOString() }
}
