import { named, t } from '../i18n.js'
import { html, nothing } from '../lit.js'

/** @import { ApiError } from '../api.js' */

/**
 * What there is of a resource: its content, grey bars while it comes, or why it does not come.
 * @template T
 * @param {import('../resource.js').Resource<T>} resource
 * @param {(value: T) => unknown} view
 * @param {{ rows?: number }} [options] how much room to keep while loading
 */
export function shown(resource, view, { rows = 4 } = {}) {
  if (resource.value === undefined) return resource.error === undefined ? skeleton(rows) : failure(resource.error, () => void resource.load())
  const stale = resource.error === undefined ? nothing : html`<p class="note note-warn" role="status">${t('state.stale')} ${errorText(resource.error)}</p>`
  return html`${stale}${view(resource.value)}`
}

/** @param {number} rows */
export function skeleton(rows) {
  return html`
    <div class="skeleton" role="status">
      <span class="unseen">${t('state.loading')}</span>
      ${Array.from({ length: rows }, () => html`<span class="skeleton-row"></span>`)}
    </div>`
}

/** @param {ApiError} error @param {() => void} again */
export function failure(error, again) {
  return html`
    <div class="note note-bad" role="alert">
      <p><strong>${t('state.failed')}</strong> ${errorText(error)}</p>
      <button type="button" class="button" @click=${again}>${t('state.again')}</button>
    </div>`
}

/** Where there is nothing, why, and what would put something there. @param {string} title @param {string} text */
export function empty(title, text) {
  return html`<div class="empty"><p class="empty-title">${title}</p><p>${text}</p></div>`
}

/** What went wrong in words of this language, without anything that was typed. @param {ApiError} error */
export function errorText(error) {
  if (error.code === 'request_invalid' && error.field?.endsWith('reason') === true) return t('error.reason')
  if (error.code === 'request_invalid' && error.field === 'at') return t('error.at')
  const text = named('error', error.code, error.message)
  return error.field === undefined ? text : `${text} (${named('field', error.field, error.field)})`
}

/** @param {ApiError | undefined} error */
export function formError(error) {
  return error === undefined ? nothing : html`<p class="note note-bad" role="alert">${errorText(error)}</p>`
}

/** A word with a colour; the word says it all. @param {'good' | 'bad' | 'warn' | 'calm'} tone @param {string} text */
export function badge(tone, text) {
  return html`<span class="badge badge-${tone}">${text}</span>`
}

/** A time with its exact form for whoever points at it. @param {string | number | undefined} time @param {(time: string | number) => string} shownAs @param {(time: string | number) => string} exactly */
export function timeOf(time, shownAs, exactly) {
  return time === undefined ? html`<span class="none">–</span>` : html`<time datetime=${new Date(time).toISOString()} title=${exactly(time)}>${shownAs(time)}</time>`
}
