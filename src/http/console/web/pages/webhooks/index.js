import { get } from '../../api.js'
import { t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { empty, shown } from '../../parts/states.js'
import { asApiError, loaded } from '../../resource.js'
import { may } from '../../session.js'
import { addressPanel } from './address.js'
import { deadPanel } from './dead.js'
import { queuePanel } from './queue.js'

/** @import { FailedEvent, PageDefinition, Webhook } from '../../types.js' */
/** @typedef {{ hook: Webhook | undefined, failed: readonly FailedEvent[] }} Hooks */

const everyMs = 5000

/** Where the shop's events go, what waits, and what nobody took. @type {PageDefinition} */
export default {
  name: 'webhooks',
  roles: ['admin', 'auditor'],
  open: () => {
    const hooks = loaded(ask)
    const reload = () => void hooks.load()
    const timer = setInterval(() => { if (!document.hidden && hooks.value?.hook !== undefined) reload() }, everyMs)
    const [address, dead] = [addressPanel(reload), deadPanel(reload)]
    return {
      close: () => clearInterval(timer),
      view: () => html`
        <div class="page-head"><div><h1 tabindex="-1">${t('hooks.title')}</h1><p class="lead">${t('hooks.lead')}</p></div></div>
        ${shown(hooks, ({ hook, failed }) => html`
          ${hook === undefined ? nobody() : queuePanel(hook.queue)}
          ${hook === undefined && failed.length === 0 ? nothing : dead(failed, hook?.queue.dead ?? failed.length)}
          ${hook === undefined && !may('admin') ? nothing : address(hook)}`, { rows: 8 })}`
    }
  }
}

const nobody = () => empty(t('hooks.setUp'), may('admin') ? t('hooks.setUpText') : t('hooks.setUpAuditor'))

/** @returns {Promise<Hooks>} */
async function ask() {
  const [hook, { events }] = await Promise.all([
    get('webhooks').then((/** @type {Webhook} */ found) => found, noneYet),
    /** @type {Promise<{ events: readonly FailedEvent[] }>} */ (get('webhooks/failed'))
  ])
  return { hook, failed: events }
}

/** @param {unknown} error @returns {undefined} */
function noneYet(error) {
  if (asApiError(error).code !== 'webhook_not_found') throw error
}
