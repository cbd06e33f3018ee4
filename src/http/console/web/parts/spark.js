import { html, svg } from '../lit.js'

/** A small line without axes, for what just happened. @param {number[]} values @param {string} text the same in words */
export function spark(values, text) {
  const peak = Math.max(4, ...values)
  const step = values.length > 1 ? 100 / (values.length - 1) : 0
  const points = values.map((value, index) => `${(index * step).toFixed(2)},${(30 - value / peak * 28).toFixed(2)}`)
  return html`<svg class="spark" viewBox="0 0 100 32" preserveAspectRatio="none" width="100%" height="44" role="img" aria-label=${text}>
    ${values.length < 2 ? svg`<line class="spark-line" x1="0" x2="100" y1="30" y2="30"></line>` : svg`
      <polygon class="spark-area" points="0,32 ${points.join(' ')} 100,32"></polygon>
      <polyline class="spark-line" points=${points.join(' ')}></polyline>`}
  </svg>`
}

/** How much of something is taken. @param {number} value @param {number} most @param {string} text the same in words */
export function meter(value, most, text) {
  const part = most === 0 ? 0 : Math.min(100, value / most * 100)
  return html`<svg class="meter" width="100%" height="8" role="img" aria-label=${text}><rect class="meter-all" width="100%" height="8" rx="4"></rect><rect class="meter-part" width="${part.toFixed(1)}%" height="8" rx="4"></rect></svg>`
}
