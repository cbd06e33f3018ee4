/** Clocks of one moment, in milliseconds. */
export interface ClockReading {
  /** This machine's time of day (Unix). */
  readonly local: number
  /** The store's time of day (Unix): the one that deletion goes by, because all processes share it. */
  readonly store: number
  /** A clock of this process that only ever goes forward evenly. */
  readonly steady: number
}

export type ClockFault = 'clock_disagrees' | 'clock_jumped'

export interface ClockLimits {
  /** How far the two times of day may be apart. */
  readonly skewMs: number
  /** How far time may have gone on while nobody watched it: the longest stop that is made up for unasked. */
  readonly gapMs: number
}

/**
 * Says whether a time of day may be trusted with deleting, which nothing undoes. A clock that is suddenly years
 * ahead would make everything look due. So both clocks must agree, and time may not have leapt since it was last
 * seen: as far as this process ran meanwhile its steady clock tells how much time really went by, and what is
 * left unexplained may be no longer than a stop that one would expect.
 */
export class ClockGuard {
  #trusted: Pick<ClockReading, 'store' | 'steady'> | undefined

  constructor(private readonly limits: ClockLimits) {}

  /** @param seen the store's time when any process last trusted it; undefined when none ever did */
  fault(now: ClockReading, seen: number | undefined): ClockFault | undefined {
    if (Math.abs(now.local - now.store) > this.limits.skewMs) return 'clock_disagrees'
    return this.#unexplained(now, seen) > this.limits.gapMs ? 'clock_jumped' : undefined
  }

  /** From here on this is what later times are measured by. */
  trust({ store, steady }: ClockReading): void {
    this.#trusted = { store, steady }
  }

  #unexplained(now: ClockReading, seen: number | undefined): number {
    const mine = this.#trusted
    if (mine !== undefined && (seen === undefined || mine.store >= seen)) return now.store - mine.store - (now.steady - mine.steady)
    return seen === undefined ? 0 : now.store - seen
  }
}
