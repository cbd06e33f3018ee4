import { named, percent } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { badge } from '../../parts/states.js'
import { meter } from '../../parts/spark.js'

/** @import { PersonRequest } from '../../types.js' */

const tones = /** @type {const} */ ({ running: 'calm', done: 'good', refused: 'warn', failed: 'bad' })

/** @param {PersonRequest} request */
export const stateBadge = ({ state }) => badge(tones[state], named('requestState', state))

/** How far it is, as long as it is under way. @param {PersonRequest} request */
export function progressOf({ state, progress: { done, total } }) {
  if (state !== 'running') return nothing
  const part = total === 0 ? 0 : done / total
  return html`<span class="progress">${meter(part, 1, percent(part))} ${percent(part)}</span>`
}
