import { keyName } from '../../store/keys.js'
import { int } from '../../store/reply.js'
import { loadScript } from '../../store/scripts.js'
import { errorFields } from '../../telemetry/log.js'
import { entryAt, readCheckpoint, readHead, type AuditContext } from './context.js'
import type { AuditHead } from './types.js'

const putScript = loadScript(new URL('../../../src/record/lua/anchor-put.lua', import.meta.url))

/** Milliseconds after an entry until its head is anchored, and between tries while the store of anchors is away. */
const soonMs = 50
const againMs = 5000

export interface Anchor extends AuditHead {
  /** An anchored head that was not in the chain any more: entries were lost or taken away. Stays for good. */
  readonly lost?: AuditHead
}

/** Where a chain's anchor lies: under the name that the key store's account may touch. */
export const anchorKey = (shopId: string): string => keyName('anchor', 'keys', shopId)

/**
 * Keeps the newest head of each chain a second time, in another Redis than the chain, so that a chain whose end was cut
 * off is found out. An anchor moves on only after the head that it held was found in the chain.
 */
export class Anchors {
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #moves = new Map<string, Promise<void>>()

  constructor(private readonly context: AuditContext) {}

  async read(shopId: string): Promise<Anchor | undefined> {
    const fields = await this.context.anchorStore.hgetall(anchorKey(shopId))
    const [seq, hash, at, lost] = ['seq', 'hash', 'at', 'lost'].map((name) => fields.get(name)?.toString())
    if (seq === undefined || hash === undefined || at === undefined) return undefined
    return { shopId, seq: Number(seq), hash, at: Number(at), ...(lost === undefined ? {} : { lost: JSON.parse(lost) as AuditHead }) }
  }

  /** A chain has grown. Its anchor follows soon. */
  grown(shopId: string, ms = soonMs): void {
    if (this.#timers.has(shopId)) return
    this.#timers.set(shopId, setTimeout(() => void this.#follow(shopId), ms).unref())
  }

  /** Resolves when the anchors are where they can be now. Never rejects. */
  async settle(): Promise<void> {
    const waiting = [...this.#timers.keys()]
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await Promise.all([...this.#moves.values(), ...waiting.map((shopId) => this.#follow(shopId))])
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  async #follow(shopId: string): Promise<void> {
    this.#timers.delete(shopId)
    const move = (this.#moves.get(shopId) ?? Promise.resolve()).then(() => this.#move(shopId)).catch((error: unknown) => {
      this.context.log.warn('audit.anchor_late', { shopId, ...errorFields(error) })
      this.grown(shopId, againMs)
    })
    this.#moves.set(shopId, move)
    await move
    if (this.#moves.get(shopId) === move) this.#moves.delete(shopId)
  }

  async #move(shopId: string): Promise<void> {
    const anchor = await this.read(shopId)
    const lost = anchor === undefined || await this.#stands(anchor) ? undefined : anchor
    const head = await readHead(this.context, shopId)
    if (head === undefined || (head.hash === anchor?.hash && lost === undefined)) return
    if (lost !== undefined) this.context.log.error('audit.lost', { shopId, count: lost.seq })
    const { seq, hash, at } = head
    const note = lost === undefined ? '' : JSON.stringify({ shopId, seq: lost.seq, hash: lost.hash, at: lost.at })
    const moved = int(await this.context.anchorStore.run(putScript, [anchorKey(shopId)], [anchor?.hash ?? '', seq, hash, at, note]))
    // Another process has moved it; perhaps not as far.
    if (moved === 0) this.grown(shopId)
  }

  async #stands(anchor: Anchor): Promise<boolean> {
    const checkpoint = await readCheckpoint(this.context, anchor.shopId)
    if (checkpoint?.genuine && checkpoint.checkpoint.seq >= anchor.seq) return true
    return (await entryAt(this.context, anchor.shopId, anchor))?.hash === anchor.hash
  }
}
