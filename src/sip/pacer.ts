import { MaskError } from '../errors.js'

/** Milliseconds that a call may wait for its turn. */
const longestWaitMs = 1000

/**
 * Lets so many things happen in a second, evenly: a bucket of one token that fills at the rate given.
 * Whoever would have to wait longer than a second is refused at once, so the queue is short by itself.
 */
export class Pacer {
  #next = 0
  #waiting = 0

  /** @param perSecond 0 for as many as come */
  constructor(private readonly perSecond: number, private readonly clock: () => number = () => performance.now()) {}

  /** Those who wait now. */
  get waiting(): number {
    return this.#waiting
  }

  /** Resolves when it is the caller's turn. @throws MaskError trunk_busy; the signal's reason */
  async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.perSecond === 0) return
    const now = this.clock()
    const at = Math.max(now, this.#next)
    if (at - now > longestWaitMs) throw new MaskError('trunk_busy', { reason: 'pace', retryAfter: 1 })
    this.#next = at + 1000 / this.perSecond
    if (at > now) await this.#wait(at - now, signal)
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    this.#waiting++
    let leave = (): void => undefined
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, ms)
        const onAbort = (): void => reject(signal.reason as Error)
        signal.addEventListener('abort', onAbort)
        leave = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', onAbort)
        }
      })
    } finally {
      leave()
      this.#waiting--
    }
  }
}
