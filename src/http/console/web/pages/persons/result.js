import { get } from '../../api.js'
import { named, t, whole } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { openDialog } from '../../parts/dialog.js'
import { download } from '../../parts/download.js'
import { shown, timeOf } from '../../parts/states.js'
import { loaded } from '../../resource.js'
import { dateTime, dateTimeExact } from '../../times.js'
import { classTitle } from '../retention/words.js'
import { progressOf, stateBadge } from './progress.js'

/** @import { PersonRequest, PersonResult } from '../../types.js' */

const everyMs = 1500

/** One request with its result, which the server keeps for a while; watched until it is done. @param {PersonRequest} first */
export function openResult(first) {
  /** @type {import('../../resource.js').Resource<PersonRequest>} */
  const request = loaded(() => get(`persons/requests/${first.id}`))
  request.value = first
  const timer = setInterval(() => { if (request.value?.state === 'running') void request.load() }, everyMs)
  openDialog({
    title: named('right', first.kind),
    closed: () => clearInterval(timer),
    view: () => shown(request, (value) => html`
      <dl class="facts">
        <div><dt>${t('persons.state')}</dt><dd aria-live="polite">${stateBadge(value)} ${progressOf(value)}</dd></div>
        <div><dt>${t('persons.id')}</dt><dd><code>${value.id}</code></dd></div>
        <div><dt>${t('persons.kept')}</dt><dd>${timeOf(value.expiresAt, dateTime, dateTimeExact)}</dd></div>
      </dl>
      ${value.result === undefined ? nothing : resultOf(value, value.result)}`)
  })
}

/** @param {PersonRequest} request @param {PersonResult} result */
function resultOf(request, result) {
  const { access, export: copy, erasure, restriction } = result
  if (access !== undefined) return html`${found(access.calls.length, access.deliveries.length)}${handOver(request, access)}`
  if (copy !== undefined) return html`${found(copy.calls.length, copy.deliveries.length)}${handOver(request, copy)}`
  if (erasure !== undefined) return erased(erasure)
  return restriction === undefined ? nothing : html`<p>${t('persons.restricted', { calls: whole(restriction.calls), days: whole(restriction.days), until: dateTime(restriction.endsAt) })}</p>`
}

/** @param {number} calls @param {number} deliveries */
const found = (calls, deliveries) => html`<p>${calls + deliveries === 0 ? t('persons.nothing') : t('persons.found', { calls: whole(calls), deliveries: whole(deliveries) })}</p>`

/** @param {PersonRequest} request @param {unknown} content */
function handOver({ kind, id }, content) {
  return html`<p class="hint">${t('persons.handOver')}</p>
    <footer class="dialog-foot"><button type="button" class="button button-main" @click=${() => download(`${kind}-${id}.json`, JSON.stringify(content, null, 2))}>${t('persons.download')}</button></footer>`
}

/** @param {NonNullable<PersonResult['erasure']>} erasure */
function erased({ classes, refused }) {
  return html`
    ${refused === undefined ? nothing : html`<p class="note note-warn">${named('refusal', refused.reason)} ${t('persons.refusedUntil', { until: dateTime(refused.endsAt) })}</p>`}
    <div class="table-box" tabindex="0" role="group" aria-label=${t('persons.result')}>
      <table>
        <thead><tr><th scope="col">${t('compare.class')}</th><th scope="col" class="num">${t('persons.erased')}</th><th scope="col" class="num">${t('runs.held')}</th></tr></thead>
        <tbody>${classes.map(({ name, erased, held }) => html`<tr><th scope="row">${classTitle(name)}</th><td class="num">${whole(erased)}</td><td class="num">${whole(held)}</td></tr>`)}</tbody>
      </table>
    </div>`
}
