import { t, whole } from '../../i18n.js'
import { html } from '../../lit.js'
import { spark } from '../../parts/spark.js'

/** @param {{ live: number, ringing: number, talking: number }} calls @param {number[]} seen */
export function nowPanel({ live, ringing, talking }, seen) {
  return html`
    <div class="now">
      <dl class="numbers">
        <div class="number-main"><dt>${t('now.live')}</dt><dd>${whole(live)}</dd></div>
        <div><dt>${t('now.ringing')}</dt><dd>${whole(ringing)}</dd></div>
        <div><dt>${t('now.talking')}</dt><dd>${whole(talking)}</dd></div>
      </dl>
      <div class="now-line">${spark(seen, t('now.line'))}<p class="none">${t('now.line')}</p></div>
    </div>`
}

/** How much the shop has used of what it may call. @param {import('../../types.js').NowStats['caps']} caps */
export function capsPanel({ callsAtOnce, callsPerHour, minutesPerDay }) {
  return html`
    <dl class="numbers">
      <div><dt>${t('now.callsAtOnce')}</dt><dd>${ofLimit(callsAtOnce)}</dd></div>
      <div><dt>${t('now.callsPerHour')}</dt><dd>${ofLimit(callsPerHour)}</dd></div>
      <div><dt>${t('now.minutesPerDay')}</dt><dd>${ofLimit(minutesPerDay)}</dd></div>
    </dl>`
}

/** @param {{ used: number, limit: number }} cap */
const ofLimit = ({ used, limit }) => html`${whole(used)} <small>/ ${whole(limit)}</small>`
