import type { Role } from '../../shop/access.js'
import type { DataKey, KeyScope } from '../../store/keyring/types.js'
import { keyName } from '../../store/keys.js'
import { list, text, type Reply } from '../../store/reply.js'
import type { AuditAction, AuditEntry, AuditHead, AuditInput } from './types.js'
import { canonicalJson } from '../canonical.js'

/** An entry as it is kept, and as it is hashed: canonical JSON with short names; the reason sealed. */
interface Stored {
  /** Chain. */
  readonly c: string
  /** Place. */
  readonly n: number
  /** Unix ms. */
  readonly t: number
  /** Actor and roles. */
  readonly a: string
  readonly r: readonly Role[]
  readonly x: AuditAction
  readonly s?: string
  /** The reason, sealed under the chain's key, base64. */
  readonly w?: string
  readonly o: AuditInput['result']
}

/** One entry of a stream, not yet read. */
export interface RawEntry {
  /** `<ms>-<seq>`, as Redis keeps it. */
  readonly id: string
  readonly text: string
  readonly hash: string
}

/** What stands before the first entry. */
export const genesis: Pick<AuditHead, 'seq' | 'hash' | 'at'> = { seq: 0, hash: '', at: 0 }
/** The chain's key lives as long as its shop. */
export const chainKey = (shopId: string): KeyScope => ({ purpose: 'audit', owner: shopId, period: '0' })

/**
 * The keys of a chain, all on one slot: its entries in one stream per UTC month, its head (hash: seq, hash, at, first
 * month) and the checkpoint that a trim left (JSON).
 */
export function chainKeys(shopId: string): { entries: (month: string) => string, head: string, checkpoint: string } {
  const tag = `shop.${shopId}`
  return { entries: (month) => keyName('audit', tag, month), head: keyName('audith', tag), checkpoint: keyName('auditc', tag) }
}

/** The UTC month of a time, `202611`. */
export function monthOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 7).replace('-', '')
}

/** Every month from one to another, both inclusive, oldest first. */
export function monthsBetween(first: string, last: string): string[] {
  const months: string[] = []
  for (let at = monthNumber(first); at <= monthNumber(last); at++) {
    months.push(`${String(Math.floor(at / 12)).padStart(4, '0')}${String(at % 12 + 1).padStart(2, '0')}`)
  }
  return months
}

const monthNumber = (month: string): number => Number(month.slice(0, 4)) * 12 + Number(month.slice(4, 6)) - 1

/** @returns the entry as it stands, its text for the store included */
export function makeEntry(key: DataKey, ahead: Pick<AuditHead, 'seq' | 'hash' | 'at'>, input: AuditInput, now: number): { entry: AuditEntry, raw: RawEntry } {
  const seq = ahead.seq + 1
  // A clock that was put back does not put the chain back.
  const at = Math.max(now, ahead.at)
  const { shopId, actor, action, scope, reason, result } = input
  const stored: Stored = {
    c: shopId, n: seq, t: at, a: actor.id, r: actor.roles, x: action, o: result,
    ...(scope === undefined ? {} : { s: scope }),
    ...(reason === undefined ? {} : { w: key.seal(reason, reasonContext(shopId, seq)).toString('base64') })
  }
  const text = canonicalJson(stored)
  const hash = hashOf(key, ahead.hash, text)
  return { entry: { ...input, seq, at, hash }, raw: { id: `${at}-${seq}`, text, hash } }
}

/** HMAC-SHA-256 under the chain's key over the hash ahead and the entry's text, the first 128 bits in hex. */
export function hashOf(key: DataKey, ahead: string, text: string): string {
  return Buffer.from(key.tag('audit', ahead, text), 'base64url').toString('hex')
}

const reasonContext = (shopId: string, seq: number): string => `audit/${shopId}/${seq}`

/** What an entry says of its place and time, without opening it; undefined when it is none. */
export function placeOf({ text }: RawEntry): { seq: number, at: number } | undefined {
  try {
    const { n, t } = JSON.parse(text) as Stored
    return Number.isSafeInteger(n) && Number.isSafeInteger(t) ? { seq: n, at: t } : undefined
  } catch {
    return undefined
  }
}

/** @throws MaskError internal, SyntaxError for an entry that was tampered with */
export function readEntry(key: DataKey, { text, hash }: RawEntry): AuditEntry {
  const { c, n, t, a, r, x, s, w, o } = JSON.parse(text) as Stored
  return {
    shopId: c, seq: n, at: t, actor: { id: a, roles: r }, action: x, result: o, hash,
    ...(s === undefined ? {} : { scope: s }),
    ...(w === undefined ? {} : { reason: key.open(Buffer.from(w, 'base64'), reasonContext(c, n)).toString() })
  }
}

/** Answer of XRANGE and XREVRANGE. Fields that are not ours make an entry that no check lets pass. */
export function readStream(reply: Reply): RawEntry[] {
  return list(reply).map((one) => {
    const [id, fields] = list(one)
    const [, entry, , hash] = list(fields)
    return { id: text(id), text: entry === undefined ? '' : text(entry), hash: hash === undefined ? '' : text(hash) }
  })
}
