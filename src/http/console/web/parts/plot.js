import { html, nothing, svg } from '../lit.js'
import { refresh } from '../refresh.js'
import { t } from '../i18n.js'

/**
 * A plot over days that is drawn by hand: it needs no library, follows the theme, and can be walked by
 * arrow keys. The same figures stand in a table below, so that the picture is never the only way.
 *
 * @typedef {object} Series
 * @property {string} key also its colour's class, `series-<key>`
 * @property {string} label
 * @property {(number | undefined)[]} values one for each column; undefined where nothing may be shown
 *
 * @typedef {object} Plot
 * @property {string} id
 * @property {string} title
 * @property {string} summary what a reader who cannot see it should know
 * @property {string[]} columns full names, for the table and the readout
 * @property {string[]} ticks short names under the columns; an empty one is not written
 * @property {Series[]} series
 * @property {'stack' | 'line'} kind
 * @property {(value: number) => string} shown
 * @property {string} hidden what stands where nothing may be shown
 * @property {string} columnHead
 */

const height = 200
const top = 10
const bottom = 24

/** Which column of which plot is being looked at. @type {Map<string, number>} */
const pointed = new Map()

/** @param {Plot} plot */
export function plotOf(plot) {
  const peak = niceTop(Math.max(1, ...columnsOf(plot)))
  return html`
    <figure class="plot" id=${plot.id}>
      <figcaption class="plot-head">
        <h3>${plot.title}</h3>
        <ul class="legend" aria-hidden="true">${plot.series.map(({ key, label }) => html`<li><svg width="12" height="12"><rect class="series-${key}" width="12" height="12" rx="3"></rect></svg>${label}</li>`)}</ul>
      </figcaption>
      ${picture(plot, peak)}
      ${readout(plot)}
      ${table(plot)}
    </figure>`
}

/** @param {Plot} plot */
function picture(plot, peak = 1) {
  const count = plot.columns.length
  const at = pointed.get(plot.id)
  const y = (/** @type {number} */ value) => top + (height - top - bottom) * (1 - value / peak)
  const x = (/** @type {number} */ index) => 6 + index * 94 / count
  const width = 94 / count
  return html`
    <svg class="plot-picture" width="100%" height=${height} role="img" tabindex="0" aria-label="${plot.summary} ${t('plot.keys')}"
      @pointermove=${(/** @type {PointerEvent} */ event) => point(plot, columnAt(event, count))} @pointerleave=${() => point(plot, undefined)}
      @keydown=${(/** @type {KeyboardEvent} */ event) => walk(event, plot)} @blur=${() => point(plot, undefined)}>
      ${gridOf(peak).map((value) => svg`
        <line class="grid" x1="6%" x2="100%" y1=${y(value)} y2=${y(value)}></line>
        <text class="tick" x="5.4%" y=${y(value) + 4} text-anchor="end">${plot.shown(value)}</text>`)}
      ${at === undefined ? nothing : svg`<rect class="pointed" x="${x(at)}%" width="${width}%" y=${top} height=${height - top - bottom}></rect>`}
      ${plot.kind === 'stack' ? stack(plot, x, y, width) : lines(plot, x, y, width)}
      ${plot.ticks.map((text, index) => text === '' ? nothing : svg`<text class="tick tick-day" x="${x(index) + width / 2}%" y=${height - 6} text-anchor="middle">${text}</text>`)}
    </svg>`
}

/** @param {Plot} plot @param {(index: number) => number} x @param {(value: number) => number} y @param {number} width */
function stack(plot, x, y, width) {
  return plot.columns.map((_name, index) => {
    let sum = 0
    const inset = width * 0.14
    return plot.series.map(({ key, values }) => {
      const value = values[index] ?? 0
      if (value === 0) return nothing
      const [low, high] = [y(sum), y(sum += value)]
      return svg`<rect class="series-${key}" x="${x(index) + inset}%" width="${width - 2 * inset}%" y=${high} height=${Math.max(0.5, low - high)}></rect>`
    })
  })
}

/** Points joined where neighbours are known: a gap stays a gap. @param {Plot} plot @param {(index: number) => number} x @param {(value: number) => number} y @param {number} width */
function lines(plot, x, y, width) {
  const middle = (/** @type {number} */ index) => `${x(index) + width / 2}%`
  return plot.series.map(({ key, values }) => values.map((value, index) => {
    if (value === undefined) return nothing
    const next = values[index + 1]
    return svg`
      ${next === undefined ? nothing : svg`<line class="line-${key}" x1=${middle(index)} y1=${y(value)} x2=${middle(index + 1)} y2=${y(next)}></line>`}
      <circle class="series-${key}" cx=${middle(index)} cy=${y(value)} r="2.5"></circle>`
  }))
}

/** What is pointed at, in words, in a place of its own so that nothing moves. @param {Plot} plot */
function readout(plot) {
  const at = pointed.get(plot.id)
  return html`<p class="plot-readout" aria-live="polite">${at === undefined
    ? t('plot.point')
    : html`<strong>${plot.columns[at]}</strong> ${plot.series.map(({ label, values }) => html`<span>${label} ${text(plot, values[at])}</span>`)}`}</p>`
}

/** @param {Plot} plot */
function table(plot) {
  return html`
    <details class="plot-table">
      <summary>${t('plot.table')}</summary>
      <div class="table-box" tabindex="0" role="group" aria-label=${plot.title}>
        <table>
          <thead><tr><th scope="col">${plot.columnHead}</th>${plot.series.map(({ label }) => html`<th scope="col" class="num">${label}</th>`)}</tr></thead>
          <tbody>${plot.columns.map((name, index) => html`<tr><th scope="row">${name}</th>${plot.series.map(({ values }) => html`<td class="num">${text(plot, values[index])}</td>`)}</tr>`)}</tbody>
        </table>
      </div>
    </details>`
}

/** @param {Plot} plot @param {number | undefined} value */
const text = (plot, value) => value === undefined ? plot.hidden : plot.shown(value)

/** @param {Plot} plot */
function columnsOf({ columns, series, kind }) {
  return columns.flatMap((_name, index) => {
    const values = series.map(({ values }) => values[index] ?? 0)
    return kind === 'stack' ? [values.reduce((sum, value) => sum + value, 0)] : values
  })
}

/** The next round value above, so that the grid has whole steps. @param {number} value */
export function niceTop(value) {
  const size = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 4, 5, 10].find((step) => step * size >= value) ?? 10
  return Math.max(4, step * size)
}

/** @param {number} peak */
const gridOf = (peak) => [0, peak / 4, peak / 2, 3 * peak / 4, peak].filter((value) => Number.isInteger(value))

/** @param {PointerEvent} event @param {number} count */
function columnAt(event, count) {
  const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect()
  const index = Math.floor(((event.clientX - box.left) / box.width * 100 - 6) / (94 / count))
  return index < 0 || index >= count ? undefined : index
}

/** @param {KeyboardEvent} event @param {Plot} plot */
function walk(event, plot) {
  const last = plot.columns.length - 1
  const at = pointed.get(plot.id) ?? last + 1
  const to = event.key === 'ArrowLeft' ? Math.max(0, at - 1) : event.key === 'ArrowRight' ? Math.min(last, at + 1) : undefined
  if (to === undefined) return
  event.preventDefault()
  point(plot, to)
}

/** @param {Plot} plot @param {number | undefined} index */
function point(plot, index) {
  if (pointed.get(plot.id) === index) return
  if (index === undefined) pointed.delete(plot.id)
  else pointed.set(plot.id, index)
  refresh()
}
