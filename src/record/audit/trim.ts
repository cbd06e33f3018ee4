import { MaskError } from '../../errors.js'
import { int } from '../../store/reply.js'
import { loadScript } from '../../store/scripts.js'
import { chainKey, chainKeys, monthOf, monthsBetween, placeOf, type RawEntry } from './chain.js'
import { monthsOf, readCheckpoint, readHead, walk, type AuditContext, type Checkpoint } from './context.js'
import { earlier, Follower, startOf } from './verify.js'

const trimScript = loadScript(new URL('../../../src/record/lua/audit-trim.lua', import.meta.url))

/**
 * Removes entries older than `before`. They are followed on the way; what is wrong with them stands in the checkpoint,
 * so that a removal hides nothing. @returns how many went
 */
export async function trimChain(context: AuditContext, shopId: string, before: number): Promise<number> {
  const head = await readHead(context, shopId)
  const old = await readCheckpoint(context, shopId)
  if (head === undefined) return 0
  const start = startOf(old, shopId)
  const follower = new Follower(await context.keyRing.find(chainKey(shopId)), start)
  const { last, count } = await followUntil(context, shopId, monthsOf(head.first, head.at), before, follower)
  const place = last && placeOf(last)
  if (last === undefined || place === undefined) return 0
  const checkpoint: Checkpoint = {
    shopId, seq: place.seq, hash: last.hash, at: place.at, trimmedAt: context.clock(),
    ...earlier(start) ?? follower.broken
  }
  const keys = chainKeys(shopId)
  const month = monthOf(place.at)
  const older = monthsBetween(head.first, month).filter((one) => one < month)
  const signed = JSON.stringify({ ...checkpoint, signature: context.signer.sign(checkpoint) })
  const done = int(await context.store.runDurably(trimScript, [keys.head, keys.checkpoint, keys.entries(month), ...older.map(keys.entries)], [old?.raw ?? '', signed, `${place.at}-${place.seq + 1}`, month]))
  if (done === 0) throw new MaskError('store_unavailable', { retryAfter: 1 })
  return count
}

/** @returns the last entry that is old enough to go, and how many are */
async function followUntil(context: AuditContext, shopId: string, months: readonly string[], before: number, follower: Follower): Promise<{ last: RawEntry | undefined, count: number }> {
  let last: RawEntry | undefined
  let count = 0
  for await (const entries of walk(context, shopId, months)) {
    const old = entries.filter(({ id }) => Number(id.split('-')[0]) < before)
    follower.take(old)
    last = old.findLast((entry) => placeOf(entry) !== undefined) ?? last
    count += old.length
    if (old.length < entries.length) break
  }
  return { last, count }
}
