import { headerKey } from './names.js'
import { splitList } from './text.js'

/** One header line. `key` is the lower-case full name, `name` what is written. */
export interface HeaderLine {
  readonly name: string
  readonly key: string
  readonly value: string
}

/**
 * The header lines of a message, in order. Names are matched without case and in both forms (`f` = `From`).
 * Texts are byte strings: each character is one byte of the wire (see text.ts).
 */
export class Headers implements Iterable<HeaderLine> {
  #lines: HeaderLine[]

  constructor(entries: Iterable<readonly [string, string]> = []) {
    this.#lines = []
    for (const [name, value] of entries) this.add(name, value)
  }

  /** Number of lines. */
  get size(): number {
    return this.#lines.length
  }

  [Symbol.iterator](): IterableIterator<HeaderLine> {
    return this.#lines.values()
  }

  /** The value of the first line with this name. */
  get(name: string): string | undefined {
    const key = headerKey(name)
    for (const line of this.#lines) if (line.key === key) return line.value
    return undefined
  }

  /** The values of all lines with this name, one per line. */
  all(name: string): string[] {
    const key = headerKey(name)
    const values: string[] = []
    for (const line of this.#lines) if (line.key === key) values.push(line.value)
    return values
  }

  /** All values of a header that is a comma-separated list (Contact, Supported, Require …). */
  list(name: string): string[] {
    return this.all(name).flatMap(splitList)
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Appends a line. */
  add(name: string, value: string): this {
    this.#lines.push({ name, key: headerKey(name), value })
    return this
  }

  /** Puts a line before all others, as Via and Route need it. */
  prepend(name: string, value: string): this {
    this.#lines.unshift({ name, key: headerKey(name), value })
    return this
  }

  /** Replaces the first line of this name and removes its others; appends when there is none. */
  set(name: string, value: string): this {
    const key = headerKey(name)
    const at = this.#lines.findIndex((line) => line.key === key)
    if (at === -1) return this.add(name, value)
    this.#lines[at] = { name, key, value }
    this.#lines = this.#lines.filter((line, index) => index <= at || line.key !== key)
    return this
  }

  /** Replaces the value of the first line of this name and leaves its others. */
  replaceFirst(name: string, value: string): this {
    const key = headerKey(name)
    const at = this.#lines.findIndex((line) => line.key === key)
    const line = this.#lines[at]
    if (line !== undefined) this.#lines[at] = { ...line, value }
    return this
  }

  remove(name: string): this {
    const key = headerKey(name)
    this.#lines = this.#lines.filter((line) => line.key !== key)
    return this
  }

  clone(): Headers {
    const copy = new Headers()
    copy.#lines = this.#lines.slice()
    return copy
  }
}
