import { currentLanguage, useLanguage } from './i18n.js'
import { html, render } from './lit.js'
import { browserLanguage, chosenLanguage, showTheme, theme } from './look.js'
import { showDialog } from './parts/dialog.js'
import { noticeLayer } from './parts/notice.js'
import { drawWith } from './refresh.js'
import { focusNewPage, leavePage, startRouter } from './router.js'
import { resume, session } from './session.js'
import { shell } from './shell.js'
import { signInPage, waitingPage } from './pages/sign-in.js'

/** Draws the whole console; called whenever something has changed. */
function draw() {
  useLanguage(chosenLanguage() ?? session.me?.language ?? browserLanguage())
  document.documentElement.lang = currentLanguage()
  if (session.state !== 'in') leavePage()
  const view = session.state === 'in' ? shell() : session.state === 'out' ? signInPage() : waitingPage()
  render(html`${view}${noticeLayer()}`, /** @type {HTMLElement} */ (document.getElementById('console')))
  showDialog()
  focusNewPage()
}

showTheme(theme())
drawWith(draw)
startRouter()
draw()
await resume()
