/** Language and theme: the reader's own choice, kept in this browser; nothing about anybody. */

/** @typedef {'system' | 'light' | 'dark'} Theme */

const themes = /** @type {const} */ (['system', 'light', 'dark'])

/** @param {string} name @returns {string | undefined} */
function stored(name) {
  try {
    return localStorage.getItem(`maskline.${name}`) ?? undefined
  } catch {
    // A browser may forbid it; then the choice lasts as long as the page.
    return undefined
  }
}

/** @param {string} name @param {string} value */
function store(name, value) {
  try {
    localStorage.setItem(`maskline.${name}`, value)
  } catch {
    // See above.
  }
}

/** @returns {Theme} */
export const theme = () => themes.find((name) => name === stored('theme')) ?? 'system'

/** @param {Theme} name */
export function chooseTheme(name) {
  store('theme', name)
  showTheme(name)
}

/** @param {Theme} name */
export function showTheme(name) {
  document.documentElement.dataset.theme = name
}

export const chosenLanguage = () => stored('language')

/** @param {string} code */
export function chooseLanguage(code) {
  store('language', code)
}

/** The browser's first language that we may have. */
export const browserLanguage = () => navigator.languages.map((tag) => tag.slice(0, 2)).find((code) => code === 'et' || code === 'en') ?? 'en'
