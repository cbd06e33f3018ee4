import { outcomes, type Outcome } from '../outcome.js'
import { mostAttempts, type Counters } from './types.js'

/**
 * The counters of a day as lua/finish-call.lua writes them: `calls`, `outcome:<outcome>`, `reason:<outcome>:<reason>`,
 * `ring`, `talk` (ms), `tried:<n>`, `reached:<n>`.
 */
export function readCounters(hash: ReadonlyMap<string, Buffer>): Counters {
  const count = (name: string): number => Number(hash.get(name)?.toString() ?? 0)
  const perOutcome = <T>(of: (outcome: Outcome) => T): Record<Outcome, T> => Object.fromEntries(outcomes.map((outcome) => [outcome, of(outcome)])) as Record<Outcome, T>
  const perAttempt = (name: string): number[] => Array.from({ length: mostAttempts }, (_, at) => count(`${name}:${at + 1}`))
  const reasonsOf = (outcome: Outcome): Record<string, number> => {
    const prefix = `reason:${outcome}:`
    return Object.fromEntries([...hash.keys()].filter((name) => name.startsWith(prefix)).map((name) => [name.slice(prefix.length), count(name)]))
  }
  return {
    calls: count('calls'),
    outcomes: perOutcome((outcome) => count(`outcome:${outcome}`)),
    reasons: perOutcome(reasonsOf),
    ringMs: count('ring'),
    talkMs: count('talk'),
    tried: perAttempt('tried'),
    reachedOn: perAttempt('reached')
  }
}
