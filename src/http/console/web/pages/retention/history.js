import { t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { empty, timeOf } from '../../parts/states.js'
import { dateTime, dateTimeExact } from '../../times.js'
import { classTitle, periodText } from './words.js'

/** @import { RetentionChange } from '../../types.js' */

/** Who changed which period, when and why; newest first. @param {readonly RetentionChange[]} changes */
export function historyList(changes) {
  if (changes.length === 0) return empty(t('history.none'), t('history.noneText'))
  return html`
    <ol class="history">${[...changes].reverse().map(({ at, actorId, name, from, to, reason, basis }) => html`
      <li>
        <p class="history-when">${timeOf(at, dateTime, dateTimeExact)}<br>${t('history.by')} <code>${actorId}</code></p>
        <div>
          <p><strong>${classTitle(name)}</strong> <span class="history-from">${periodText(from)}</span> <span aria-hidden="true">→</span><span class="unseen">${t('history.to')}</span> <strong>${periodText(to)}</strong></p>
          <p class="history-why">${reason}${basis === undefined ? nothing : html`; ${basis}`}</p>
        </div>
      </li>`)}
    </ol>`
}
