import type { Outcome } from '../outcome.js'

/** Attempts are told apart up to this one; the last stands for it and all above. */
export const mostAttempts = 5

/** One UTC day of a shop as it was counted. Sums are in milliseconds. */
export interface Counters {
  readonly calls: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  readonly reasons: Readonly<Record<Outcome, Readonly<Record<string, number>>>>
  /** Time until the answer, of the calls that were answered. */
  readonly ringMs: number
  readonly talkMs: number
  /** Deliveries by how often they were tried that day: 1, 2, 3, 4, 5 and more. */
  readonly tried: readonly number[]
  /** Deliveries by the attempt of that day on which the parties first talked. */
  readonly reachedOn: readonly number[]
}

/**
 * A day as it may be told. What is absent is suppressed: it counts fewer than ten, or it would give away
 * another count that does. An absent list is suppressed as a whole.
 */
export interface DayStatistics {
  /** `20261121`. */
  readonly day: string
  readonly calls?: number
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>
  /** Of the outcomes that are told: how many for which reason. */
  readonly reasons: Readonly<Record<string, number>>
  readonly averageRingMs?: number
  readonly averageTalkMs?: number
  readonly tried?: readonly number[]
  readonly reachedOn?: readonly number[]
  readonly suppressed: boolean
}

/** Days of counts. Rejects with MaskError store_unavailable. */
export interface Statistics {
  /** The days within a window that have any calls, oldest first. @param from to Unix ms, days that it touches */
  days(shopId: string, window: { readonly from: number, readonly to: number }): Promise<DayStatistics[]>
}
