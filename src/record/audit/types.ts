import type { Role } from '../../shop/access.js'

/** Who did something. Never a person's name or number: a key's id and its role, or a part of the system. */
export interface AuditActor {
  /** Id of the API key or console session's key; `system` for what the software did by itself, `cli` for the command line. */
  readonly id: string
  readonly roles: readonly Role[]
}

/**
 * What was done. Words of ours; a new one is added here and to docs/privacy.md.
 * Reads: calls.read, deliveries.read, export.read, audit.read, audit.verify, audit.head, retention.read, recording.read,
 * persons.proof, persons.access, persons.export.
 * Changes: settings.change, retention.change, numbers.change, deliveries.change, deliveries.close, calls.start,
 * recording.delete, key.create, key.rotate, key.revoke, shop.create, shop.change, persons.erase, persons.restrict, persons.hold, webhook.change.
 * The system: key.destroyed, retention.run, master.rotated, session.begin, session.end.
 */
export type AuditAction = `${string}.${string}`

export interface AuditInput {
  /** Whose chain: a shop's id, or `system` for the installation's own. */
  readonly shopId: string
  readonly actor: AuditActor
  readonly action: AuditAction
  /** What it was about, in ids, classes, days and counts of ours; at most 200 characters, no digits in a row longer than 14. */
  readonly scope?: string
  /** Why, in the person's own words; at most 300 characters; phone numbers in it are refused with request_invalid. */
  readonly reason?: string
  readonly result: 'done' | 'refused' | 'failed'
}

export interface AuditEntry extends AuditInput {
  /** Place in the chain, from 1. */
  readonly seq: number
  /** Unix milliseconds, never before the entry ahead. */
  readonly at: number
  /** Hex; over the hash of the entry ahead and everything in this one. */
  readonly hash: string
}

export interface AuditHead {
  readonly shopId: string
  readonly seq: number
  readonly hash: string
  readonly at: number
}

export interface AuditVerdict {
  readonly whole: boolean
  readonly checked: number
  readonly head: AuditHead | undefined
  /** First place where something is wrong. */
  readonly brokenAt?: number
  readonly fault?: 'changed' | 'missing' | 'reordered' | 'truncated' | 'unreadable'
}

export interface AuditQuery {
  /** Unix milliseconds, inclusive and exclusive. */
  readonly from?: number
  readonly to?: number
  readonly action?: string
  /** 1 to 500. */
  readonly limit: number
  readonly cursor?: string
}

/** Append-only, hash-chained. Rejects with MaskError store_unavailable, store_full, request_invalid. */
export interface Audit {
  /** Appends; resolves when it is written. What is audited must not be answered before. */
  append(entry: AuditInput): Promise<AuditEntry>
  /** Newest first. */
  list(shopId: string, query: AuditQuery): Promise<{ entries: AuditEntry[], next?: string }>
  /** Walks the whole chain. @param anchors heads that were exported earlier must be found in it */
  verify(shopId: string, anchors?: readonly AuditHead[]): Promise<AuditVerdict>
  head(shopId: string): Promise<AuditHead | undefined>
  /** When the oldest entry that is left was written (Unix ms). */
  oldest(shopId: string): Promise<number | undefined>
  /** Removes what is older, leaving a signed checkpoint from which the chain goes on. @returns how many entries went */
  trim(shopId: string, before: number): Promise<number>
}
