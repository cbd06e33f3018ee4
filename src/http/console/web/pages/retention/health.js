import { counted, named, t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { timeOf } from '../../parts/states.js'
import { away, dateTime } from '../../times.js'

/** @import { RetentionHealth } from '../../types.js' */

/** Whether what is due goes: green or red, and in words. @param {RetentionHealth} health */
export function healthBanner({ state, lastRunAt, failures, reason }) {
  const last = lastRunAt === undefined ? t('health.noRun') : html`${t('health.lastRun')} ${timeOf(lastRunAt, away, dateTime)}.`
  if (state === 'ok') return html`<div class="health health-ok">${sign(true)}<p><strong>${t('health.ok')}</strong> ${last}</p></div>`
  return html`
    <div class="health health-failing" role="alert">${sign(false)}
      <p><strong>${t('health.failing')}</strong> ${reason === undefined ? nothing : `${named('healthReason', reason)} `}${failures > 0 ? `${counted('health.failures', failures)} ` : nothing}${last} ${t('health.whatToDo')}</p>
    </div>`
}

/** A tick or a cross, so that the colour is not alone. @param {boolean} good */
export function sign(good) {
  return good
    ? html`<svg class="sign sign-good" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><circle cx="10" cy="10" r="10"></circle><path d="M5.5 10.5l3 3 6-7"></path></svg>`
    : html`<svg class="sign sign-bad" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><rect width="20" height="20" rx="4"></rect><path d="M6 6l8 8M14 6l-8 8"></path></svg>`
}
