/** The one door to lit-html; the server puts the package's own files under lib/. */
export { html, svg, nothing, render } from './lib/lit-html.js'
export { live } from './lib/directives/live.js'
export { repeat } from './lib/directives/repeat.js'
