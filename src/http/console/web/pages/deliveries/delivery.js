import { get } from '../../api.js'
import { named, t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { asApiError, loaded } from '../../resource.js'
import { badge, shown, timeOf } from '../../parts/states.js'
import { dateTime, dateTimeExact } from '../../times.js'
import { timeLine } from './time-line.js'

/** @import { Call, Delivery, Hold, OpenPage } from '../../types.js' */

/** One delivery and everything that happened on its line. @param {string} id @returns {OpenPage} */
export function deliveryPage(id) {
  const path = `deliveries/${encodeURIComponent(id)}`
  /** @type {import('../../resource.js').Resource<Delivery | undefined>} */
  const delivery = loaded(() => get(path).catch((/** @type {unknown} */ cause) => {
    // Records outlive the delivery.
    if (asApiError(cause).code === 'delivery_not_found') return undefined
    throw cause
  }))
  const calls = loaded(async () => {
    /** @type {{ calls: readonly Call[] }} */
    const { calls } = await get(`${path}/calls`)
    return { calls, held: calls.length === 0 && await isHeld(id) }
  })
  const again = () => { for (const part of [delivery, calls]) void part.load() }
  const title = () => delivery.value?.reference ?? calls.value?.calls[0]?.reference ?? id
  return {
    view: () => html`
      <p class="back"><a href="#/deliveries">${t('delivery.back')}</a></p>
      <div class="page-head"><div><h1 tabindex="-1">${title()}</h1><p class="lead"><code>${id}</code></p></div>
        <div class="page-actions"><button type="button" class="button" @click=${again}>${t('action.reload')}</button></div></div>
      ${shown(delivery, (value) => value === undefined ? (calls.value?.calls.length ?? 0) === 0 ? nothing : html`<p class="note">${t('delivery.gone')}</p>` : facts(value), { rows: 3 })}
      <section aria-labelledby="line"><h2 id="line">${t('delivery.line')}</h2>${shown(calls, (value) => timeLine(delivery.value, value))}</section>`
  }
}

/** Whether a hold closes the records of a delivery to everybody. @param {string} id */
async function isHeld(id) {
  /** @type {{ holds: readonly Hold[] }} */
  const { holds } = await get('holds')
  return holds.some(({ deliveryId }) => deliveryId === id)
}

/** @param {Delivery} delivery */
function facts(delivery) {
  const tone = delivery.state === 'live' ? 'good' : 'calm'
  return html`
    <dl class="facts facts-wide">
      <div><dt>${t('delivery.state')}</dt><dd>${badge(tone, named('deliveryState', delivery.state))}</dd></div>
      <div><dt>${t('delivery.number')}</dt><dd class="tabular">${delivery.number}</dd></div>
      <div><dt>${t('delivery.direction')}</dt><dd>${named('direction', delivery.direction)}</dd></div>
      <div><dt>${t('delivery.created')}</dt><dd>${timeOf(delivery.createdAt, dateTime, dateTimeExact)}</dd></div>
      ${delivery.endedAt === undefined
        ? html`<div><dt>${t('delivery.expires')}</dt><dd>${timeOf(delivery.expiresAt, dateTime, dateTimeExact)}</dd></div>`
        : html`<div><dt>${t('delivery.ended')}</dt><dd>${timeOf(delivery.endedAt, dateTime, dateTimeExact)}</dd></div>`}
      ${delivery.quarantineUntil === '' ? nothing : html`<div><dt>${t('delivery.quarantine')}</dt><dd>${timeOf(delivery.quarantineUntil, dateTime, dateTimeExact)}</dd></div>`}
    </dl>`
}
