import { outcomes } from '../outcome.js'
import type { Counters, DayStatistics } from './types.js'

/** Fewer than this are never told. */
export const smallest = 10

/**
 * Which cells of a table whose total is known must not be told. Every cell from one to nine; and where the
 * total less the others would give those away, the next smallest too, until what is hidden cannot be computed:
 * at least two cells that are ten or more together. Nobody is in a cell of none: it stays.
 */
export function hiddenCells(cells: Readonly<Record<string, number>>): ReadonlySet<string> {
  const filled = Object.entries(cells).filter(([, count]) => count > 0).sort(([, one], [, other]) => one - other)
  const hidden = new Set<string>()
  let sum = 0
  for (const [name, count] of filled) {
    const small = count < smallest
    if (!small && (hidden.size === 0 || (hidden.size > 1 && sum >= smallest))) break
    hidden.add(name)
    sum += count
  }
  return hidden
}

/** A day's counts as they may be told. */
export function tellable(day: string, counters: Counters): DayStatistics {
  const { calls } = counters
  if (calls === 0) return emptyDay(day)
  if (calls < smallest) return { day, outcomes: {}, reasons: {}, suppressed: true }
  const hidden = hiddenCells(counters.outcomes)
  const told = outcomes.filter((outcome) => !hidden.has(outcome))
  const reasons = told.map((outcome) => tellableReasons(counters.reasons[outcome]))
  const tried = whole(counters.tried, calls - callsOf(counters.tried))
  // How many deliveries were reached would bound a hidden number of calls that reached.
  const reachedOn = hidden.size > 0 ? undefined : whole(counters.reachedOn, counters.outcomes.reached - sumOf(counters.reachedOn))
  return {
    day,
    calls,
    outcomes: Object.fromEntries(told.map((outcome) => [outcome, counters.outcomes[outcome]])),
    reasons: Object.assign({}, ...reasons.map(({ shown }) => shown)) as Record<string, number>,
    ...averages(counters, hidden),
    ...(tried === undefined ? {} : { tried }),
    ...(reachedOn === undefined ? {} : { reachedOn }),
    suppressed: hidden.size > 0 || reasons.some(({ complete }) => !complete) || tried === undefined || reachedOn === undefined
  }
}

function tellableReasons(reasons: Readonly<Record<string, number>>): { shown: Record<string, number>, complete: boolean } {
  const hidden = hiddenCells(reasons)
  return { shown: Object.fromEntries(Object.entries(reasons).filter(([reason]) => !hidden.has(reason))), complete: hidden.size === 0 }
}

/**
 * All of a list or nothing of it: the calls are the sum of the attempts, so that with one equation more than a
 * plain table has, hiding some cells would not hide them.
 * @param rest what the list and another count together tell: calls that were no attempt, or reached once more
 */
function whole(cells: readonly number[], rest: number): readonly number[] | undefined {
  return [...cells, rest].every((count) => count <= 0 || count >= smallest) ? cells : undefined
}

const sumOf = (cells: readonly number[]): number => cells.reduce((sum, count) => sum + count, 0)
/** The calls that attempts amount to, as far as anybody can tell. */
const callsOf = (tried: readonly number[]): number => sumOf(tried.map((count, at) => count * (at + 1)))

function averages({ outcomes: { reached }, ringMs, talkMs }: Counters, hidden: ReadonlySet<string>): Pick<DayStatistics, 'averageRingMs' | 'averageTalkMs'> {
  if (reached === 0 || hidden.has('reached')) return {}
  return { averageRingMs: Math.round(ringMs / reached), averageTalkMs: Math.round(talkMs / reached) }
}

/** A day on which nobody called. */
export function emptyDay(day: string): DayStatistics {
  return { day, calls: 0, outcomes: Object.fromEntries(outcomes.map((outcome) => [outcome, 0])), reasons: {}, suppressed: false }
}
