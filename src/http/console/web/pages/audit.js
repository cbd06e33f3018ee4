import { get } from '../api.js'
import { counted, named, t, whole } from '../i18n.js'
import { html, nothing } from '../lit.js'
import { download } from '../parts/download.js'
import { formValues, selectField, textField } from '../parts/fields.js'
import { attempt, newForm } from '../parts/form.js'
import { badge, empty, formError, shown, timeOf } from '../parts/states.js'
import { refresh } from '../refresh.js'
import { asApiError, loaded } from '../resource.js'
import { dateTimeExact, endOfField, iso, startOfField } from '../times.js'
import { sign } from './retention/health.js'

/** @import { AuditEntry, AuditPage, AuditVerdict, PageDefinition } from '../types.js' */

const perPage = 100
/** How often and how many times it is asked whether a long trail has been walked. */
const walkMs = 3000
const walksAtMost = 100
/** What can be filtered by, in the order of interest; other actions are shown all the same. */
export const actions = [
  'retention.change', 'retention.run', 'retention.read', 'retention.clock', 'persons.proof', 'persons.access', 'persons.export', 'persons.restrict', 'persons.erase', 'persons.read',
  'persons.hold', 'persons.release', 'calls.read', 'calls.start', 'deliveries.read', 'deliveries.change', 'deliveries.close', 'export.read', 'recording.read', 'recording.delete',
  'settings.change', 'numbers.change', 'key.create', 'key.rotate', 'key.revoke', 'key.destroyed', 'master.rotated', 'shop.create', 'shop.change', 'webhook.change', 'document.read',
  'session.begin', 'session.end', 'audit.read', 'audit.verify', 'audit.head'
]

/** Who looked at or changed what, and whether that list is whole. @type {PageDefinition} */
export default {
  name: 'audit',
  roles: ['admin', 'auditor'],
  open: auditPage
}

function auditPage() {
  /** @type {Record<string, string | undefined>} */
  let filter = {}
  let entries = loaded(() => ask(filter))
  const submit = (/** @type {SubmitEvent} */ event) => {
    const { from = '', to = '', action = '' } = formValues(event)
    filter = { from: from === '' ? undefined : new Date(startOfField(from)).toISOString(), to: to === '' ? undefined : new Date(endOfField(to)).toISOString(), action }
    entries = loaded(() => ask(filter))
    refresh()
  }
  const more = newForm()
  const older = () => void attempt(more, () => ask({ ...filter, cursor: entries.value?.next }), (page) => {
    entries.value = { ...page, entries: [...entries.value?.entries ?? [], ...page.entries] }
  })
  const verify = verifyPanel()
  return {
    view: () => html`
      <div class="page-head"><div><h1 tabindex="-1">${t('audit.title')}</h1><p class="lead">${t('audit.lead')}</p></div></div>
      ${verify()}
      <section aria-labelledby="entries">
        <h2 id="entries">${t('audit.entries')}</h2>
        <form class="filter" @submit=${submit}>
          ${textField({ name: 'from', label: t('audit.from'), type: 'date' })}
          ${textField({ name: 'to', label: t('audit.to'), type: 'date' })}
          ${selectField({ name: 'action', label: t('audit.action'), value: '', options: [['', t('audit.every')], ...actions.map((name) => /** @type {[string, string]} */ ([name, named('act', name)]))] })}
          <button type="submit" class="button button-main">${t('audit.filter')}</button>
        </form>
        ${shown(entries, table, { rows: 8 })}
        ${formError(more.error)}
        ${entries.value?.next === undefined ? nothing : html`<p><button type="button" class="button" ?disabled=${more.busy} @click=${older}>${t('audit.older')}</button></p>`}
      </section>`
  }
}

/** @param {Record<string, string | undefined>} filter @returns {Promise<AuditPage>} */
const ask = (filter) => get('audit', { ...filter, limit: perPage })

/** @returns {() => unknown} the check of the whole chain, and its head for safe keeping */
function verifyPanel() {
  /** @type {AuditVerdict | undefined} */
  let verdict
  const form = newForm()
  const head = newForm()
  const verify = () => void attempt(form, walked, (/** @type {AuditVerdict} */ found) => { verdict = found })
  const keep = () => void attempt(head, () => get('audit/head'), (/** @type {{ shopId: string, seq: number }} */ found) => download(`audit-head-${found.shopId}-${found.seq}.json`, JSON.stringify(found, null, 2)))
  return () => html`
    <section class="verify" aria-labelledby="verify">
      <div class="section-head"><h2 id="verify">${t('verify.title')}</h2>
        <div class="page-actions">
          <button type="button" class="button" ?disabled=${head.busy} @click=${keep}>${t('verify.head')}</button>
          <button type="button" class="button button-main" ?disabled=${form.busy} @click=${verify}>${form.busy ? t('state.working') : t('verify.action')}</button>
        </div></div>
      <p class="lead">${t('verify.lead')}</p>
      <div aria-live="polite">${verdict === undefined ? nothing : outcome(verdict)}</div>
      ${formError(form.error)}${formError(head.error)}
    </section>`
}

/** A long trail takes longer than one request may: the server goes on, and says what it found when asked again. @returns {Promise<AuditVerdict>} */
async function walked() {
  for (let left = walksAtMost; ; left--) {
    try {
      return await get('audit/verify')
    } catch (error) {
      if (left === 0 || asApiError(error).code !== 'deadline_exceeded') throw error
      await new Promise((resolve) => setTimeout(resolve, walkMs))
    }
  }
}

/** @param {AuditVerdict} verdict */
function outcome({ whole: isWhole, checked, brokenAt, fault }) {
  if (isWhole) return html`<div class="health health-ok">${sign(true)}<p><strong>${t('verify.whole')}</strong> ${counted('verify.checked', checked)}</p></div>`
  return html`<div class="health health-failing">${sign(false)}<p><strong>${t('verify.broken')}</strong> ${named('fault', fault ?? '')} ${brokenAt === undefined ? nothing : t('verify.at', { seq: whole(brokenAt) })}</p></div>`
}

/** @param {AuditPage} page */
function table({ entries }) {
  if (entries.length === 0) return empty(t('audit.none'), t('audit.noneText'))
  return html`
    <div class="table-box" tabindex="0" role="group" aria-label=${t('audit.entries')}>
      <table>
        <thead><tr><th scope="col" class="num">${t('audit.seq')}</th><th scope="col">${t('audit.at')}</th><th scope="col">${t('audit.who')}</th><th scope="col">${t('audit.action')}</th><th scope="col">${t('audit.about')}</th><th scope="col">${t('audit.result')}</th></tr></thead>
        <tbody>${entries.map(entryRow)}</tbody>
      </table>
    </div>`
}

/** @param {AuditEntry} entry */
function entryRow({ seq, at, actorId, roles, action, scope, reason, result }) {
  return html`
    <tr>
      <td class="num">${whole(seq)}</td>
      <td>${timeOf(at, dateTimeExact, iso)}</td>
      <td><code>${actorId}</code> <span class="none">${roles.map((role) => named('role', role)).join(', ')}</span></td>
      <th scope="row">${named('act', action)}</th>
      <td>${scope ?? nothing}${reason === undefined ? nothing : html` <q>${reason}</q>`}</td>
      <td>${badge(result === 'done' ? 'good' : result === 'refused' ? 'warn' : 'bad', named('auditResult', result))}</td>
    </tr>`
}
