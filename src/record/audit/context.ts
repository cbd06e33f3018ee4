import type { KeyRing } from '../../store/keyring/types.js'
import type { Arg, Store } from '../../store/redis.js'
import type { Log } from '../../telemetry/log.js'
import type { Signer } from '../signing.js'
import { chainKeys, monthOf, monthsBetween, readStream, type RawEntry } from './chain.js'
import type { AuditHead, AuditVerdict } from './types.js'

/** What the parts of the audit trail share. */
export interface AuditContext {
  /** Where the chains lie. */
  readonly store: Store
  /** Another Redis than `store`, best the keys': where the newest head of each chain is kept a second time. */
  readonly anchorStore: Store
  readonly keyRing: KeyRing
  readonly signer: Signer
  readonly log: Log
  readonly clock: () => number
}

/** Left where older entries were removed: the chain goes on from here. Signed, so that nobody else can remove any. */
export interface Checkpoint extends AuditHead {
  readonly trimmedAt: number
  /** What was wrong with the part that is gone, if anything was; it stays in every later checkpoint. */
  readonly fault?: NonNullable<AuditVerdict['fault']>
  readonly brokenAt?: number
}

export interface ReadCheckpoint {
  readonly checkpoint: Checkpoint
  readonly genuine: boolean
  /** As it lies in the store. */
  readonly raw: string
}

export async function readHead({ store }: Pick<AuditContext, 'store'>, shopId: string): Promise<AuditHead & { readonly first: string } | undefined> {
  const fields = await store.hgetall(chainKeys(shopId).head)
  const [seq, hash, at, first] = ['seq', 'hash', 'at', 'first'].map((name) => fields.get(name)?.toString())
  if (seq === undefined || hash === undefined || at === undefined) return undefined
  return { shopId, seq: Number(seq), hash, at: Number(at), first: first ?? monthOf(Number(at)) }
}

export async function readCheckpoint({ store, signer }: AuditContext, shopId: string): Promise<ReadCheckpoint | undefined> {
  const raw = (await store.get(chainKeys(shopId).checkpoint))?.toString()
  if (raw === undefined) return undefined
  try {
    const { signature, ...checkpoint } = JSON.parse(raw) as Checkpoint & { signature: string }
    return { checkpoint, genuine: checkpoint.shopId === shopId && signer.verifies(checkpoint, signature), raw }
  } catch {
    return { checkpoint: { shopId, seq: 0, hash: '', at: 0, trimmedAt: 0 }, genuine: false, raw }
  }
}

/** Entries a command; a batch of them is less than half a megabyte. */
const batch = 1000

/** The entries of a chain, oldest first, in batches. @param after id behind which to begin */
export async function * walk({ store }: Pick<AuditContext, 'store'>, shopId: string, months: readonly string[], after?: string): AsyncGenerator<RawEntry[]> {
  for (const month of months) {
    let start = after === undefined ? '-' : `(${after}`
    for (;;) {
      const entries = readStream(await store.call('XRANGE', chainKeys(shopId).entries(month), start, '+', 'COUNT', batch))
      if (entries.length > 0) yield entries
      if (entries.length < batch) break
      start = `(${entries.at(-1)!.id}`
    }
  }
}

/** The months in which a chain may have entries. */
export function monthsOf(first: string, ...times: readonly number[]): string[] {
  return monthsBetween(first, times.map(monthOf).reduce((latest, month) => month > latest ? month : latest, first))
}

/** One entry by its place, if it is there. */
export async function entryAt({ store }: Pick<AuditContext, 'store'>, shopId: string, { seq, at }: Pick<AuditHead, 'seq' | 'at'>): Promise<RawEntry | undefined> {
  const id: Arg = `${at}-${seq}`
  return readStream(await store.call('XRANGE', chainKeys(shopId).entries(monthOf(at)), id, id))[0]
}
