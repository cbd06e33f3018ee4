import type { AuditActor } from '../audit/types.js'
import type { RowFacts } from '../types.js'

/** Kinds of stored data, each with a period of its own. */
export const classNames = ['mapping', 'quarantine', 'record', 'statistics', 'audit', 'webhook', 'recording', 'statutory'] as const
export type ClassName = typeof classNames[number]

/** The law behind a class (Art. 6(1) GDPR). */
export type LegalBasis = 'contract' | 'legitimate_interest' | 'legal_obligation' | 'consent'

/** What is fixed about a class, whatever a shop sets. */
export interface ClassDefinition {
  readonly name: ClassName
  readonly purpose: string
  readonly legalBasis: LegalBasis
  /** Whole seconds, as are the others. */
  readonly minimumSeconds: number
  readonly maximumSeconds: number
  /** What holds where a shop has set nothing; null: nothing of this class is kept. */
  readonly defaultSeconds: number | null
  /** Whether a shop may switch the class off (null). */
  readonly canBeOff: boolean
  /** From when the period runs, such as `end of the delivery`. */
  readonly startEvent: string
  /** Where it lies, with every copy. */
  readonly place: string
  /** How it goes, such as `day key destroyed, then rows deleted`. */
  readonly method: string
  readonly owner: string
}

/** One class as it holds for a shop at a moment; everything that the record of processing says about it. */
export interface RetentionClass extends ClassDefinition {
  /** Whole seconds; null: nothing of this class is kept at all. */
  readonly periodSeconds: number | null
  /** Unix ms of the last change or confirmation; undefined: never touched, the default holds. */
  readonly reviewedAt?: number
  /** The law that a shop named when it switched on what is off by default. */
  readonly basis?: string
}

export interface RetentionChange {
  readonly at: number
  /** Id of the key that did it; `system` where the installation's default changed. */
  readonly actorId: string
  readonly name: ClassName
  readonly from: number | null
  readonly to: number | null
  readonly reason: string
  /** The law that was named, for `statutory` only. */
  readonly basis?: string
}

export interface PeriodsWanted {
  readonly actor: AuditActor
  /** What is to change; null switches off a class that can be off. Not changed: what is absent. */
  readonly periods: Readonly<Partial<Record<ClassName, number | null>>>
  /** 1 to 300 characters with a word in them and no phone number. */
  readonly reason: string
  /** The law that asks for it, in the same form; needed where `statutory` is switched on. */
  readonly statutoryBasis?: string
}

/** The periods of every shop, with their history. Rejects with MaskError store_unavailable, store_full, key_destroyed. */
export interface Retention {
  /**
   * Every class as it is now, or as it was at a time (Unix ms).
   * @throws request_invalid with field `at` when that lies in the future or before what the history still knows
   */
  classes(shopId: string, at?: number): Promise<RetentionClass[]>
  /**
   * Sets periods, all or none; audited before it is done. A period that is set to what it is already counts as
   * reviewed. Shortening holds for what exists from the next run on; lengthening for what comes.
   * @throws request_invalid with field `reason`, `statutoryBasis` or `periods.<name>`
   */
  change(shopId: string, wanted: PeriodsWanted): Promise<RetentionClass[]>
  /** Oldest first. */
  changes(shopId: string): Promise<RetentionChange[]>
  /**
   * The period of a class now in whole seconds, null when it is off; at most a few seconds old. Never rejects:
   * while the store is away the last known one holds, else the default.
   */
  period(shopId: string, name: ClassName): Promise<number | null>
}

/** What a run did to one class. */
export interface ClassOutcome {
  readonly name: ClassName
  /** Rows (records, keys, entries) whose period was over; deleted + held + failed. */
  readonly due: number
  readonly deleted: number
  readonly held: number
  readonly failed: number
  readonly keysDestroyed: number
  /** Start of what is oldest and still there (Unix ms). */
  readonly oldestLeft?: number
  /** When something of this class is due next (Unix ms). */
  readonly nextDue?: number
}

/** A deletion run of one shop, signed with the installation's Ed25519 key over its canonical JSON. */
export interface RetentionRun {
  readonly id: string
  /** A shop, or `system` for what belongs to pools and to the installation. */
  readonly shopId: string
  readonly startedAt: number
  readonly endedAt: number
  /** `resumed`: an earlier run of another process did not come to its end. */
  readonly cause: 'interval' | 'hand' | 'resumed'
  readonly state: 'done' | 'failed'
  readonly classes: readonly ClassOutcome[]
  /** base64url */
  readonly signature: string
}

/** What the holds in force cover at one moment, for one shop. */
export interface Covering {
  readonly empty: boolean
  readonly deliveries: ReadonlySet<string>
  /** UTC day → pseudonyms of that day. */
  readonly pseudonyms: ReadonlyMap<string, ReadonlySet<string>>
  covers(row: Pick<RowFacts, 'day' | 'deliveryId' | 'pseudonyms'>): boolean
}

/** Restriction of processing (Art. 18) or a legal hold (Art. 17(3)(e)): what it covers is neither deleted nor shown. */
export interface Hold {
  readonly id: string
  readonly shopId: string
  readonly kind: 'hold' | 'restriction'
  /** What is held: one delivery, or the days of records that a person appears in (pseudonyms per day, never a number). */
  readonly scope: { readonly deliveryId: string } | { readonly pseudonyms: Readonly<Record<string, readonly string[]>> }
  readonly reason: string
  readonly authorId: string
  readonly createdAt: number
  /** Ends by itself (Unix ms). */
  readonly endsAt: number
}

export interface HoldWanted extends Pick<Hold, 'shopId' | 'kind' | 'scope' | 'reason' | 'endsAt'> {
  readonly actor: AuditActor
}

/** Rejects with MaskError store_unavailable, store_full, key_destroyed; every change is audited before it is done. */
export interface Holds {
  /**
   * Resolves when no run under way deletes any more what the hold covers.
   * @throws request_invalid with field `reason` or `endsAt`; hold_too_many; deadline_exceeded when a run did not take notice
   */
  create(wanted: HoldWanted): Promise<Hold>
  /** Those in force, the one that ends first comes first. */
  list(shopId: string): Promise<Hold[]>
  /** Ends one before its time. @throws hold_not_found, request_invalid with field `reason` */
  end(shopId: string, id: string, by: { readonly actor: AuditActor, readonly reason: string }): Promise<void>
  /** For those who read, export or delete: what must not be touched or shown now, or at a time (Unix ms). */
  covering(shopId: string, at?: number): Promise<Covering>
}

/** A lock's token. A script that deletes compares it with what lies under the key: a run that lost its lock deletes nothing. */
export interface Fence {
  readonly key: string
  readonly token: string
}

/** What a run asks of the data of one class. */
export interface Sweep {
  readonly shopId: string
  /** The store's time (Unix ms). */
  readonly now: number
  /** What began before this (Unix ms) is due; every change of the period since is in it. */
  readonly before: number
  readonly fence: Fence
  /**
   * To be awaited before every batch of at most a few hundred rows: keeps the lock and tells what is held now, by
   * the same object as long as that is the same. Rejects when another process has taken over; let that pass.
   */
  readonly next: () => Promise<Covering>
}

export interface Swept {
  readonly deleted: number
  /** Due, and kept because of a hold. */
  readonly held: number
  readonly failed: number
  readonly keysDestroyed: number
}

/**
 * Data of one class as the deletion runs see it. Every store of data about people implements this and is named
 * in app.ts; several may share a class. All methods may be called again at any time, also after a kill half way.
 */
export interface RetainedData {
  readonly name: ClassName
  /** Whose data it is: each shop's, the installation's (`system`, for what belongs to pools), or both. */
  readonly of: 'shops' | 'system' | 'both'
  /** How much is due; counts, deletes nothing. */
  due(sweep: Sweep): Promise<number>
  /** Deletes what is due and not held, in batches. */
  delete(sweep: Sweep): Promise<Swept>
  /** When the oldest that is still there began (Unix ms). */
  oldest(shopId: string): Promise<number | undefined>
  /** When something is due next (Unix ms), where that does not follow from the oldest and the period. */
  nextDue?(shopId: string): Promise<number | undefined>
}

export interface RetentionHealth {
  /** `failing`: what is due is not deleted; somebody has to look. */
  readonly state: 'ok' | 'failing'
  readonly lastRunAt?: number
  /** Failed runs one after the other. */
  readonly failures: number
  /** Why, out of a fixed set. */
  readonly reason?: 'runs_failed' | 'clock_disagrees' | 'clock_jumped' | 'runs_missing'
}
