// Types for lit.js: in the browser the package lies under lib/, on the disk in node_modules.
export { html, svg, nothing, render } from 'lit-html'
export type { TemplateResult } from 'lit-html'
export { live } from 'lit-html/directives/live.js'
export { repeat } from 'lit-html/directives/repeat.js'
