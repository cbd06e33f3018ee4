/** Something that can be taken back. */
export interface Timer {
  cancel: () => void
}

export interface TimerValues {
  /** Round-trip estimate in milliseconds (RFC 3261 §17.1.1.1), default 500. All other timers follow from it. */
  readonly t1?: number
  /** Longest interval between retransmissions, default 8·T1. */
  readonly t2?: number
  /** How long a message may stay in the network, default 10·T1. */
  readonly t4?: number
}

/**
 * All timers of one server: their base values, how many are running, and an end to all of them.
 * What a timer calls never ends the process; its error goes to `onError`.
 */
export class Timers {
  readonly t1: number
  readonly t2: number
  readonly t4: number
  readonly #running = new Set<NodeJS.Timeout>()

  constructor(values: TimerValues = {}, private readonly onError: (error: unknown) => void = () => undefined) {
    this.t1 = values.t1 ?? 500
    this.t2 = values.t2 ?? 8 * this.t1
    this.t4 = values.t4 ?? 10 * this.t1
  }

  /** 64·T1: Timers B, F, H, J, L, M and their like (RFC 3261 table 4, RFC 6026 §8.7). */
  get long(): number {
    return 64 * this.t1
  }

  /** Milliseconds of a time that a peer named in seconds, on the same scale as the others. */
  seconds(count: number): number {
    return count * 2 * this.t1
  }

  get running(): number {
    return this.#running.size
  }

  after(ms: number, then: () => void): Timer {
    const timeout = setTimeout(() => {
      this.#running.delete(timeout)
      try {
        then()
      } catch (error) {
        this.onError(error)
      }
    }, ms)
    this.#running.add(timeout)
    return {
      cancel: () => {
        if (this.#running.delete(timeout)) clearTimeout(timeout)
      }
    }
  }

  /** Calls `again` after `first`, then after doubled intervals up to `max` (Timers A, E, G). */
  repeat(first: number, max: number, again: () => void): Timer {
    let interval = first
    let stopped = false
    let current: Timer
    const next = (): void => {
      again()
      if (stopped) return
      interval = Math.min(interval * 2, max)
      current = this.after(interval, next)
    }
    current = this.after(interval, next)
    return {
      cancel: () => {
        stopped = true
        current.cancel()
      }
    }
  }

  cancelAll(): void {
    for (const timeout of this.#running) clearTimeout(timeout)
    this.#running.clear()
  }
}
