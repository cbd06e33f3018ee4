/** A process renews the leases of its calls this often, and a lease lasts this long. */
export const renewEveryMs = 15_000
export const leaseMs = 60_000
/** A living process renews within this time, whatever the clocks say. */
const confirmMs = renewEveryMs + 5000

interface Sight {
  readonly lease: number
  /** Monotonic time at which this lease was first seen. */
  readonly since: number
}

/**
 * Tells which calls have lost their process. Clocks of machines differ and jump, so a lease that looks over is
 * believed only after it has not been renewed for as long as a living process would need, as measured by a
 * clock that never jumps; and one that was not renewed for a whole lease is over, whatever the time says.
 */
export class LeaseWatch {
  #sights = new Map<string, Sight>()

  /** @param monotonic milliseconds that only grow */
  constructor(private readonly monotonic: () => number) {}

  /**
   * @param leases of all open calls as they stand now: place → end of lease (Unix ms)
   * @param now Unix ms
   * @returns the places whose process is dead
   */
  dead(leases: ReadonlyMap<string, number>, now: number): string[] {
    const at = this.monotonic()
    const sights = new Map<string, Sight>()
    const dead: string[] = []
    for (const [place, lease] of leases) {
      const before = this.#sights.get(place)
      const sight = before?.lease === lease ? before : { lease, since: at }
      sights.set(place, sight)
      const unchanged = at - sight.since
      if (unchanged >= leaseMs || (lease < now && unchanged >= confirmMs)) dead.push(place)
    }
    this.#sights = sights
    return dead
  }
}
