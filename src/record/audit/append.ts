import { setTimeout as sleep } from 'node:timers/promises'
import { MaskError } from '../../errors.js'
import { forever } from '../../store/keyring/types.js'
import { int, list, text } from '../../store/reply.js'
import { loadScript } from '../../store/scripts.js'
import { chainKey, chainKeys, genesis, makeEntry, monthOf } from './chain.js'
import { readHead, type AuditContext } from './context.js'
import type { AuditEntry, AuditHead, AuditInput } from './types.js'

const appendScript = loadScript(new URL('../../../src/record/lua/audit-append.lua', import.meta.url))
/** Other processes that are quicker, this many times in a row, are too many. */
const attempts = 50
/** Entries a command; more than that wait for the next. */
const batch = 100
/** How long a process that was quicker than another lets it go ahead (ms): more than a round trip, so that being nearer to the store is no right of way. */
const yieldMs = 25

type Ahead = Pick<AuditHead, 'seq' | 'hash' | 'at'>
type Made = ReturnType<typeof makeEntry>

interface Waiting {
  readonly input: AuditInput
  readonly written: (entry: AuditEntry) => void
  readonly failed: (error: unknown) => void
}

/**
 * The growing end of one chain as this process knows it. One command is under way at a time, and takes along everything
 * that came meanwhile. Of several processes the quicker one wins, is told that another lost, and waits for a moment.
 */
export class ChainEnd {
  #ahead: Ahead | undefined
  readonly #waiting: Waiting[] = []
  #writing = false
  /** Another process lost to our last command. */
  #outran = false

  constructor(private readonly context: AuditContext, private readonly shopId: string) {}

  async append(input: AuditInput): Promise<AuditEntry> {
    return new Promise((written, failed) => {
      this.#waiting.push({ input, written, failed })
      if (!this.#writing) void this.#writeAll()
    })
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, batch)
      try {
        const entries = await this.#append(some.map(({ input }) => input))
        some.forEach(({ written }, at) => written(entries[at]!))
        if (this.#outran) await sleep(yieldMs)
      } catch (error) {
        // They may have been written or not: the next ones ask.
        this.#ahead = undefined
        for (const { failed } of some) failed(error)
      }
    }
    this.#writing = false
  }

  async #append(inputs: readonly AuditInput[]): Promise<AuditEntry[]> {
    const key = await this.context.keyRing.use(chainKey(this.shopId), forever)
    for (let attempt = 0; attempt < attempts; attempt++) {
      const ahead = this.#ahead ?? await readHead(this.context, this.shopId) ?? genesis
      const now = this.context.clock()
      const made: Made[] = []
      for (const input of inputs) made.push(makeEntry(key, made.at(-1)?.entry ?? ahead, input, now))
      this.#ahead = await this.#write(ahead.hash, made)
      if (this.#ahead.hash === made.at(-1)!.entry.hash) return made.map(({ entry }) => entry)
    }
    throw new MaskError('store_unavailable', { retryAfter: 1 })
  }

  /** @returns the head of the chain afterwards, our last entry or another's */
  async #write(ahead: string, made: readonly Made[]): Promise<Ahead> {
    const keys = chainKeys(this.shopId)
    const { seq: lastSeq, at: lastAt, hash: lastHash } = made.at(-1)!.entry
    // All of them are of one moment.
    const month = monthOf(lastAt)
    const entries = made.flatMap(({ raw }) => [raw.id, raw.text, raw.hash])
    const [done, second, hash, at] = list(await this.context.store.runDurably(appendScript, [keys.head, keys.entries(month)], [ahead, month, lastSeq, lastAt, ...entries]))
    this.#outran = int(done) === 1 && int(second) === 1
    return int(done) === 1 ? { seq: lastSeq, hash: lastHash, at: lastAt } : { seq: int(second), hash: text(hash), at: int(at) }
  }
}
