import { get, send } from '../api.js'
import { named, t } from '../i18n.js'
import { html, nothing } from '../lit.js'
import { checkField, formValues, selectField, textField } from '../parts/fields.js'
import { attempt, newForm } from '../parts/form.js'
import { announce } from '../parts/notice.js'
import { formError, shown } from '../parts/states.js'
import { loaded } from '../resource.js'
import { may } from '../session.js'

/** @import { PageDefinition, Settings } from '../types.js' */

const numbers = /** @type {const} */ ({ ringTimeoutSeconds: [5, 180], maxDurationSeconds: [30, 14_400], quarantineSeconds: [60, 2_592_000] })
const caps = /** @type {const} */ ({ callsAtOnce: [1, 100_000], callsPerHour: [1, 10_000_000], minutesPerDay: [2, 10_000_000] })
const switches = /** @type {const} */ (['hint', 'recording', 'numberCountryStrict'])

/** What the shop has decided about its calls. @type {PageDefinition} */
export default {
  name: 'settings',
  roles: ['admin', 'auditor'],
  open: () => {
    /** @type {import('../resource.js').Resource<Settings>} */
    const settings = loaded(() => get('settings'))
    const form = newForm()
    const save = (/** @type {SubmitEvent} */ event) => {
      const change = changeOf(settings.value ?? {}, formValues(event))
      if (Object.keys(change).length === 0) announce(t('settings.same'))
      else void attempt(form, () => send('PATCH', 'settings', change), (/** @type {Settings} */ next) => {
        settings.value = next
        announce(t('settings.saved'))
      })
    }
    return {
      view: () => html`
        <div class="page-head"><div><h1 tabindex="-1">${t('settings.title')}</h1><p class="lead">${t('settings.lead')}</p></div></div>
        ${shown(settings, (value) => html`
          <form class="settings" @submit=${save}>
            <fieldset ?disabled=${!may('admin')}>
              <legend class="unseen">${t('settings.title')}</legend>
              ${fields(value)}
            </fieldset>
            ${formError(form.error)}
            ${may('admin') ? html`<button type="submit" class="button button-main" ?disabled=${form.busy}>${form.busy ? t('state.working') : t('action.save')}</button>` : html`<p class="note">${t('settings.readOnly')}</p>`}
          </form>`, { rows: 8 })}`
    }
  }
}

/** @param {Settings} value */
function fields(value) {
  const known = (/** @type {string} */ name) => name in value
  return html`
    <h2>${t('settings.heard')}</h2>
    ${selectField({ ...words('language'), value: String(value.language), options: ['en', 'et', 'ru'].map((code) => [code, named('language', code)]) })}
    ${selectField({ ...words('acceptance'), value: String(value.acceptance), options: ['off', 'courier', 'customer', 'both'].map((name) => [name, named('acceptance', name)]) })}
    ${known('hint') ? checkField({ ...words('hint'), checked: value.hint === true }) : nothing}
    ${known('recording') ? checkField({ ...words('recording'), checked: value.recording === true }) : nothing}
    <h2>${t('settings.lengths')}</h2>
    ${Object.entries(numbers).map(([name, [min, max]]) => textField({ ...words(name), type: 'number', min, max, step: 1, required: true, value: Number(value[name]) }))}
    <h2>${t('settings.caps')}</h2>
    ${Object.entries(caps).map(([name, [min, max]]) => textField({ ...words(name), type: 'number', min, max, step: 1, value: typeof value[name] === 'number' ? value[name] : '' }))}
    <h2>${t('settings.line')}</h2>
    ${textField({ ...words('numberCountries'), value: listOf(value.numberCountries).join(' '), maxlength: 40, pattern: '\\s*([A-Za-z]{2}[\\s,]*){0,8}' })}
    ${checkField({ ...words('numberCountryStrict'), checked: value.numberCountryStrict === true })}
    ${selectField({ ...words('withheldCallers'), value: String(value.withheldCallers), options: ['allow', 'refuse'].map((name) => [name, named('withheldCallers', name)]) })}
    ${textField({ ...words('supportPhone'), type: 'tel', inputmode: 'tel', maxlength: 32, value: typeof value.supportPhone === 'string' ? value.supportPhone : '' })}`
}

/** @param {string} name */
const words = (name) => ({ name, label: named('setting', name), hint: named('settingHint', name) })

/** @param {unknown} value @returns {string[]} */
const listOf = (value) => Array.isArray(value) ? value.map(String) : []

/** Only what differs is sent: somebody else may be changing the rest. @param {Settings} old @param {Record<string, string>} typed */
export function changeOf(old, typed) {
  /** @type {Record<string, unknown>} */
  const wanted = { language: typed.language, acceptance: typed.acceptance, withheldCallers: typed.withheldCallers }
  for (const name of Object.keys(numbers)) wanted[name] = Number(typed[name])
  for (const name of Object.keys(caps)) wanted[name] = typed[name] ? Number(typed[name]) : null
  // A box that is not ticked is not in the form at all.
  for (const name of switches) if (name in old) wanted[name] = typed[name] !== undefined
  wanted.numberCountries = (typed.numberCountries ?? '').toUpperCase().split(/[\s,]+/).filter(Boolean)
  wanted.supportPhone = (typed.supportPhone ?? '').replaceAll(' ', '') || null
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name])))
}
