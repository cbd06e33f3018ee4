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

type Ahead = Pick<AuditHead, 'seq' | 'hash' | 'at'>

/** The growing end of one chain as this process knows it; its entries go one after the other. */
export class ChainEnd {
  #ahead: Ahead | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(private readonly context: AuditContext, private readonly shopId: string) {}

  async append(input: AuditInput): Promise<AuditEntry> {
    const mine = this.#last.then(() => this.#append(input))
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async #append(input: AuditInput): Promise<AuditEntry> {
    const { keyRing, clock } = this.context
    try {
      const key = await keyRing.use(chainKey(this.shopId), forever)
      for (let attempt = 0; attempt < attempts; attempt++) {
        this.#ahead ??= await readHead(this.context, this.shopId) ?? genesis
        const made = makeEntry(key, this.#ahead, input, clock())
        this.#ahead = await this.#write(this.#ahead.hash, made)
        if (this.#ahead.hash === made.raw.hash) return made.entry
      }
    } catch (error) {
      // It may have been written or not: the next one asks.
      this.#ahead = undefined
      throw error
    }
    throw new MaskError('store_unavailable', { retryAfter: 1 })
  }

  /** @returns the head of the chain afterwards, ours or another's */
  async #write(ahead: string, { entry, raw }: ReturnType<typeof makeEntry>): Promise<Ahead> {
    const keys = chainKeys(this.shopId)
    const month = monthOf(entry.at)
    const [done, seq, hash, at] = list(await this.context.store.runDurably(appendScript, [keys.head, keys.entries(month)], [ahead, raw.id, raw.text, raw.hash, entry.seq, entry.at, month]))
    return int(done) === 1 ? { seq: entry.seq, hash: raw.hash, at: entry.at } : { seq: int(seq), hash: text(hash), at: int(at) }
  }
}
