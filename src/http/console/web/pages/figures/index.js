import { get } from '../../api.js'
import { t } from '../../i18n.js'
import { html } from '../../lit.js'
import { choice } from '../../parts/fields.js'
import { empty, shown } from '../../parts/states.js'
import { refresh } from '../../refresh.js'
import { loaded } from '../../resource.js'
import { clock } from '../../times.js'
import { attemptsTable } from './attempts.js'
import { callsPlot, timesPlot } from './plots.js'
import { outcomes, todayFigures } from './today.js'
import { capsPanel, nowPanel } from './now.js'

/** @import { DayStats, NowStats, PageDefinition } from '../../types.js' */

const everyMs = 5000
const dayMs = 86_400_000
/** Five minutes of the live line. */
const seenAtMost = 60
const spans = /** @type {const} */ ([7, 30, 90])

/** What happens now and what happened on the last days: counts of no one. @type {PageDefinition} */
export default {
  name: 'figures',
  roles: ['app', 'admin', 'auditor'],
  open: figures
}

function figures() {
  /** Live calls since the page was opened. @type {number[]} */
  const seen = []
  /** @type {import('../../resource.js').Resource<NowStats>} */
  const now = loaded(async () => {
    /** @type {NowStats} */
    const stats = await get('stats/now')
    seen.push(stats.calls.live)
    if (seen.length > seenAtMost) seen.shift()
    at = Date.now()
    return stats
  })
  let at = Date.now()
  let span = 30
  /** @type {import('../../resource.js').Resource<readonly DayStats[]>} */
  let days = loaded(() => ask(span))
  const timer = setInterval(() => { if (!document.hidden) void now.load() }, everyMs)
  const choose = (/** @type {string} */ value) => {
    span = Number(value)
    const next = loaded(() => ask(span))
    // The old picture stays until the new one is there.
    next.value = days.value
    days = next
    refresh()
  }
  return {
    close: () => clearInterval(timer),
    view: () => html`
      <div class="page-head"><div><h1 tabindex="-1">${t('figures.title')}</h1><p class="lead">${t('figures.lead')}</p></div></div>
      <section aria-labelledby="now">
        <div class="section-head"><h2 id="now">${t('figures.now')}</h2><p class="none">${t('figures.asOf', { time: clock(at) })}</p></div>
        ${shown(now, ({ calls, caps }) => html`${nowPanel(calls, seen)}${capsPanel(caps)}`, { rows: 3 })}
      </section>
      <section aria-labelledby="today">
        <h2 id="today">${t('figures.today')}</h2>
        ${shown(now, ({ today }) => todayFigures(today), { rows: 2 })}
      </section>
      <section aria-labelledby="days">
        <div class="section-head"><h2 id="days">${t('figures.days')}</h2>
          ${choice({ name: 'span', label: t('figures.span'), value: String(span), options: spans.map((count) => [String(count), t('figures.spanDays', { count })]), change: choose })}</div>
        ${shown(days, plots, { rows: 8 })}
      </section>`
  }
}

/** @param {number} span days up to today, in UTC @returns {Promise<readonly DayStats[]>} every one of them */
async function ask(span) {
  const today = Math.floor(Date.now() / dayMs) * dayMs
  const names = Array.from({ length: span }, (_, index) => new Date(today - (span - 1 - index) * dayMs).toISOString().slice(0, 10))
  /** @type {{ days: readonly DayStats[] }} */
  const { days } = await get('stats', { from: names[0], to: names.at(-1) })
  // The server leaves out days without calls.
  return names.map((name) => days.find(({ day }) => day === name) ?? noCalls(name))
}

/** @param {string} day @returns {DayStats} */
const noCalls = (day) => ({ day, calls: 0, ...Object.fromEntries(outcomes.map((name) => [name, 0])) })

/** @param {readonly DayStats[]} days */
function plots(days) {
  if (days.every(({ calls }) => calls === 0)) return empty(t('figures.none'), t('figures.noneText'))
  if (days.every((day) => outcomes.every((name) => !day[name]))) return empty(t('figures.few'), t('figures.fewText'))
  return html`<div class="plots">${callsPlot(days)}${timesPlot(days)}</div>${attemptsTable(days)}`
}
