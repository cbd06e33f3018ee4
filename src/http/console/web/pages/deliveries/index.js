import { get } from '../../api.js'
import { counted, t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { formValues, selectField, textField } from '../../parts/fields.js'
import { empty, shown } from '../../parts/states.js'
import { refresh } from '../../refresh.js'
import { loaded } from '../../resource.js'
import { may } from '../../session.js'
import { deliveryPage } from './delivery.js'
import { callRow } from './calls.js'
import { openExport } from './export.js'

/** @import { Call, CallPage, PageDefinition } from '../../types.js' */

const hourMs = 3_600_000
const spans = /** @type {const} */ ({ hour: hourMs, day: 24 * hourMs, week: 7 * 24 * hourMs, month: 30 * 24 * hourMs })
/** @typedef {keyof typeof spans} Span */
const perPage = 500
/** How far one search goes before it says that there is more. */
const pagesAtMost = 10
/** What a delivery's id looks like: the shop, a dash, twenty letters. */
const idForm = /^[a-z0-9]{1,16}-[a-z]{20}$/

/** Recent calls, and from there each delivery. @type {PageDefinition} */
export default {
  name: 'deliveries',
  roles: ['app', 'admin'],
  open: ([id]) => id === undefined ? list() : deliveryPage(id)
}

function list() {
  let span = /** @type {Span} */ ('day')
  let wanted = ''
  /** @type {import('../../resource.js').Resource<{ calls: readonly Call[], more: boolean }>} */
  let calls = loaded(() => ask(span))
  const submit = (/** @type {SubmitEvent} */ event) => {
    const values = formValues(event)
    wanted = (values.search ?? '').trim()
    if (idForm.test(wanted)) {
      location.hash = `#/deliveries/${wanted}`
      return
    }
    span = /** @type {Span} */ (values.span)
    calls = loaded(() => ask(span))
    refresh()
  }
  return {
    view: () => html`
      <div class="page-head"><div><h1 tabindex="-1">${t('deliveries.title')}</h1><p class="lead">${t('deliveries.lead')}</p></div>
        <div class="page-actions">${may('admin') ? html`<button type="button" class="button" @click=${openExport}>${t('export.title')}</button>` : nothing}</div></div>
      <form class="filter" role="search" @submit=${submit}>
        ${textField({ name: 'search', label: t('deliveries.search'), hint: t('deliveries.searchHint'), type: 'search', maxlength: 64 })}
        ${selectField({ name: 'span', label: t('deliveries.span'), value: 'day', options: /** @type {Span[]} */ (Object.keys(spans)).map((key) => [key, t(`span.${key}`)]) })}
        <button type="submit" class="button button-main">${t('deliveries.show')}</button>
      </form>
      ${shown(calls, (value) => table(value, wanted), { rows: 8 })}`
  }
}

/** All calls of the span, newest first; the server gives them oldest first, a page at a time. @param {Span} span */
async function ask(span) {
  const to = Date.now()
  const window = { from: new Date(to - spans[span]).toISOString(), to: new Date(to).toISOString(), limit: perPage }
  /** @type {Call[]} */
  const calls = []
  /** @type {string | undefined} */
  let cursor
  for (let page = 0; page < pagesAtMost; page++) {
    /** @type {CallPage} */
    const answer = await get('calls', { ...window, cursor })
    calls.push(...answer.calls)
    cursor = answer.next
    if (cursor === undefined) break
  }
  return { calls: calls.reverse(), more: cursor !== undefined }
}

/** @param {{ calls: readonly Call[], more: boolean }} found @param {string} wanted part of a reference */
function table({ calls, more }, wanted) {
  const rows = calls.filter(({ reference, deliveryId }) => wanted === '' || reference.toLowerCase().includes(wanted.toLowerCase()) || deliveryId === wanted)
  if (rows.length === 0) return wanted === '' ? empty(t('deliveries.none'), t('deliveries.noneText')) : empty(t('deliveries.notFound'), t('deliveries.notFoundText'))
  return html`
    <p role="status">${counted('deliveries.count', rows.length)}${more ? ` ${t('deliveries.more')}` : nothing}</p>
    <div class="table-box" tabindex="0" role="group" aria-label=${t('deliveries.title')}>
      <table>
        <thead><tr><th scope="col">${t('call.started')}</th><th scope="col">${t('call.reference')}</th><th scope="col">${t('call.by')}</th><th scope="col">${t('call.end')}</th><th scope="col" class="num">${t('call.ring')}</th><th scope="col" class="num">${t('call.talk')}</th></tr></thead>
        <tbody>${rows.map(callRow)}</tbody>
      </table>
    </div>`
}
