import { decimal, t, whole } from '../../i18n.js'
import { html } from '../../lit.js'
import { textField } from '../../parts/fields.js'
import { refresh } from '../../refresh.js'
import { sign } from '../retention/health.js'
import { numbersNeeded, perHourWith } from './forecast.js'

const names = /** @type {const} */ (['couriers', 'perHour', 'shiftHours', 'liveMinutes', 'quarantineHours'])
/** @typedef {typeof names[number]} Figure */

/** What a field takes. @type {Record<Figure, { min: number, max?: number, step?: number }>} */
const bounds = { couriers: { min: 1 }, perHour: { min: 0, step: 0.1 }, shiftHours: { min: 1, max: 24 }, liveMinutes: { min: 1 }, quarantineHours: { min: 0, max: 720, step: 0.1 } }

/** What the pool can carry, for a fleet that the reader describes. */
export function forecastPanel() {
  /** @type {Record<Figure, string>} */
  const typed = { couriers: '20', perHour: '2', shiftHours: '8', liveMinutes: '45', quarantineHours: '24' }
  const set = (/** @type {Figure} */ name, /** @type {string} */ value) => {
    typed[name] = value
    refresh()
  }
  return {
    /** @param {number} seconds as the shop has set it */
    quarantine: (seconds) => set('quarantineHours', String(Math.round(seconds / 360) / 10)),
    /** @param {number} numbers in service */
    view(numbers) {
      const fleet = /** @type {Record<Figure, number>} */ (Object.fromEntries(names.map((name) => [name, Number(typed[name])])))
      const usable = names.every((name) => typed[name] !== '' && Number.isFinite(fleet[name]) && fleet[name] >= 0)
      return html`
        <p class="lead">${t('forecast.lead')}</p>
        <div class="forecast">
          <div class="fields-row">${names.map((name) => textField({ name, label: t(`forecast.${name}`), type: 'number', ...bounds[name], value: typed[name], input: (value) => set(name, value) }))}</div>
          <div class="forecast-result" aria-live="polite">${usable ? verdict(fleet, numbers) : t('forecast.notUsable')}</div>
        </div>`
    }
  }
}

/** @param {import('./forecast.js').Fleet} fleet @param {number} numbers */
function verdict(fleet, numbers) {
  const needed = numbersNeeded(fleet)
  const enough = needed <= numbers
  return html`
    <p class="forecast-verdict">${sign(enough)} <strong>${enough ? t('forecast.enough', { left: whole(numbers - needed) }) : t('forecast.short', { missing: whole(needed - numbers) })}</strong></p>
    <p>${t('forecast.why', { needed: whole(needed), numbers: whole(numbers) })}</p>
    <p>${t('forecast.limit', { perHour: decimal(perHourWith(fleet, numbers)) })}</p>`
}
