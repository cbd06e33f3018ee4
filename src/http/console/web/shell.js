import { allLanguages, currentLanguage, named, t } from './i18n.js'
import { html, nothing } from './lit.js'
import { chooseLanguage, chooseTheme, theme } from './look.js'
import { dialogLayer } from './parts/dialog.js'
import { refresh } from './refresh.js'
import { allowedPages, currentPage } from './router.js'
import { session, signOut } from './session.js'

let menuOpen = false

/** The frame around every page: where one is, where one can go, who one is. */
export function shell() {
  const open = currentPage()
  document.title = `${open === undefined ? t('page.unknown') : named('menu', open.definition.name)} · Maskline`
  return html`
    <a class="skip" href="#main" @click=${skip}>${t('nav.skip')}</a>
    <div class="shell">
      ${side(open?.definition.name)}
      <main id="main" tabindex="-1">${open === undefined ? noPage() : open.page.view()}</main>
    </div>
    ${dialogLayer()}`
}

/** @param {Event} event */
function skip(event) {
  // The address belongs to the pages.
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function noPage() {
  const none = allowedPages().length === 0
  return html`<h1 tabindex="-1">${t('page.unknown')}</h1><p>${none ? t('page.noRole') : t('page.unknownText')}</p>`
}

/** @param {string | undefined} name */
function side(name) {
  return html`
    <header class="side">
      <div class="side-head">
        <a class="brand" href="#/">${mark()}<span>Maskline</span></a>
        <button type="button" class="menu-button" aria-expanded=${menuOpen} aria-controls="menu" @click=${toggleMenu}>${t('nav.menu')}</button>
      </div>
      <div class="menu ${menuOpen ? 'menu-open' : ''}" id="menu">
        <p class="shop-name">${session.me?.shopName ?? nothing}</p>
        <nav aria-label=${t('nav.pages')}>
          <ul>${allowedPages().map((page) => html`<li><a href="#/${page.name}" aria-current=${page.name === name ? 'page' : nothing} @click=${closeMenu}>${named('menu', page.name)}</a></li>`)}</ul>
        </nav>
        <div class="side-foot">
          ${looks()}
          <p class="who"><span>${session.me?.roles.map((role) => named('role', role)).join(', ')}</span> <code>${session.me?.keyId}</code></p>
          <button type="button" class="button button-side" @click=${() => void signOut()}>${t('nav.signOut')}</button>
        </div>
      </div>
    </header>`
}

function toggleMenu() {
  menuOpen = !menuOpen
  refresh()
}

function closeMenu() {
  menuOpen = false
}

/** Language and theme. */
export function looks() {
  return html`
    <div class="looks">
      <label><span>${t('look.language')}</span>
        <select @change=${(/** @type {Event} */ event) => { chooseLanguage(valueOf(event)); refresh() }}>
          ${allLanguages().map(([code, name]) => html`<option value=${code} lang=${code} ?selected=${code === currentLanguage()}>${name}</option>`)}
        </select></label>
      <label><span>${t('look.theme')}</span>
        <select @change=${(/** @type {Event} */ event) => { chooseTheme(/** @type {import('./look.js').Theme} */ (valueOf(event))); refresh() }}>
          ${/** @type {const} */ (['system', 'light', 'dark']).map((name) => html`<option value=${name} ?selected=${name === theme()}>${named('theme', name)}</option>`)}
        </select></label>
    </div>`
}

/** @param {Event} event */
const valueOf = (event) => /** @type {HTMLSelectElement} */ (event.target).value

/** Two people and what stands between them. */
export function mark() {
  return html`<svg class="mark" viewBox="0 0 44 20" width="44" height="20" aria-hidden="true">
    <line x1="6" y1="10" x2="38" y2="10"></line><circle cx="6" cy="10" r="4.5"></circle><circle cx="38" cy="10" r="4.5"></circle><rect x="17" y="1" width="10" height="18" rx="5"></rect></svg>`
}
