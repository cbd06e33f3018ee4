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
