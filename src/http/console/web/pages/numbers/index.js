import { get } from '../../api.js'
import { counted, decimal, named, t, whole } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { badge, empty, shown } from '../../parts/states.js'
import { meter } from '../../parts/spark.js'
import { loaded } from '../../resource.js'
import { may } from '../../session.js'
import { openAdd, openState } from './change.js'
import { forecastPanel } from './panel.js'

/** @import { NumberLoad, PageDefinition, Settings } from '../../types.js' */

/** The proxy numbers, how busy they are, and whether they will be enough. @type {PageDefinition} */
export default {
  name: 'numbers',
  roles: ['admin', 'operator'],
  open: () => {
    /** @type {import('../../resource.js').Resource<{ numbers: readonly NumberLoad[] }>} */
    const numbers = loaded(() => get('numbers'))
    const reload = () => void numbers.load()
    const panel = forecastPanel()
    // What the shop has set; an operator who may not see it types it in.
    if (may('admin', 'auditor')) void get('settings').then((/** @type {Settings} */ { quarantineSeconds }) => panel.quarantine(Number(quarantineSeconds)), () => undefined)
    return {
      view: () => html`
        <div class="page-head"><div><h1 tabindex="-1">${t('numbers.title')}</h1><p class="lead">${t('numbers.lead')}</p></div>
          <div class="page-actions">${may('admin', 'operator') ? html`<button type="button" class="button" @click=${() => openAdd(reload)}>${t('numbers.add')}</button>` : nothing}</div></div>
        ${shown(numbers, (value) => html`
          ${totals(value.numbers)}
          <section aria-labelledby="forecast"><h2 id="forecast">${t('forecast.title')}</h2>${panel.view(inService(value.numbers))}</section>
          <section aria-labelledby="load"><h2 id="load">${t('numbers.load')}</h2>${table(value.numbers, reload)}</section>`, { rows: 8 })}`
    }
  }
}

/** @param {readonly NumberLoad[]} numbers */
const inService = (numbers) => numbers.filter(({ state }) => state === 'in_service').length

/** @param {readonly NumberLoad[]} numbers */
function totals(numbers) {
  const sum = (/** @type {'live' | 'held'} */ what) => numbers.reduce((total, one) => total + one[what], 0)
  const serving = inService(numbers)
  return html`
    <dl class="numbers">
      <div class="number-main"><dt>${t('numbers.inService')}</dt><dd>${whole(serving)} <small>${t('numbers.of', { count: numbers.length })}</small></dd></div>
      <div><dt>${t('numbers.live')}</dt><dd>${whole(sum('live'))}</dd></div>
      <div><dt>${t('numbers.held')}</dt><dd>${whole(sum('held'))}</dd></div>
      <div><dt>${t('numbers.each')}</dt><dd>${serving === 0 ? '–' : decimal(sum('held') / serving)}</dd></div>
    </dl>`
}

/** @param {readonly NumberLoad[]} numbers @param {() => void} done */
function table(numbers, done) {
  if (numbers.length === 0) return empty(t('numbers.none'), t('numbers.noneText'))
  const most = Math.max(1, ...numbers.map(({ held }) => held))
  return html`
    <div class="table-box" tabindex="0" role="group" aria-label=${t('numbers.load')}>
      <table>
        <thead><tr><th scope="col">${t('numbers.number')}</th><th scope="col">${t('numbers.country')}</th><th scope="col">${t('numbers.state')}</th><th scope="col" class="num">${t('numbers.live')}</th><th scope="col" class="num">${t('numbers.held')}</th>
          <th scope="col" class="wide"><span class="unseen">${t('numbers.load')}</span></th>${may('admin', 'operator') ? html`<th scope="col"><span class="unseen">${t('numbers.change')}</span></th>` : nothing}</tr></thead>
        <tbody>${[...numbers].sort((a, b) => b.held - a.held || a.number.localeCompare(b.number)).map((one) => html`
          <tr>
            <th scope="row" class="tabular">${one.number}</th><td>${one.country}</td>
            <td>${badge(one.state === 'in_service' ? 'good' : one.state === 'draining' ? 'warn' : 'calm', named('numberState', one.state))}</td>
            <td class="num">${whole(one.live)}</td><td class="num">${whole(one.held)}</td>
            <td class="wide">${meter(one.held, most, counted('numbers.lines', one.held))}</td>
            ${may('admin', 'operator') ? html`<td><button type="button" class="button button-small" aria-label=${t('numbers.changeOf', { number: one.number })} @click=${() => openState(one, done)}>${t('numbers.change')}</button></td>` : nothing}
          </tr>`)}
        </tbody>
      </table>
    </div>`
}
