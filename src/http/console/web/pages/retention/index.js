import { get } from '../../api.js'
import { t } from '../../i18n.js'
import { html } from '../../lit.js'
import { shown } from '../../parts/states.js'
import { loaded } from '../../resource.js'
import { may } from '../../session.js'
import { scaleHead, scaleLegend } from '../../parts/scale.js'
import { openChange } from './change.js'
import { classRow } from './classes.js'
import { comparePage } from './compare.js'
import { healthBanner } from './health.js'
import { historyList } from './history.js'
import { holdList, openHold } from './holds.js'
import { openRun, runList } from './runs.js'

/** @import { Hold, PageDefinition, RetentionAnswer, RetentionChange, RetentionRuns } from '../../types.js' */

const runsShown = 30

/** What is kept, how long, why, what is due next, and the proof that it went. @type {PageDefinition} */
export default {
  name: 'retention',
  roles: ['admin', 'auditor'],
  open: ([sub]) => sub === 'compare' ? comparePage() : overview()
}

function overview() {
  /** @type {import('../../resource.js').Resource<RetentionAnswer>} */
  const now = loaded(() => get('retention'))
  /** @type {import('../../resource.js').Resource<RetentionRuns>} */
  const runs = loaded(() => get('retention/runs', { limit: runsShown }))
  /** @type {import('../../resource.js').Resource<{ changes: readonly RetentionChange[] }>} */
  const changes = loaded(() => get('retention/changes'))
  /** @type {import('../../resource.js').Resource<{ holds: readonly Hold[] }>} */
  const holds = loaded(() => get('holds'))
  const reload = () => { for (const part of [now, runs, changes, holds]) void part.load() }

  return {
    view: () => html`
      <div class="page-head">
        <div><h1 tabindex="-1">${t('retention.title')}</h1><p class="lead">${t('retention.lead')}</p></div>
        <div class="page-actions">
          <a class="button" href="#/retention/compare">${t('retention.compare')}</a>
          ${may('admin') ? html`<button type="button" class="button" @click=${() => openRun(now.value?.health, reload)}>${t('runs.start')}</button>` : ''}
        </div>
      </div>
      ${shown(now, ({ health }) => healthBanner(health), { rows: 1 })}
      <section aria-labelledby="kept">
        <div class="section-head"><h2 id="kept">${t('retention.kept')}</h2>${scaleLegend()}</div>
        ${shown(now, ({ classes, health }) => html`
          <div class="class class-axis" aria-hidden="true"><span></span><div class="class-scale">${scaleHead()}</div><span></span></div>
          <ul class="classes">${classes.map((one) => classRow(one, health.lastRunAt, may('admin') ? () => openChange(one, reload) : undefined))}</ul>`, { rows: 8 })}
      </section>
      <section aria-labelledby="proof"><h2 id="proof">${t('runs.title')}</h2><p class="lead">${t('runs.lead')}</p>${shown(runs, runList)}</section>
      <section aria-labelledby="holds">
        <div class="section-head"><h2 id="holds">${t('holds.title')}</h2>${may('admin') ? html`<button type="button" class="button" @click=${() => openHold(reload)}>${t('holds.add')}</button>` : ''}</div>
        <p class="lead">${t('holds.lead')}</p>
        ${shown(holds, (value) => holdList(value.holds, reload), { rows: 2 })}
      </section>
      <section aria-labelledby="history"><h2 id="history">${t('history.title')}</h2>${shown(changes, (value) => historyList(value.changes), { rows: 2 })}</section>`
  }
}
