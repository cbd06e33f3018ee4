import { named, t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { scaleBar } from '../../parts/scale.js'
import { timeOf } from '../../parts/states.js'
import { away, date, dateTime, duration } from '../../times.js'
import { classFact, classTitle, periodText } from './words.js'

/** @import { RetentionClass } from '../../types.js' */

/**
 * One kind of data: its period on the ruler, and everything that the record of processing says about it.
 * @param {RetentionClass} one @param {string | undefined} lastRunAt @param {(() => void) | undefined} change
 */
export function classRow(one, lastRunAt, change) {
  const title = classTitle(one.name)
  return html`
    <li class="class">
      <div class="class-name"><h3>${title}</h3><p class="class-period ${one.periodSeconds === null ? 'class-off' : ''}">${periodText(one.periodSeconds)}</p></div>
      <div class="class-scale">${scaleBar(one, scaleText(one))}</div>
      <div class="class-due">
        <p>${dueText(one, lastRunAt)}</p>
        ${change === undefined ? nothing : html`<button type="button" class="button button-small" @click=${change} aria-label=${t('class.changeOf', { name: title })}>${t('class.change')}</button>`}
      </div>
      <p class="class-purpose">${classFact(one, 'purpose')}</p>
      <details class="class-more"><summary>${t('class.more')}<span class="unseen"> ${title}</span></summary>${facts(one)}</details>
    </li>`
}

/** What a run found by the period before is not said of the new one. @param {RetentionClass} one @param {string | undefined} lastRunAt */
function dueText({ nextDue, reviewedAt }, lastRunAt) {
  if (reviewedAt !== undefined && lastRunAt !== undefined && Date.parse(reviewedAt) > Date.parse(lastRunAt)) return html`<span class="none">${t('class.afterRun')}</span>`
  return nextDue === undefined ? html`<span class="none">${t('class.nothingDue')}</span>` : html`${t('class.nextDue')} <strong>${timeOf(nextDue, away, dateTime)}</strong>`
}

/** @param {RetentionClass} one */
const scaleText = (one) => t('scale.text', { period: periodText(one.periodSeconds), minimum: duration(one.minimumSeconds), maximum: duration(one.maximumSeconds), default: periodText(one.defaultSeconds) })

/** @param {RetentionClass} one */
function facts(one) {
  /** @type {[string, unknown][]} */
  const rows = [
    [t('class.basis'), named('basis', one.legalBasis)],
    ...one.basis === undefined ? [] : [/** @type {[string, unknown]} */ ([t('change.basis'), one.basis])],
    [t('class.starts'), classFact(one, 'startEvent')],
    [t('class.bounds'), t('class.boundsText', { minimum: duration(one.minimumSeconds), maximum: duration(one.maximumSeconds) })],
    [t('class.default'), periodText(one.defaultSeconds)],
    [t('class.place'), classFact(one, 'place')],
    [t('class.method'), classFact(one, 'method')],
    [t('class.owner'), classFact(one, 'owner')],
    [t('class.oldest'), one.oldestLeft === undefined ? t('class.noneLeft') : timeOf(one.oldestLeft, dateTime, dateTime)],
    [t('class.reviewed'), one.reviewedAt === undefined ? t('class.never') : timeOf(one.reviewedAt, date, dateTime)]
  ]
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}
