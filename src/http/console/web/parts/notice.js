import { html, nothing } from '../lit.js'
import { refresh } from '../refresh.js'

const showMs = 6000
/** @type {string | undefined} */
let text
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer

/** Says that something was done; also to a screen reader. @param {string} sentence */
export function announce(sentence) {
  text = sentence
  clearTimeout(timer)
  timer = setTimeout(() => {
    text = undefined
    refresh()
  }, showMs)
  refresh()
}

/** Always in the page, so that a change in it is read out. */
export function noticeLayer() {
  return html`<div class="notices" role="status" aria-live="polite">${text === undefined ? nothing : html`<p class="notice">${text}</p>`}</div>`
}
