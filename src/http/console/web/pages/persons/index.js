import { get } from '../../api.js'
import { t } from '../../i18n.js'
import { html } from '../../lit.js'
import { shown } from '../../parts/states.js'
import { loaded } from '../../resource.js'
import { requestForm } from './form.js'
import { requestList } from './requests.js'

/** @import { PageDefinition, PersonRequest } from '../../types.js' */

const everyMs = 2000

/**
 * What people may ask of a shop, by their phone number. The number is typed once, goes out in the body of one
 * request, and is shown nowhere afterwards. @type {PageDefinition}
 */
export default {
  name: 'persons',
  roles: ['admin'],
  open: () => {
    /** @type {import('../../resource.js').Resource<{ requests: readonly PersonRequest[] }>} */
    const requests = loaded(() => get('persons/requests'))
    const form = requestForm(() => void requests.load())
    const timer = setInterval(() => {
      if (!document.hidden && requests.value?.requests.some(({ state }) => state === 'running') === true) void requests.load()
    }, everyMs)
    return {
      close() {
        clearInterval(timer)
        form.forget()
      },
      view: () => html`
        <div class="page-head"><div><h1 tabindex="-1">${t('persons.title')}</h1><p class="lead">${t('persons.lead')}</p></div></div>
        <section aria-labelledby="new"><h2 id="new">${t('persons.new')}</h2>${form.view()}</section>
        <section aria-labelledby="requests"><h2 id="requests">${t('persons.requests')}</h2>${shown(requests, (value) => requestList(value.requests), { rows: 3 })}</section>`
    }
  }
}
