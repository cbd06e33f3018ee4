import { smallest } from '../statistics/suppress.js'

/** A count as it may be told: both ends alike, or a range. */
export interface Told {
  readonly from: number
  readonly to: number
}

/** What is known of a day's records. */
export interface DayCounts {
  readonly calls: number
  readonly people: number
}

const exactly = (count: number): Told => ({ from: count, to: count })
/** Both parties of so many calls; nobody is anybody's in a day without calls. */
const mostPeople = 2 * (smallest - 1)

/**
 * A day's counts for somebody who may see no calls (G22): one to nine are a range. Where the calls are too few to be told
 * the people are not told either, since nine calls have eighteen people at most. Nothing else than the day itself goes into
 * it: were a day hidden for the sake of others, it could be computed by asking for another window.
 */
export function toldOf({ calls, people }: DayCounts): { readonly calls: Told, readonly people: Told } {
  if (calls === 0) return { calls: exactly(0), people: exactly(0) }
  if (calls < smallest) return { calls: { from: 1, to: smallest - 1 }, people: { from: 0, to: mostPeople } }
  return { calls: exactly(calls), people: people > 0 && people < smallest ? { from: 1, to: smallest - 1 } : exactly(people) }
}

/** The same for somebody who may. */
export function exact({ calls, people }: DayCounts): { readonly calls: Told, readonly people: Told } {
  return { calls: exactly(calls), people: exactly(people) }
}

/** Of what is told and nothing else. */
export function sumOf(counts: readonly Told[]): Told {
  return counts.reduce((sum, { from, to }) => ({ from: sum.from + from, to: sum.to + to }), exactly(0))
}

export function textOf({ from, to }: Told): string {
  return from === to ? String(from) : `${from} to ${to}`
}
