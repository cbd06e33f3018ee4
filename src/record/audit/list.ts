import type { DataKey } from '../../store/keyring/types.js'
import { chainKey, chainKeys, monthOf, monthsBetween, placeOf, readEntry, readStream, type RawEntry } from './chain.js'
import { readHead, type AuditContext } from './context.js'
import type { AuditEntry, AuditQuery } from './types.js'

/** Entries that one page may look at when most do not match; behind them the page ends, with a cursor. */
const mostSeen = 10_000
const batch = 500

/** Newest first. */
export async function listChain(context: AuditContext, shopId: string, query: AuditQuery): Promise<{ entries: AuditEntry[], next?: string }> {
  const [head, key] = await Promise.all([readHead(context, shopId), context.keyRing.find(chainKey(shopId))])
  if (head === undefined || key === undefined) return { entries: [] }
  const entries: AuditEntry[] = []
  let seen = 0
  for await (const raw of backwards(context, shopId, head, query)) {
    seen++
    const entry = readable(key, raw)
    if (entry !== undefined && (query.action === undefined || entry.action === query.action)) entries.push(entry)
    if (entries.length === query.limit || seen === mostSeen) return { entries, next: raw.id }
  }
  return { entries }
}

/** When the oldest entry that is left was written (Unix ms). */
export async function oldestOf(context: AuditContext, shopId: string): Promise<number | undefined> {
  const head = await readHead(context, shopId)
  for (const month of head === undefined ? [] : monthsBetween(head.first, monthOf(head.at))) {
    const [first] = readStream(await context.store.call('XRANGE', chainKeys(shopId).entries(month), '-', '+', 'COUNT', 1))
    if (first !== undefined) return placeOf(first)?.at
  }
  return undefined
}

async function * backwards({ store }: AuditContext, shopId: string, head: { readonly first: string, readonly at: number }, { from = 0, to, cursor }: AuditQuery): AsyncGenerator<RawEntry> {
  const months = monthsBetween(head.first, monthOf(head.at)).reverse()
  const oldest = monthOf(from)
  let end = cursor === undefined ? to === undefined ? '+' : `${to - 1}` : `(${cursor}`
  const newest = end === '+' ? months[0] ?? '' : monthOf(Number(end.replace(/^\(/, '').split('-')[0]))
  for (const month of months.filter((one) => one >= oldest && one <= newest)) {
    for (;;) {
      const entries = readStream(await store.call('XREVRANGE', chainKeys(shopId).entries(month), end, `${from}`, 'COUNT', batch))
      yield * entries
      if (entries.length < batch) break
      end = `(${entries.at(-1)!.id}`
    }
  }
}

/** An entry that was tampered with is left to `verify`; a page shows what can be read. */
function readable(key: DataKey, raw: RawEntry): AuditEntry | undefined {
  try {
    return readEntry(key, raw)
  } catch {
    return undefined
  }
}
