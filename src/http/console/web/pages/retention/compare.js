import { get } from '../../api.js'
import { counted, t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { formValues, textField } from '../../parts/fields.js'
import { badge, shown } from '../../parts/states.js'
import { refresh } from '../../refresh.js'
import { asApiError, loaded } from '../../resource.js'
import { date, dateField, endOfField } from '../../times.js'
import { classTitle, periodText } from './words.js'

/** @import { OpenPage, RetentionAnswer } from '../../types.js' */

const dayMs = 86_400_000

/** The periods as they were on two days, side by side. @returns {OpenPage} */
export function comparePage() {
  const today = dateField(Date.now())
  const days = [dateField(Date.now() - 30 * dayMs), today]
  /** @type {import('../../resource.js').Resource<RetentionAnswer[]>} */
  let both = loaded(() => ask(days).catch((/** @type {unknown} */ cause) => {
    // A history that is younger than that begins with what holds now.
    if (asApiError(cause).field !== 'at') throw cause
    days[0] = today
    return ask(days)
  }))
  const submit = (/** @type {SubmitEvent} */ event) => {
    const { first = '', second = '' } = formValues(event)
    days.splice(0, 2, first, second)
    both = loaded(() => ask(days))
    refresh()
  }
  return {
    view: () => html`
      <p class="back"><a href="#/retention">${t('compare.back')}</a></p>
      <h1 tabindex="-1">${t('compare.title')}</h1>
      <p class="lead">${t('compare.lead')}</p>
      <form class="filter" @submit=${submit}>
        ${textField({ name: 'first', label: t('compare.first'), type: 'date', required: true, max: today, value: days[0] ?? '' })}
        ${textField({ name: 'second', label: t('compare.second'), type: 'date', required: true, max: today, value: days[1] ?? '' })}
        <button type="submit" class="button button-main">${t('compare.action')}</button>
      </form>
      ${shown(both, ([before, after]) => before === undefined || after === undefined ? nothing : comparison(before, after), { rows: 8 })}`
  }
}

/** @param {string[]} days @returns {Promise<RetentionAnswer[]>} */
function ask(days) {
  // The state at the end of the day, and of today as it is now.
  return Promise.all(days.map((day) => {
    const end = endOfField(day)
    return /** @type {Promise<RetentionAnswer>} */ (get('retention', end > Date.now() ? {} : { at: new Date(end - 1).toISOString() }))
  }))
}

/** @param {RetentionAnswer} before @param {RetentionAnswer} after */
function comparison(before, after) {
  const rows = after.classes.map((one) => ({ name: one.name, to: one.periodSeconds, from: before.classes.find(({ name }) => name === one.name)?.periodSeconds }))
  const changed = rows.filter(({ from, to }) => from !== to).length
  return html`
    <p class="compared" role="status"><strong>${changed === 0 ? t('compare.equal') : counted('compare.changed', changed)}</strong></p>
    <div class="table-box" tabindex="0" role="group" aria-label=${t('compare.title')}>
      <table>
        <thead><tr><th scope="col">${t('compare.class')}</th><th scope="col">${date(before.at)}</th><th scope="col">${date(after.at)}</th><th scope="col">${t('compare.difference')}</th></tr></thead>
        <tbody>${rows.map(({ name, from = null, to }) => html`
          <tr class=${from === to ? '' : 'row-changed'}>
            <th scope="row">${classTitle(name)}</th><td>${periodText(from)}</td><td>${periodText(to)}</td>
            <td>${from === to ? html`<span class="none">${t('compare.same')}</span>` : badge('warn', (to ?? 0) < (from ?? 0) ? t('compare.shorter') : t('compare.longer'))}</td>
          </tr>`)}
        </tbody>
      </table>
    </div>`
}
