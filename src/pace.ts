/** How often somebody may do something. */
export interface Pace {
  /** Takes one turn. @returns 0 when it was free, else whole seconds until the next one is */
  take(who: string): number
  /** Whole seconds until a turn is free; takes none. */
  wait(who: string): number
}

export interface PaceOptions {
  readonly perSecond: number
  /** Turns that may be taken at once after a rest. */
  readonly burst: number
  /** People remembered; those longest unseen are forgotten first. */
  readonly limit?: number
  readonly clock: () => number
}

/**
 * Generic cell rate algorithm (ITU-T I.371): one number per person, the time at which all their turns will have been
 * paid off. Within this process only.
 */
export function createPace({ perSecond, burst, limit = 10_000, clock }: PaceOptions): Pace {
  const intervalMs = 1000 / perSecond
  const paidOff = new Map<string, number>()
  const ahead = (who: string): number => {
    const [owed, now] = [paidOff.get(who) ?? 0, clock()]
    const most = now + burst * intervalMs
    // Nobody owes more than a burst: whoever seems to, was seen by a clock that has been put back since.
    if (owed > most) paidOff.set(who, most)
    return Math.max(Math.min(owed, most), now)
  }
  const wait = (who: string): number => {
    const over = ahead(who) - clock() - (burst - 1) * intervalMs
    return over <= 0 ? 0 : Math.ceil(over / 1000)
  }
  return {
    wait,
    take(who) {
      const seconds = wait(who)
      if (seconds > 0) return seconds
      const next = ahead(who) + intervalMs
      // Written anew, so that the order of the map is the order of the last turns.
      paidOff.delete(who)
      paidOff.set(who, next)
      const [longestUnseen] = paidOff.keys()
      if (paidOff.size > limit && longestUnseen !== undefined) paidOff.delete(longestUnseen)
      return 0
    }
  }
}

/** Everybody may, always. */
export const noPace: Pace = { take: () => 0, wait: () => 0 }
