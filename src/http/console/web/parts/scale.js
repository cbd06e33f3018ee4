import { svg, html, nothing } from '../lit.js'
import { t } from '../i18n.js'

/** A ruler of time from an hour to three years; each step to the right is a multiple, because periods differ by thousands. */

const hour = 3600
const day = 24 * hour
const low = hour / 2
const high = 3 * 365.4 * day
/** Marks of the ruler: seconds and what stands above them. */
const marks = /** @type {const} */ ([[hour, 'scale.hour'], [day, 'scale.day'], [7 * day, 'scale.week'], [30 * day, 'scale.month'], [90 * day, 'scale.quarter'], [365 * day, 'scale.year'], [3 * 365 * day, 'scale.years']])

/** Where a length of time stands, in percent of the ruler. @param {number} seconds */
export function placeOf(seconds) {
  const inside = Math.min(high, Math.max(low, seconds))
  return Math.log(inside / low) / Math.log(high / low) * 99
}

const at = (/** @type {number} */ seconds) => `${placeOf(seconds).toFixed(2)}%`

/** The marks' names, once above all the bars. */
export function scaleHead() {
  return html`<svg class="scale scale-head" height="18" width="100%" aria-hidden="true">
    ${marks.map(([seconds, word]) => svg`<text x=${at(seconds)} y="13" text-anchor="middle">${t(word)}</text>`)}
  </svg>`
}

/**
 * One period on the ruler: what may be chosen, what is the default, what holds.
 * @param {{ periodSeconds: number | null, minimumSeconds: number, maximumSeconds: number, defaultSeconds: number | null }} one
 * @param {string} text the same in words
 */
export function scaleBar({ periodSeconds, minimumSeconds, maximumSeconds, defaultSeconds }, text) {
  const from = placeOf(minimumSeconds)
  return html`<svg class="scale" height="30" width="100%" role="img" aria-label=${text}>
    ${marks.map(([seconds]) => svg`<line class="scale-mark" x1=${at(seconds)} x2=${at(seconds)} y1="0" y2="30"></line>`)}
    <line class="scale-bounds" x1="${from.toFixed(2)}%" x2=${at(maximumSeconds)} y1="15" y2="15"></line>
    <line class="scale-end" x1="${from.toFixed(2)}%" x2="${from.toFixed(2)}%" y1="11" y2="19"></line>
    <line class="scale-end" x1=${at(maximumSeconds)} x2=${at(maximumSeconds)} y1="11" y2="19"></line>
    ${periodSeconds === null ? nothing : svg`<rect class="scale-bar" x="0" y="10" height="10" rx="2" width=${at(periodSeconds)}></rect>`}
    ${defaultSeconds === null ? nothing : svg`<circle class="scale-default" cx=${at(defaultSeconds)} cy="15" r="4.5"></circle>`}
  </svg>`
}

/** What the signs on the ruler mean. */
export function scaleLegend() {
  return html`<ul class="legend" aria-hidden="true">
    <li><svg width="22" height="12"><rect class="scale-bar" y="1" width="22" height="10" rx="2"></rect></svg>${t('scale.period')}</li>
    <li><svg width="14" height="12"><circle class="scale-default" cx="7" cy="6" r="4.5"></circle></svg>${t('scale.default')}</li>
    <li><svg width="26" height="12"><line class="scale-bounds" x1="1" x2="25" y1="6" y2="6"></line><line class="scale-end" x1="1" x2="1" y1="2" y2="10"></line><line class="scale-end" x1="25" x2="25" y1="2" y2="10"></line></svg>${t('scale.bounds')}</li>
  </ul>`
}
