import { performance } from 'node:perf_hooks'

/** Fewer calls a second are never the reason why somebody waits. */
const least = 10
/** So many may come at once. */
const burst = 4
/** Seconds in which nobody begins after a queue was seen: who waits is served first. */
const pause = 0.05
/** While calls are turned away they may make us so much less busy than otherwise, so that those who begin do not notice the others. */
const reserve = 0.9
/** What was begun in the moment in which a queue was first seen was more than can be done; so much of it is tried. */
const firstTry = 0.7
/** With more to do than this share of what may be, it is found out slowly how many more calls a second there may be; with less, fast. */
const near = 0.7
const slowly = 1.05
const fast = 1.3
/** The weight of the newest of the numbers of calls begun, of which the mean is taken. */
const smoothing = 0.3

/**
 * How many calls a second are begun while more want to begin than can be done. It learns that from how busy it makes us,
 * and keeps it: when a queue is seen again, the rate is known at once. (A `Pace` of src/pace.ts is one person's, and never changes.)
 */
export class CallRate {
  readonly #now: () => number
  #perSecond = Infinity
  #limits = false
  /** Calls begun in a second of late. */
  #usual = 0
  #credit = burst
  #creditAt: number
  // Since #since:
  #asked = 0
  #begun = 0
  #queued = false
  #since: number

  /** @param now milliseconds that only grow; the system's own unless a test brings its own */
  constructor(now = (): number => performance.now()) {
    this.#now = now
    this.#creditAt = this.#since = now()
  }

  /** Decides about one call. @param queue whether it would wait for others */
  admits(queue: boolean): boolean {
    this.#asked++
    if (queue) this.#queueSeen()
    if (queue || (this.#limits && !this.#take())) return false
    this.#begun++
    return true
  }

  /** Finds out what the calls since the last time have cost. @param strain how busy they made us; above 1 it is too much */
  adapt(strain: number): void {
    if (this.#limits) strain /= reserve
    const seconds = Math.max(0.001, (this.#now() - this.#since) / 1000)
    const [wanted, begun] = [this.#asked / seconds, this.#begun / seconds]
    const over = this.#queued || this.#limits
    if (this.#queued && this.#perSecond === Infinity) this.#perSecond = Math.max(least, begun * firstTry)
    if (strain > 1 && over) this.#perSecond = Math.max(least, this.#perSecond * (2 - strain))
    else if (wanted > this.#perSecond) this.#perSecond *= strain > near ? slowly : fast
    // What went well can be kept up.
    this.#usual += (begun - this.#usual) * smoothing
    if (strain <= 1) this.#perSecond = Math.max(this.#perSecond, this.#usual)
    const limits = this.#queued || (this.#limits && (strain > 1 || wanted > this.#perSecond))
    this.forget()
    this.#limits = limits
  }

  /** Lets calls begin as they come and learns nothing from the time since the last look: something else kept us busy. */
  forget(): void {
    this.#limits = false
    this.#since = this.#now()
    this.#asked = this.#begun = 0
    this.#queued = false
  }

  #queueSeen(): void {
    this.#queued = true
    if (this.#perSecond === Infinity) return
    this.#limits = true
    this.#creditAt = this.#now()
    this.#credit = -pause * this.#perSecond
  }

  #take(): boolean {
    const now = this.#now()
    this.#credit = Math.min(burst, this.#credit + (now - this.#creditAt) / 1000 * this.#perSecond)
    this.#creditAt = now
    if (this.#credit < 1) return false
    this.#credit--
    return true
  }
}
