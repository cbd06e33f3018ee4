/** Where key presses come from: the media of a side (RFC 4733) or a leg's INFO. */
export type KeySource = (listener: (digit: string) => void) => () => void

export interface Patience {
  /** Keys after which the entry is complete without an end mark. */
  readonly max: number
  /** Milliseconds to wait for the first key. */
  readonly firstMs: number
  /** Milliseconds to wait for each further key. */
  readonly nextMs: number
}

/** The key that ends an entry. */
const endMark = '#'
/** More than anybody has to enter; whoever presses on is not remembered. */
const maxHeld = 32

/** Collects the keys that one person presses. Keys pressed between two entries are kept for the next. */
export class Keys {
  readonly #stops: (() => void)[]
  readonly #held: string[] = []
  #wake: () => void = () => undefined
  #closed = false

  constructor(sources: readonly KeySource[]) {
    this.#stops = sources.map((source) => source((digit) => {
      if (this.#held.length < maxHeld) this.#held.push(digit)
      this.#wake()
    }))
  }

  /** Resolves at the next key, or at once when one is held; it stays held. */
  async pressed(): Promise<void> {
    if (this.#held.length === 0 && !this.#closed) await new Promise<void>((resolve) => { this.#wake = resolve })
  }

  /** One entry: the keys before `#`, before the last allowed one, or before the person stopped. Empty when nothing came. */
  async entry({ max, firstMs, nextMs }: Patience): Promise<string> {
    let entry = ''
    while (entry.length < max) {
      const key = await this.#next(entry === '' ? firstMs : nextMs)
      if (key === undefined || key === endMark) return entry
      entry += key
    }
    return entry
  }

  /** Stops listening, and lets whoever waits go. Nothing of what was pressed remains. */
  close(): void {
    this.#closed = true
    for (const stop of this.#stops) stop()
    this.#held.length = 0
    this.#wake()
  }

  async #next(ms: number): Promise<string | undefined> {
    if (this.#held.length > 0) return this.#held.shift()
    if (this.#closed) return undefined
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = setTimeout(resolve, ms)
    })
    clearTimeout(timer)
    return this.#held.shift()
  }
}
