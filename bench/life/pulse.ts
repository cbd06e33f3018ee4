import type { Invariants } from './invariants.js'

const everyMs = 100
/** A phone that does nothing for so long is no phone any more (ms). */
const starvedMs = 1500
/** What a call may feel of it afterwards (ms). */
const feltForMs = 3000

/** Notices when other work keeps the phones from running: what fails then says nothing about the application. */
export class Pulse {
  /** How often, and how long together (ms). */
  readonly starved = { times: 0, ms: 0 }
  #last = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor(private readonly invariants: Invariants) {
    this.#timer = setInterval(() => this.#beat(), everyMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    const now = performance.now()
    const late = now - this.#last - everyMs
    this.#last = now
    if (late < starvedMs) return
    this.starved.times++
    this.starved.ms += Math.round(late)
    this.invariants.windows.push({ what: 'phones starved', from: Date.now() - late, to: Date.now() + feltForMs })
  }
}
