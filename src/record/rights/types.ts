import type { Delivery, Party } from '../../line/types.js'
import type { E164 } from '../../phone/types.js'
import type { AuditActor } from '../audit/types.js'
import type { ClassName, LegalBasis } from '../retention/types.js'
import type { TraceStep } from '../trace.js'
import type { CallResult } from '../types.js'

/** What a person may ask for: Art. 15, 17, 18 and 20 GDPR. */
export const rightKinds = ['access', 'erasure', 'restriction', 'export'] as const
export type RightKind = typeof rightKinds[number]

/**
 * How it was shown that the phone is the person's: by a code that was said to whoever took a call on it, or because
 * an admin says to have checked it, and how.
 */
export type Proof =
  | { readonly kind: 'call', readonly id: string, readonly code: string }
  | { readonly kind: 'declared', readonly reason: string }

// Proof by a call

/** What is to be said to a phone. The code is nowhere else but in the memory of the process that makes the call. */
export interface ProofOrder {
  readonly shopId: string
  /** The shop's number that the person sees. */
  readonly number: E164
  readonly phone: E164
  /** Digits. */
  readonly code: string
}

/** `reason` is one of the reasons of a call that came to nothing (docs/api.md). */
export type ProofOutcome = { readonly told: true } | { readonly told: false, readonly reason: string }

/** Makes the call. Resolves when it is over; rejects with MaskError phone_not_allowed, sip_unavailable before it began. */
export type Teller = (order: ProofOrder) => Promise<{ readonly done: Promise<ProofOutcome> }>

/** A code on its way, as an admin may see it. Times are Unix milliseconds. */
export interface ProofState {
  readonly id: string
  readonly state: 'ringing' | 'told' | 'not_told'
  readonly reason?: string
  readonly expiresAt: number
}

// Requests

export interface RightsOrder {
  readonly shopId: string
  readonly actor: AuditActor
  readonly kind: RightKind
  readonly phone: E164
  readonly proof: Proof
  /** Why it is done, for the audit trail. */
  readonly reason: string
  /** Restriction only: when it ends by itself (Unix ms). */
  readonly endsAt?: number
}

/** A request and how far it has come. Nothing in it is a phone number. Times are Unix milliseconds. */
export interface RightsRequest {
  readonly id: string
  readonly kind: RightKind
  /** `refused`: a legal hold stands against all that there is. */
  readonly state: 'running' | 'done' | 'refused' | 'failed'
  readonly proof: Proof['kind']
  readonly actorId: string
  readonly createdAt: number
  readonly finishedAt?: number
  /** When this and its result are gone. */
  readonly expiresAt: number
  /** UTC days that were looked at, of those that there are. */
  readonly progress: { readonly done: number, readonly total: number }
  readonly result?: RightsResult
}

export interface RightsResult {
  readonly access?: PersonAccess
  readonly export?: PersonExport
  readonly erasure?: Erasure
  readonly restriction?: Restriction
}

/** A call as the person may see it who had a part in it: their own side, the other one as a role. */
export interface OwnCall {
  /** What the person was. */
  readonly role: Party
  readonly otherParty: Party
  readonly startedBy: 'you' | 'other' | 'shop'
  readonly startedAt: number
  readonly answeredAt?: number
  readonly endedAt?: number
  readonly ringMs?: number
  readonly talkMs?: number
  readonly state: 'ringing' | 'talking' | 'ended'
  readonly result?: CallResult
  readonly reason?: string
  /** Whether there is a recording of it. */
  readonly recorded: boolean
  /** What happened in it, without what came from the other one's phone or went there. */
  readonly steps: readonly TraceStep[]
}

/** A delivery that still holds the person's phone. The shop's reference is not in it: it may name the other one. */
export interface OwnDelivery extends Pick<Delivery, 'state' | 'number' | 'direction' | 'createdAt' | 'expiresAt' | 'quarantineUntil'> {
  /** Absent: the phone was replaced by another one, and is only kept apart from others until the quarantine ends. */
  readonly role?: Party
}

/** One kind of stored data: why it is there, how long, and how much of it is this person's. */
export interface ClassContent {
  readonly name: ClassName
  readonly purpose: string
  readonly legalBasis: LegalBasis
  /** null: nothing of this class is kept at all. */
  readonly periodSeconds: number | null
  readonly startEvent: string
  /** Pieces of data about this person; null where nothing can be told apart by person. */
  readonly count: number | null
}

/** Art. 15: everything about this person. A number that was never seen and one that was erased look the same. */
export interface PersonAccess {
  readonly classes: readonly ClassContent[]
  readonly calls: readonly OwnCall[]
  readonly deliveries: readonly OwnDelivery[]
}

/** Art. 20: what the person has provided, by giving a phone for a delivery and by calling; for other machines to read. */
export interface PersonExport {
  readonly format: 'maskline-person-export'
  readonly version: 1
  readonly calls: readonly Pick<OwnCall, 'role' | 'startedAt' | 'endedAt' | 'ringMs' | 'talkMs' | 'result'>[]
  readonly deliveries: readonly Pick<OwnDelivery, 'role' | 'state' | 'createdAt' | 'expiresAt'>[]
}

/** What was done with one kind of stored data. */
export interface ClassErased {
  readonly name: ClassName | 'requests'
  readonly erased: number
  /** Kept because of a legal hold, or of a law that asks for it. */
  readonly held: number
}

export interface Erasure {
  readonly classes: readonly ClassErased[]
  /** Something was kept: why, and until when at most (Unix ms). */
  readonly refused?: { readonly reason: 'legal_hold' | 'legal_obligation', readonly endsAt: number }
}

export interface Restriction {
  readonly holdId: string
  readonly calls: number
  readonly days: number
  readonly endsAt: number
}

/**
 * Rights of persons, by phone number. Every method rejects with MaskError only: store_unavailable, store_full,
 * key_destroyed and what stands there.
 */
export interface Rights {
  /**
   * Rings a phone and says a code there. Resolves when the call is on its way.
   * @throws phone_not_allowed, rate_limited, pool_drained (no number to call from), sip_unavailable
   */
  prove(order: { readonly shopId: string, readonly actor: AuditActor, readonly phone: E164, readonly poolId: string }): Promise<ProofState>
  /** @throws not_found */
  proof(shopId: string, id: string): Promise<ProofState>
  /**
   * Begins what a person asks for, and waits a little for its end. One proof is good for one request.
   * @throws proof_invalid, rate_limited, request_invalid (a reason)
   */
  request(order: RightsOrder): Promise<RightsRequest>
  /** Newest first, without results. */
  list(shopId: string): Promise<RightsRequest[]>
  /** @throws not_found */
  find(shopId: string, id: string): Promise<RightsRequest>
  /** Goes on with what other processes have left undone. @returns how many requests */
  resume(): Promise<number>
  /** Waits for what is under way here, for a while; what is not done by then is resumed by another process. */
  close(): Promise<void>
}

// What the rights work on

/** Other data about a person's calls and deliveries, such as webhooks that wait to be sent. */
export interface PersonData {
  readonly name: ClassName
  /** How many pieces there are. */
  count(shopId: string, about: PersonTraces): Promise<number>
  /** @returns how many went */
  erase(shopId: string, about: PersonTraces): Promise<number>
}

export interface PersonTraces {
  readonly deliveryIds: readonly string[]
  readonly callIds: readonly string[]
}
