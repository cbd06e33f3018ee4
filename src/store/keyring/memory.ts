import type { LiveKey } from './data-key.js'

/** A key that this process remembers. Times are Unix ms. */
export interface Remembered {
  readonly key: LiveKey
  /** When the key store was last asked about it. */
  checkedAt: number
  usedAt: number
  /** As the key store has it. */
  neededUntil: number
  /** As it was asked for here, while the key store could not be told. */
  wantedUntil: number
}

/** Keys of the process by scope, at most `size`; the one that was used longest ago goes first. */
export class KeyMemory {
  readonly #keys = new Map<string, Remembered>()
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  get size(): number {
    return this.#keys.size
  }

  get(scope: string): Remembered | undefined {
    return this.#keys.get(scope)
  }

  entries(): [string, Remembered][] {
    return [...this.#keys]
  }

  /** Marks as used just now. */
  touch(scope: string, entry: Remembered, now: number): LiveKey {
    entry.usedAt = now
    this.#keys.delete(scope)
    this.#keys.set(scope, entry)
    return entry.key
  }

  set(scope: string, entry: Remembered): void {
    this.#keys.delete(scope)
    this.#keys.set(scope, entry)
    // Whoever has a key that is let go here may still be at work with it: it is not wiped.
    const [oldest] = this.#keys.keys()
    if (this.#keys.size > this.#size && oldest !== undefined) this.#keys.delete(oldest)
  }

  /** Lets go without a trace in use: the key itself goes on working for whoever holds it. */
  drop(scope: string): void {
    this.#keys.delete(scope)
  }

  /** Overwrites a key that was destroyed, also for those who hold it. */
  wipe(scope: string): void {
    this.#keys.get(scope)?.key.wipe()
    this.#keys.delete(scope)
  }

  wipeAll(): void {
    for (const scope of [...this.#keys.keys()]) this.wipe(scope)
  }
}
