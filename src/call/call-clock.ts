import { performance } from 'node:perf_hooks'

/**
 * The time of one call. The wall clock is asked once, at its start; from then on time only grows, so that a clock
 * that is set during the call makes no duration negative or absurd, and no call changes its day.
 */
export class CallClock {
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly #since: number
  readonly #monotonic: () => number

  /** @param monotonic milliseconds that only grow */
  constructor({ clock, monotonic = () => performance.now() }: { clock: () => number, monotonic?: () => number }) {
    this.#monotonic = monotonic
    this.#since = monotonic()
    this.startedAt = clock()
  }

  /** Unix milliseconds, as the wall clock of the call's start would show them. */
  now(): number {
    return this.startedAt + Math.round(this.#monotonic() - this.#since)
  }
}
