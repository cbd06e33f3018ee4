import { isFresh } from '../fresh.js'

/** Answers of the store, kept for a moment in this process. */
export interface Remembered<T> {
  /** Asks the store when nothing fresh is known; those who ask at the same time share one question. */
  get(id: string): Promise<T | undefined>
  /** Whether this was ever found, however long ago. */
  knows(id: string): boolean
  forget(id: string): void
}

export interface RememberedOptions<T> {
  readonly load: (id: string) => Promise<T | undefined>
  /** How long what was found, and what was not found, is believed. */
  readonly freshMs: number
  readonly absentMs: number
  /** Most entries of each kind; the oldest give way. */
  readonly limit: number
  readonly clock: () => number
}

interface Entry<T> {
  readonly value: T
  /** When it was asked for, and how long that counts (ms). */
  readonly asked: number
  readonly forMs: number
}

/** What was not found has a place of its own: a flood of made-up ids pushes nobody's answer out. */
export function remembered<T>({ load, freshMs, absentMs, limit, clock }: RememberedOptions<T>): Remembered<T> {
  const found = new Map<string, Entry<T>>()
  const absent = new Map<string, Entry<undefined>>()
  const pending = new Map<string, Promise<T | undefined>>()
  const fresh = <V>(entries: Map<string, Entry<V>>, id: string): Entry<V> | undefined => {
    const entry = entries.get(id)
    return entry !== undefined && isFresh(entry.asked, clock(), entry.forMs) ? entry : undefined
  }
  const ask = (id: string): Promise<T | undefined> => {
    // Counted from the question, not from the answer: that is how old the answer may be.
    const asked = clock()
    const running: Promise<T | undefined> = load(id).then((value) => {
      // Forgotten in the meantime: this answer may be from before.
      if (pending.get(id) !== running) return value
      if (value === undefined) put(absent, id, { value, asked, forMs: absentMs }, limit)
      else put(found, id, { value, asked, forMs: freshMs }, limit)
      return value
    }).finally(() => { if (pending.get(id) === running) pending.delete(id) })
    pending.set(id, running)
    return running
  }
  return {
    async get(id) {
      const known = fresh(found, id) ?? fresh(absent, id)
      if (known !== undefined) return known.value
      return await (pending.get(id) ?? ask(id))
    },
    knows: (id) => found.has(id),
    forget(id) {
      found.delete(id)
      absent.delete(id)
      pending.delete(id)
    }
  }
}

function put<V>(entries: Map<string, V>, id: string, value: V, limit: number): void {
  entries.delete(id)
  entries.set(id, value)
  for (const oldest of entries.keys()) {
    if (entries.size <= limit) return
    entries.delete(oldest)
  }
}
