import { randomInt } from 'node:crypto'

/** Digits; the longest is enough for 300,000 live deliveries on one number. */
const shortest = 5
const longest = 10

/** So many allocations in a row that a shorter code would have done for, and shorter ones are given again. */
const patience = 256

/**
 * The script alone knows how many deliveries are live on the number it picks, and so how long the code
 * must be. We offer one of the length that did last time; it says when that is too short.
 */
export class CodeOffers {
  private readonly lengths = new Map<string, { length: number, tooLong: number }>()

  offer(pool: string): string {
    return this.digits(this.lengths.get(pool)?.length ?? shortest)
  }

  /** @param needed the length that would have done */
  learn(pool: string, needed: number): void {
    const last = this.lengths.get(pool) ?? { length: shortest, tooLong: 0 }
    const tooLong = needed < last.length ? last.tooLong + 1 : 0
    if (needed > last.length || tooLong >= patience) this.lengths.set(pool, { length: Math.min(Math.max(needed, shortest), longest), tooLong: 0 })
    else this.lengths.set(pool, { length: last.length, tooLong })
  }

  /** Overridable by tests. */
  protected digits(length: number): string {
    return String(randomInt(10 ** length)).padStart(length, '0')
  }
}
