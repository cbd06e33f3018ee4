import type { TrunkConfig } from '../config.js'
import { MaskError } from '../errors.js'

export type TrunkCap = 'trunk_calls_at_once' | 'trunk_calls_per_second' | 'trunk_minutes_per_day'
export type TellTrunkCap = (cap: TrunkCap, state: 'near' | 'reached', used: number) => void

/** A call that has its place in a trunk. */
export interface TrunkPlace {
  /** Somebody answered: from now on somebody pays. */
  answered(): void
  /** Idempotent. */
  leave(): void
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** Share of a cap from which on the operator is told. */
const nearShare = 0.8
const windows: Readonly<Record<TrunkCap, number>> = { trunk_calls_at_once: hourMs, trunk_calls_per_second: hourMs, trunk_minutes_per_day: dayMs }

/**
 * How much goes through one trunk in this process: calls at the same time, and minutes of the UTC day in which a phone
 * was connected. A call that is under way is never cut for it, so the last calls of a day may go beyond.
 */
export class TrunkLoad {
  #calls = 0
  #day = 0
  #spentMs = 0
  readonly #talks = new Set<{ readonly since: number }>()
  readonly #told = new Map<string, number>()

  /** @param clock Unix ms @param tell told once in an hour, or a UTC day for minutes */
  constructor(private readonly limits: Pick<TrunkConfig, 'maxCalls' | 'minutesPerDay'>, private readonly clock: () => number, private readonly tell: TellTrunkCap) {}

  /** Calls that ring or talk. */
  get calls(): number {
    return this.#calls
  }

  /** @throws MaskError trunk_busy */
  enter(): TrunkPlace {
    this.#check('trunk_calls_at_once', 'calls', this.#calls, this.limits.maxCalls)
    this.#check('trunk_minutes_per_day', 'minutes', Math.floor(this.#usedMs() / minuteMs), this.limits.minutesPerDay)
    this.#calls++
    let talk: { readonly since: number } | undefined
    let gone = false
    return {
      answered: () => {
        talk = { since: this.clock() }
        this.#talks.add(talk)
      },
      leave: () => {
        if (gone) return
        gone = true
        this.#calls--
        if (talk === undefined) return
        this.#talks.delete(talk)
        this.#turn()
        this.#spentMs += this.#lastedMs(talk)
      }
    }
  }

  /** A cap was reached that is counted elsewhere. */
  note(cap: TrunkCap, state: 'near' | 'reached', used: number): void {
    const now = this.clock()
    const name = `${cap} ${state}`
    const window = Math.floor(now / windows[cap])
    if (this.#told.get(name) === window) return
    this.#told.set(name, window)
    this.tell(cap, state, used)
  }

  /** @param limit 0: none */
  #check(cap: TrunkCap, reason: string, used: number, limit = 0): void {
    if (limit === 0) return
    if (used >= limit) {
      this.note(cap, 'reached', used)
      throw new MaskError('trunk_busy', { reason, retryAfter: 1 })
    }
    if (used >= limit * nearShare) this.note(cap, 'near', used)
  }

  #usedMs(): number {
    this.#turn()
    return [...this.#talks].reduce((sum, talk) => sum + this.#lastedMs(talk), this.#spentMs)
  }

  /** How long a talk has lasted on this day. */
  #lastedMs({ since }: { readonly since: number }): number {
    return Math.max(0, this.clock() - Math.max(since, this.#day * dayMs))
  }

  /** A new day begins with nothing. */
  #turn(): void {
    const day = Math.floor(this.clock() / dayMs)
    if (day === this.#day) return
    this.#day = day
    this.#spentMs = 0
  }
}
