/** What may be broken; everything but `failed` may never be, whatever is restarted. */
export type Broken =
  /** Somebody rang, or was heard, who has no line with the caller. */
  | 'wrong_person'
  /** A person's number in what a process printed. */
  | 'number_leaked'
  /** A phone showed something else than the proxy number. */
  | 'number_shown'
  /** A call did not go as it must, and nothing was being restarted. */
  | 'failed'
  /** A call did not end. */
  | 'stuck'
  /** A call has no record, or more than one, or one without an end. */
  | 'record'
  /** Something is still in use at the end. */
  | 'leftover'
  /** Memory or descriptors grow. */
  | 'growth'
  /** A process ended otherwise than it was told to. */
  | 'process'

export interface Violation {
  readonly kind: Broken
  /** Seconds after the start. */
  readonly at: number
  /** What happened, without anybody's number. */
  readonly what: string
}

interface Window {
  readonly what: string
  readonly from: number
  to: number
}

const mostKept = 100

/** Watches over what must always hold. */
export class Invariants {
  readonly violations: Violation[] = []
  readonly counts: Partial<Record<Broken, number>> = {}
  /** When something was being restarted: calls may fail then. */
  readonly windows: Window[] = []
  /** Calls that failed in such a window. */
  excused = 0
  readonly #begun = Date.now()

  broken(kind: Broken, what: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1
    if (this.violations.length >= mostKept) return
    process.stderr.write(`${kind}: ${what}\n`)
    this.violations.push({ kind, at: Math.round((Date.now() - this.#begun) / 100) / 10, what })
  }

  /** A call that began then and is over now went wrong. */
  failed(begunAt: number, kind: 'failed' | 'stuck', what: string): void {
    if (this.disturbed(begunAt, Date.now())) this.excused++
    else this.broken(kind, what)
  }

  disturbed(from: number, to: number): boolean {
    return this.windows.some((window) => window.from < to && window.to > from)
  }

  /** Something is being restarted from now on. @returns what ends it, some milliseconds from then */
  disturb(what: string): (graceMs: number) => void {
    const window = { what, from: Date.now(), to: Infinity }
    this.windows.push(window)
    return (graceMs) => { window.to = Date.now() + graceMs }
  }

  get total(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0)
  }
}
