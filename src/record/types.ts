import type { Party } from '../line/types.js'

export type CallResult = 'success' | 'client_error' | 'server_error' | 'upstream_error' | 'indeterminate'

/** What is kept about a call: roles, times and how it ended; never a number. Times are Unix milliseconds. */
export interface CallRecord {
  readonly id: string
  readonly deliveryId: string
  /** The shop's own name for the delivery. */
  readonly reference: string
  readonly startedBy: Party | 'shop'
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

/** The reading side. Rejects with MaskError store_unavailable only. */
export interface CallLog {
  /** The calls of one delivery, oldest first; empty for a delivery of another shop. */
  ofDelivery(shopId: string, deliveryId: string): Promise<CallRecord[]>
  /** The calls of a shop that started within the window, oldest first. */
  list(shopId: string, query: CallQuery): Promise<CallPage>
}

export interface CallStart {
  readonly id: string
  readonly shopId: string
  readonly deliveryId: string
  readonly reference: string
  readonly startedBy: Party | 'shop'
  readonly startedAt: number
}

export interface CallEnd {
  readonly at: number
  readonly answeredAt?: number
  readonly result: CallResult
  readonly reason: string
}

/** The writing side: one record a call, opened before the first ring and finished once. */
export interface CallJournal {
  /** @throws MaskError store_unavailable: then the call must not go on */
  open(call: CallStart): Promise<void>
  /** Never rejects; a note that gets lost costs no more than the state `talking`. */
  answered(call: CallStart, at: number): Promise<void>
  /** Never rejects; tries again for a while when the store is away. */
  finish(call: CallStart, end: CallEnd): Promise<void>
}
