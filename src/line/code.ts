import { randomInt } from 'node:crypto'
import type { Vault } from '../store/crypto.js'
import { slotOf } from './slot.js'

/** Digits of the longest code we can need: enough for 300,000 live deliveries on one number. */
const longest = 10

/** Access codes offered to the script: the first digits of one random row, in two lengths. */
export interface CodeOffer {
  readonly row: string
  readonly shortest: number
  readonly slots: readonly string[]
}

/**
 * The script alone knows how many deliveries are live on the number it picks, and so how long the code
 * must be. To hash few codes we offer the length that did last time and the next; it says when that is
 * too short.
 */
export class CodeOffers {
  private readonly lengths = new Map<string, number>()

  constructor(private readonly vault: Vault) {}

  offer(pool: string): CodeOffer {
    const shortest = Math.min(this.lengths.get(pool) ?? 5, longest - 1)
    const row = String(randomInt(10 ** longest)).padStart(longest, '0')
    const slots = [shortest, shortest + 1].map((length) => this.slot(pool, row.slice(0, length)))
    return { row, shortest, slots }
  }

  /** @param length what would have done */
  learn(pool: string, length: number): void {
    this.lengths.set(pool, length)
  }

  /** Where a code is found; the number is added by the script. */
  slot(pool: string, code: string): string {
    return slotOf(this.vault.codeTag(pool, code))
  }
}
