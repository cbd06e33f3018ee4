import type { Party } from '../line/types.js'
import type { E164 } from '../phone/types.js'
import type { TraceSource, TraceStep } from './trace.js'

export type CallResult = 'success' | 'client_error' | 'server_error' | 'upstream_error' | 'indeterminate'

/** Whom a call is to reach: a party, last rung when the shop starts it, or the shop's support line instead. */
export type Callee = Party | 'support'

/** What is kept about a call: roles, times and how it ended; never a number. Times are Unix milliseconds. */
export interface CallRecord {
  readonly id: string
  readonly deliveryId: string
  /** The shop's own name for the delivery. */
  readonly reference: string
  readonly startedBy: Party | 'shop'
  /** Who was to be reached; absent when nobody was rung because the line refused the call. */
  readonly callee?: Callee
  readonly startedAt: number
  readonly answeredAt?: number
  readonly endedAt?: number
  /** From the start to the answer, or to the end when nobody answered. */
  readonly ringMs?: number
  readonly talkMs?: number
  readonly result?: CallResult
  readonly reason?: string
  readonly state: 'ringing' | 'talking' | 'ended'
}

export interface CallQuery {
  /** Unix milliseconds, inclusive. */
  readonly from: number
  /** Unix milliseconds, exclusive. */
  readonly to: number
  /** 1 to 500 rows. */
  readonly limit: number
  /** Where the last page ended. */
  readonly cursor?: string
}

export interface CallPage {
  readonly calls: CallRecord[]
  /** Absent on the last page. */
  readonly next?: string
}

export type CallWindow = Pick<CallQuery, 'from' | 'to'>

export interface CallTrace {
  readonly call: CallRecord
  /** In the order in which they happened. */
  readonly steps: readonly TraceStep[]
}

/** Calls under way in all processes. */
export interface LiveCalls {
  readonly live: number
  readonly ringing: number
  readonly talking: number
}

/**
 * The reading side. Rows whose day key is gone and rows under restriction are not there. Rejects with MaskError
 * store_unavailable only.
 */
export interface CallLog {
  /** The calls of one delivery, oldest first; empty for a delivery of another shop. */
  ofDelivery(shopId: string, deliveryId: string): Promise<CallRecord[]>
  /** The calls of a shop that started within the window, oldest first. A page may be short and yet have a next. */
  list(shopId: string, query: CallQuery): Promise<CallPage>
  /** All calls of a window in batches, oldest first, however many there are. */
  each(shopId: string, window: CallWindow): AsyncGenerator<CallRecord[]>
  /** Rows within the window, shown or not. */
  count(shopId: string, window: CallWindow): Promise<number>
  live(shopId: string): Promise<LiveCalls>
  /** One call with what happened in it; of a call under way as it stood a few seconds ago. Undefined where there is none to show. */
  trace(shopId: string, callId: string): Promise<CallTrace | undefined>
}

export interface CallStart {
  readonly id: string
  readonly shopId: string
  readonly deliveryId: string
  readonly reference: string
  readonly startedBy: Party | 'shop'
  readonly callee?: Callee
  /** The phones that have a part in the call, for the pseudonyms. They are not kept, not even in memory. */
  readonly phones: Readonly<Partial<Record<Party, E164>>>
  readonly startedAt: number
  /** What happens in it. */
  readonly trace?: TraceSource
}

export interface CallEnd {
  readonly at: number
  readonly answeredAt?: number
  readonly result: CallResult
  readonly reason: string
}

/** What is known of a row without its day key, to decide whether it is held, restricted or due. */
export interface RowFacts {
  /** Id of the call. */
  readonly id: string
  /** UTC day on which the call began, `20261121`. */
  readonly day: string
  readonly deliveryId: string
  /** Unix milliseconds. */
  readonly startedAt: number
  /** The parties' pseudonyms of that day, by role; a party that had no part in the call is absent. */
  readonly pseudonyms: Readonly<Partial<Record<Party, string>>>
}

/**
 * Says of a shop's rows which ones must not be shown now (restriction, legal hold), as it stands at this moment.
 * Asked once per read. Rejects with MaskError: then nothing is shown.
 */
export type Restricted = (shopId: string) => Promise<(row: RowFacts) => boolean>

export interface ClearOptions {
  /** Only rows of calls that began before this (Unix ms); without it all of the day. */
  readonly startedBefore?: number
  /** Rows that stay, such as held ones. */
  readonly keep?: (row: RowFacts) => boolean
  /** Stops after the batch under way. */
  readonly signal?: AbortSignal
  /** Awaited before the rows of every batch are looked at, so that `keep` can know what is held now; what it throws ends the clearing. */
  readonly beforeBatch?: () => Promise<void>
  /** A lock of the same shop: a batch is deleted only if this key holds this token, checked in the same script; else store_unavailable. */
  readonly fence?: { readonly key: string, readonly token: string }
}

/** What a clearing did. `kept` counts the rows for which `keep` said yes. */
export interface Cleared {
  readonly deleted: number
  readonly kept: number
}

/**
 * The rows as what must go one day. Knows no periods and reads nothing sealed, so it works with or without day
 * keys. Everything may be broken off at any point and repeated. Rejects with MaskError store_unavailable, store_full.
 */
export interface RecordShelf {
  /** UTC days of which rows are left, oldest first. */
  days(shopId: string): Promise<string[]>
  /** Rows of a day, shown or not; only those of calls that began before a time (Unix ms) if one is given. */
  count(shopId: string, day: string, startedBefore?: number): Promise<number>
  /** How many different pseudonyms stand in the rows of a day. */
  people(shopId: string, day: string): Promise<number>
  /** Start of the oldest call that is left (Unix ms). */
  oldest(shopId: string): Promise<number | undefined>
  /** Deletes a day's rows in small batches, oldest first, with everything by which they are found. */
  clear(shopId: string, day: string, options?: ClearOptions): Promise<Cleared>
  /**
   * Takes from a day the expiry that Redis would bring if no run ever came: some of its rows are kept longer than any
   * period, by a hold or a law. Does nothing the second time.
   */
  retain(shopId: string, day: string): Promise<void>
  /** Deletes single rows of a day. @returns how many were there */
  remove(shopId: string, day: string, callIds: readonly string[]): Promise<number>
  /** The rows of a delivery, on whatever days, oldest first; empty for a delivery of another shop. */
  ofDelivery(shopId: string, deliveryId: string): Promise<RowFacts[]>
  /** The rows of a day in which this pseudonym had a part, found without looking at others. */
  ofPerson(shopId: string, day: string, pseudonym: string): Promise<RowFacts[]>
}

/** A call as the person who had a part in it may see it. */
export interface PersonCall extends CallRecord {
  /** Which party the person was. */
  readonly party: Party
  readonly steps: readonly TraceStep[]
}

/** Finds a person's calls by recomputing the pseudonyms under the day keys that are alive. */
export interface PersonCalls {
  /** The days of which rows are left and whose key is alive, with the person's pseudonym on each. */
  pseudonyms(shopId: string, phone: E164): Promise<Map<string, string>>
  /** The person's calls, oldest day first, restricted ones too; days without any are left out. */
  calls(shopId: string, phone: E164): AsyncGenerator<{ day: string, pseudonym: string, calls: PersonCall[] }>
}

/** Days of counters of a shop, which outlive its rows. Rejects with MaskError store_unavailable, store_full. */
export interface StatisticsShelf {
  /** UTC days that have counters, oldest first. */
  days(shopId: string): Promise<string[]>
  /**
   * Leaves of days that are over and have no rows only what may be told (k ≥ 10), so that small counts do not
   * outlive the rows. For every run, after the rows. @returns how many days it was done to
   */
  settle(shopId: string): Promise<number>
  /** Deletes the counters of days. @returns how many were there */
  remove(shopId: string, days: readonly string[]): Promise<number>
}

/** Where a call stood among the attempts of its delivery on that day. */
export interface Attempt {
  /** From 1; absent when the call was to reach no party. */
  readonly attempt?: number
  /** True when the parties talked for the first time that day. */
  readonly firstReached: boolean
}

/** The writing side: one record a call, opened before the first ring and finished once. */
export interface CallJournal {
  /** @throws MaskError store_unavailable, store_full: then the call must not go on */
  open(call: CallStart): Promise<void>
  /** Never rejects; a note that gets lost costs no more than the state `talking`. */
  answered(call: Pick<CallStart, 'id'>, at: number): Promise<void>
  /** Never rejects; tries again for a while when the store is away, and resolves to undefined then. */
  finish(call: Pick<CallStart, 'id'>, end: CallEnd): Promise<Attempt | undefined>
}
