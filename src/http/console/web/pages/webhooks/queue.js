import { counted, t, whole } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { timeOf } from '../../parts/states.js'
import { away, dateTimeExact } from '../../times.js'
import { sign } from '../retention/health.js'

/** Whether events arrive, and how many wait. @param {import('../../types.js').Webhook['queue']} queue */
export function queuePanel({ waiting, retrying, dead, nextTryAt }) {
  const well = retrying === 0 && dead === 0
  return html`
    <div class="health ${well ? 'health-ok' : 'health-failing'}" role="status">${sign(well)}
      <p><strong>${well ? t('hooks.taken') : dead > 0 ? counted('hooks.gaveUp', dead) : counted('hooks.retried', retrying)}</strong>
        ${dead > 0 && retrying > 0 ? counted('hooks.retried', retrying) : nothing}</p></div>
    <section aria-labelledby="queue">
      <h2 id="queue">${t('hooks.queue')}</h2>
      <dl class="numbers">
        <div><dt>${t('hooks.waiting')}</dt><dd>${whole(waiting)}</dd></div>
        <div><dt>${t('hooks.retrying')}</dt><dd>${whole(retrying)} ${retrying === 0 || nextTryAt === undefined ? nothing : html`<small>${timeOf(nextTryAt, (time) => t('hooks.nextTry', { when: away(time) }), dateTimeExact)}</small>`}</dd></div>
        <div><dt>${t('hooks.dead')}</dt><dd>${whole(dead)}</dd></div>
      </dl>
    </section>`
}
