/** Kinds of stored data, each with a period of its own. */
export const classNames = ['mapping', 'quarantine', 'record', 'statistics', 'audit', 'webhook', 'recording', 'statutory'] as const
export type ClassName = typeof classNames[number]

/** The law behind a class (Art. 6(1) GDPR). */
export type LegalBasis = 'contract' | 'legitimate_interest' | 'legal_obligation' | 'consent'

/** One class as it holds for a shop now; everything that the record of processing says about it. */
export interface RetentionClass {
  readonly name: ClassName
  readonly purpose: string
  readonly legalBasis: LegalBasis
  /** Whole seconds; null: nothing of this class is kept at all. */
  readonly periodSeconds: number | null
  readonly minimumSeconds: number
  readonly maximumSeconds: number
  readonly defaultSeconds: number | null
  /** From when the period runs, such as `end of the delivery`. */
  readonly startEvent: string
  /** Where it lies, such as `Redis, per shop and UTC day`. */
  readonly place: string
  /** How it goes, such as `day key destroyed, then rows deleted`. */
  readonly method: string
  readonly owner: string
  /** Unix ms of the last change or confirmation; undefined: never touched, the default holds. */
  readonly reviewedAt?: number
}

export interface RetentionChange {
  readonly at: number
  readonly actorId: string
  readonly name: ClassName
  readonly from: number | null
  readonly to: number | null
  readonly reason: string
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
  readonly shopId: string
  readonly startedAt: number
  readonly endedAt: number
  readonly state: 'done' | 'failed'
  readonly classes: readonly ClassOutcome[]
  readonly signature: string
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
