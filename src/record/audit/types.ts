import type { Role } from '../../shop/access.js'

/** Who did something. Never a person's name or number: a key's id and its role, or a part of the system. */
export interface AuditActor {
  /** Id of the API key or console session's key; `system` for what the software did by itself, `cli` for the command line. */
  readonly id: string
  readonly roles: readonly Role[]
}

/** What was done. A new word is added here and to docs/privacy.md, where they are explained. */
export const auditActions = [
  // Somebody looked
  'calls.read', 'deliveries.read', 'recording.read', 'document.read', 'export.read', 'retention.read', 'audit.read', 'audit.verify', 'audit.head',
  // A person asked
  'persons.proof', 'persons.access', 'persons.export', 'persons.erase', 'persons.restrict', 'persons.read', 'persons.hold', 'persons.release',
  // Somebody changed something
  'deliveries.change', 'deliveries.close', 'calls.start', 'numbers.change', 'settings.change', 'retention.change', 'retention.clock',
  'recording.delete', 'webhook.change', 'key.create', 'key.rotate', 'key.revoke', 'shop.create', 'shop.change', 'session.begin', 'session.end',
  // The software, by itself or by hand
  'retention.run', 'key.destroyed', 'master.rotated'
] as const
export type AuditAction = typeof auditActions[number]

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
