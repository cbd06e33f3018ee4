import { dropDialog } from './parts/dialog.js'
import { refresh } from './refresh.js'
import { may, session } from './session.js'
import { pages } from './pages/index.js'

/** @import { OpenPage, PageDefinition } from './types.js' */

/** @type {{ definition: PageDefinition, key: string, page: OpenPage } | undefined} */
let open
let arrived = false

/** The pages that whoever is signed in may see. */
export const allowedPages = () => pages.filter(({ roles }) => may(...roles))

/** The page that the address names, opened when it is not open yet. */
export function currentPage() {
  const [name = '', ...params] = location.hash.replace(/^#\/?/, '').split('/').map(decoded)
  const allowed = allowedPages()
  const definition = allowed.find((page) => page.name === name) ?? (name === '' ? allowed[0] : undefined)
  const key = `${session.me?.keyId ?? ''} ${definition?.name ?? ''} ${params.join('/')}`
  if (open?.key === key) return open
  leavePage()
  if (definition !== undefined) open = { definition, key, page: definition.open(params) }
  return open
}

/** Ends what the open page does on its own, such as asking again every few seconds. */
export function leavePage() {
  open?.page.close?.()
  open = undefined
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** Follows the address from here on. */
export function startRouter() {
  addEventListener('hashchange', () => {
    dropDialog()
    arrived = true
    refresh()
  })
}

/** After a page was drawn: its heading gets the focus, so that a reader begins where it begins. */
export function focusNewPage() {
  if (!arrived) return
  arrived = false
  const heading = /** @type {HTMLElement | null} */ (document.querySelector('main h1'))
  heading?.focus()
  scrollTo(0, 0)
}
