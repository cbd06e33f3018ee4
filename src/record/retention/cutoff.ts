import type { Applied, PeriodHistory } from './history.js'
import type { ClassName } from './types.js'

const msOf = (seconds: number | null): number => (seconds ?? 0) * 1000

/**
 * The moment before which data of a class is due (Unix ms). A shorter period holds for everything that exists;
 * a longer one only for what began after a run had seen it: what was promised to go sooner still does. So each
 * value that was ever in force takes away what began while it, or an earlier one, was.
 */
export function cutoff(applied: readonly Applied[], now: number): number {
  return applied.reduce((latest, { value }, at) => Math.max(latest, Math.min(applied[at + 1]?.from ?? now, now - msOf(value))), -Infinity)
}

/** When data that began at `startedAt` is due, as things stand (Unix ms). */
export function dueAt(applied: readonly Applied[], startedAt: number): number {
  const inForce = applied.filter((_, at) => (applied[at + 1]?.from ?? Infinity) > startedAt)
  return startedAt + Math.min(...inForce.map(({ value }) => msOf(value)))
}

/** Notes what a run sees. What was over for longer than anything can be kept is forgotten. @returns the same list when nothing is new */
export function apply(applied: readonly Applied[], value: number | null, now: number, longestSeconds: number): readonly Applied[] {
  const last = applied.at(-1)
  const next = last?.value !== value ? [...applied, { value, from: Math.max(now, last?.from ?? now) }] : applied
  const kept = next.filter((_, at) => (next[at + 1]?.from ?? Infinity) > now - longestSeconds * 1000)
  return kept.length === next.length ? next : kept
}

/** What a shop has set for a class up to a time; undefined: nothing. Changes are in order, so the last one at that time holds. */
export function setAt({ changes }: PeriodHistory, name: ClassName, at: number): { readonly value: number | null, readonly reviewedAt?: number, readonly basis?: string } | undefined {
  const own = changes.filter((change) => change.name === name)
  const last = own.findLast((change) => change.at <= at)
  if (last !== undefined) return { value: last.to, reviewedAt: last.at, ...(last.basis === undefined ? {} : { basis: last.basis }) }
  return own[0] === undefined ? undefined : { value: own[0].from }
}
