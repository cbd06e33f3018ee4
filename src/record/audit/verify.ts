import type { DataKey } from '../../store/keyring/types.js'
import { chainKey, genesis, hashOf, monthOf, placeOf, type RawEntry } from './chain.js'
import { monthsOf, readCheckpoint, readHead, walk, type AuditContext, type Checkpoint, type ReadCheckpoint } from './context.js'
import type { Anchor } from './anchors.js'
import type { AuditHead, AuditVerdict } from './types.js'

type Fault = NonNullable<AuditVerdict['fault']>
export interface Break { readonly brokenAt: number, readonly fault: Fault }

/**
 * Follows a chain entry by entry. Every hash is computed anew, so that nothing but what was appended, in the order in
 * which it was appended, passes.
 */
export class Follower {
  checked = 0
  /** Id of the last entry that was looked at. */
  lastId: string | undefined
  broken: Break | undefined
  /** Places beyond the first gap that were seen, for telling a gap from a change of order. */
  #expected = 0

  /** @param ahead where the chain goes on from @param known places whose hash is known from elsewhere */
  constructor(private readonly key: DataKey | undefined, public ahead: Pick<AuditHead, 'seq' | 'hash' | 'at'>, private readonly known: ReadonlyMap<number, string> = new Map()) {}

  take(entries: readonly RawEntry[]): void {
    for (const entry of entries) {
      this.lastId = entry.id
      if (this.broken === undefined) this.broken = this.#step(entry)
      else this.#lookFor(entry)
    }
  }

  #step(entry: RawEntry): Break | undefined {
    const place = placeOf(entry)
    const expected = this.ahead.seq + 1
    const at = (fault: Fault): Break => ({ brokenAt: expected, fault })
    if (place === undefined || this.key === undefined) return at('unreadable')
    if (place.seq > expected) {
      this.#expected = expected
      return at('missing')
    }
    if (place.seq < expected) return { brokenAt: place.seq, fault: 'reordered' }
    // It must also lie where it says.
    if (entry.id !== `${place.at}-${place.seq}` || hashOf(this.key, this.ahead.hash, entry.text) !== entry.hash) return at('changed')
    if ((this.known.get(expected) ?? entry.hash) !== entry.hash) return at('changed')
    this.ahead = { seq: place.seq, at: place.at, hash: entry.hash }
    this.checked++
    return undefined
  }

  #lookFor(entry: RawEntry): void {
    if (this.broken?.fault === 'missing' && placeOf(entry)?.seq === this.#expected) this.broken = { ...this.broken, fault: 'reordered' }
  }
}

/** Walks the whole chain. @param anchors heads that must be found in it */
export async function verifyChain(context: AuditContext, shopId: string, anchor: Anchor | undefined, anchors: readonly AuditHead[]): Promise<AuditVerdict> {
  const first = await readHead(context, shopId)
  const checkpoint = await readCheckpoint(context, shopId)
  const start = startOf(checkpoint, shopId)
  const outside = [...anchor === undefined ? [] : [anchor], ...anchors.filter((one) => one.shopId === shopId)].filter(({ seq }) => seq >= Math.max(start.seq, 1))
  const follower = new Follower(await context.keyRing.find(chainKey(shopId)), start, new Map(outside.map(({ seq, hash }) => [seq, hash])))
  const from = first?.first ?? (start.at > 0 ? monthOf(start.at) : undefined)
  let head = first
  while (from !== undefined) {
    for await (const entries of walk(context, shopId, monthsOf(from, ...head === undefined ? [] : [head.at]), follower.lastId)) follower.take(entries)
    const now = await readHead(context, shopId)
    // It grew while we walked: go on from there.
    const grown = now !== undefined && now.seq > (head?.seq ?? 0)
    head = now
    if (!grown) break
  }
  const verdict = (broken: Break | undefined): AuditVerdict => ({ whole: broken === undefined, checked: follower.checked, head: head && bare(head), ...broken })
  if (checkpoint !== undefined && !checkpoint.genuine) return verdict({ brokenAt: 1, fault: 'changed' })
  return verdict(follower.broken ?? endOf(follower.ahead, head) ?? lostOf(follower.ahead, start, outside, anchor) ?? earlier(start))
}

/** Where a chain begins: behind the checkpoint that a trim left, else at its first entry. */
export function startOf(checkpoint: ReadCheckpoint | undefined, shopId: string): Checkpoint {
  return checkpoint?.genuine ? checkpoint.checkpoint : { ...genesis, shopId, trimmedAt: 0 }
}

/** What the end of the chain says against what the head says. */
function endOf(last: Pick<AuditHead, 'seq' | 'hash'>, head: AuditHead | undefined): Break | undefined {
  const seq = head?.seq ?? 0
  if (last.seq < seq) return { brokenAt: last.seq + 1, fault: 'truncated' }
  if (last.seq > seq) return { brokenAt: seq + 1, fault: 'changed' }
  return last.hash === (head?.hash ?? '') ? undefined : { brokenAt: seq, fault: 'changed' }
}

function lostOf(last: Pick<AuditHead, 'seq'>, start: Pick<AuditHead, 'seq' | 'hash'>, outside: readonly AuditHead[], anchor: Anchor | undefined): Break | undefined {
  if (outside.some(({ seq, hash }) => seq === start.seq && hash !== start.hash)) return { brokenAt: start.seq, fault: 'changed' }
  if (outside.some(({ seq }) => seq > last.seq)) return { brokenAt: last.seq + 1, fault: 'truncated' }
  // Gone meanwhile with everything else of its age.
  return anchor?.lost !== undefined && anchor.lost.seq > start.seq ? { brokenAt: anchor.lost.seq, fault: 'truncated' } : undefined
}

/** What was wrong with entries that a trim has removed. */
export function earlier({ fault, brokenAt }: Partial<Break>): Break | undefined {
  return fault === undefined || brokenAt === undefined ? undefined : { fault, brokenAt }
}

export const bare = ({ shopId, seq, hash, at }: AuditHead): AuditHead => ({ shopId, seq, hash, at })
