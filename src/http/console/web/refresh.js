/** The page is drawn as a whole; lit-html touches only what differs. */

/** @type {() => void} */
let draw = () => undefined
let queued = false

/** Names what draws the page. @param {() => void} drawing */
export function drawWith(drawing) {
  draw = drawing
}

/** Draws once, however often it was asked for in the meantime. */
export function refresh() {
  if (queued) return
  queued = true
  queueMicrotask(() => {
    queued = false
    draw()
  })
}
