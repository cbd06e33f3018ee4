import en from './words/en.js'
import et from './words/et.js'

/** @typedef {keyof typeof en} Word */
/** @typedef {'en' | 'et'} Language */
/** @typedef {Record<string, string | number>} Values */

const languages = {
  en: { words: /** @type {Record<string, string>} */ (en), locale: 'en-GB', name: 'English' },
  et: { words: /** @type {Record<string, string>} */ (et), locale: 'et-EE', name: 'Eesti' }
}

/** @type {Language} */
let language = 'en'

/** @returns {Language} */
export const currentLanguage = () => language
/** @returns {[Language, string][]} code and own name of each */
export const allLanguages = () => /** @type {Language[]} */ (Object.keys(languages)).map((code) => [code, languages[code].name])

/** Words, dates and numbers from here on. What we do not have becomes English. @param {string} code */
export function useLanguage(code) {
  language = code === 'et' ? 'et' : 'en'
}

/** The words for something, with `{name}` replaced. @param {Word} word @param {Values} [values] */
export function t(word, values = {}) {
  return filled(languages[language].words[word] ?? word, values)
}

/**
 * Words that depend on a count, which is `{count}` in them.
 * @param {string} word begins two entries: `….one` and `….other`
 * @param {number} count @param {Values} [values]
 */
export function counted(word, count, values = {}) {
  const form = new Intl.PluralRules(locale()).select(count) === 'one' ? 'one' : 'other'
  return filled(languages[language].words[`${word}.${form}`] ?? word, { count: whole(count), ...values })
}

/**
 * The words for a value out of a set that the server may extend: an unknown one is shown as it is.
 * @param {string} set such as `reason` @param {string} value such as `no_answer` @param {string} [otherwise]
 */
export function named(set, value, otherwise) {
  return languages[language].words[`${set}.${value}`] ?? otherwise ?? value.replaceAll('_', ' ')
}

/** @param {string} text @param {Values} values */
function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_all, /** @type {string} */ name) => String(values[name] ?? ''))
}

/** @returns {string} */
export const locale = () => languages[language].locale

/** @param {number} value */
export const whole = (value) => new Intl.NumberFormat(locale(), { maximumFractionDigits: 0 }).format(value)
/** @param {number} value 0 to 1 */
export const percent = (value) => new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 0 }).format(value)
/** @param {number} value @param {number} [digits] */
export const decimal = (value, digits = 1) => new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value)
