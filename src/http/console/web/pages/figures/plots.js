import { counted, decimal, t, whole } from '../../i18n.js'
import { plotOf } from '../../parts/plot.js'
import { utcDay, utcDayLong } from '../../times.js'
import { outcomes } from './today.js'

/** @import { DayStats } from '../../types.js' */

/** Room for that many names under the columns. */
const ticksAtMost = 8

/** Calls by how they ended, a column a day. @param {readonly DayStats[]} days */
export function callsPlot(days) {
  const total = days.reduce((sum, { calls }) => sum + (calls ?? 0), 0)
  return plotOf({
    id: 'plot-calls',
    kind: 'stack',
    title: t('plot.calls'),
    summary: counted('plot.callsText', total, { days: whole(days.length) }),
    ...columns(days),
    series: outcomes.map((key) => ({ key, label: t(`outcome.${key}`), values: days.map((day) => day[key]) })),
    shown: whole
  })
}

/** How long it rang and how long they talked, on average. @param {readonly DayStats[]} days */
export function timesPlot(days) {
  return plotOf({
    id: 'plot-times',
    kind: 'line',
    title: t('plot.times'),
    summary: t('plot.timesText'),
    ...columns(days),
    series: [
      { key: 'talk', label: t('plot.talk'), values: days.map(({ averageTalkSeconds }) => averageTalkSeconds) },
      { key: 'ring', label: t('plot.ring'), values: days.map(({ averageRingSeconds }) => averageRingSeconds) }
    ],
    shown: (value) => decimal(value)
  })
}

/** @param {readonly DayStats[]} days */
function columns(days) {
  const every = Math.max(1, Math.ceil(days.length / ticksAtMost))
  return {
    columnHead: t('plot.day'),
    hidden: t('plot.few'),
    columns: days.map(({ day }) => utcDayLong(day)),
    // Counted from the end, so that today is always named.
    ticks: days.map(({ day }, index) => (days.length - 1 - index) % every === 0 ? utcDay(day) : '')
  }
}
