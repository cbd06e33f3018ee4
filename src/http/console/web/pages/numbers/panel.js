import { decimal, t, whole } from '../../i18n.js'
import { html } from '../../lit.js'
import { textField } from '../../parts/fields.js'
import { refresh } from '../../refresh.js'
import { duration } from '../../times.js'
import { sign } from '../retention/health.js'
import { numbersNeeded, perHourWith } from './forecast.js'

/** @returns {(numbers: number, quarantineSeconds: number) => unknown} what the pool can carry, for a fleet that the reader describes */
export function forecastPanel() {
  /** @type {Record<'couriers' | 'perHour' | 'shiftHours' | 'liveMinutes', string>} */
  const typed = { couriers: '20', perHour: '2', shiftHours: '8', liveMinutes: '45' }
  const set = (/** @type {keyof typeof typed} */ name) => (/** @type {string} */ value) => {
    typed[name] = value
    refresh()
  }
  return (numbers, quarantineSeconds) => {
    const fleet = { couriers: Number(typed.couriers), perHour: Number(typed.perHour), shiftHours: Number(typed.shiftHours), liveMinutes: Number(typed.liveMinutes), quarantineHours: quarantineSeconds / 3600 }
    const usable = Object.values(fleet).every((value) => Number.isFinite(value) && value >= 0)
    return html`
      <p class="lead">${t('forecast.lead')}</p>
      <div class="forecast">
        <div class="fields-row">
          ${textField({ name: 'couriers', label: t('forecast.couriers'), type: 'number', min: 1, value: typed.couriers, input: set('couriers') })}
          ${textField({ name: 'perHour', label: t('forecast.perHour'), type: 'number', min: 0, step: 0.1, value: typed.perHour, input: set('perHour') })}
          ${textField({ name: 'shiftHours', label: t('forecast.shift'), type: 'number', min: 1, max: 24, value: typed.shiftHours, input: set('shiftHours') })}
          ${textField({ name: 'liveMinutes', label: t('forecast.live'), type: 'number', min: 1, value: typed.liveMinutes, input: set('liveMinutes') })}
        </div>
        <div class="forecast-result" aria-live="polite">${usable ? verdict(fleet, numbers, quarantineSeconds) : t('forecast.notUsable')}</div>
      </div>`
  }
}

/** @param {import('./forecast.js').Fleet} fleet @param {number} numbers @param {number} quarantineSeconds */
function verdict(fleet, numbers, quarantineSeconds) {
  const needed = numbersNeeded(fleet)
  const enough = needed <= numbers
  return html`
    <p class="forecast-verdict">${sign(enough)} <strong>${enough ? t('forecast.enough', { left: whole(numbers - needed) }) : t('forecast.short', { missing: whole(needed - numbers) })}</strong></p>
    <p>${t('forecast.why', { needed: whole(needed), numbers: whole(numbers), quarantine: duration(quarantineSeconds) })}</p>
    <p>${t('forecast.limit', { perHour: decimal(perHourWith(fleet, numbers)) })}</p>`
}
