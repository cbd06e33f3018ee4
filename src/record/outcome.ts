import type { Party } from '../line/types.js'
import { otherParty } from '../line/people.js'
import type { CallRecord } from './types.js'

/**
 * What came of a call, as the field counts it. Every call has exactly one. `missed`: it rang and nobody took it;
 * `failed`: everything that was not the people's doing, refusals by the line among it.
 */
export const outcomes = ['reached', 'missed', 'busy', 'declined', 'failed'] as const
export type Outcome = typeof outcomes[number]

/** Reasons of call/termination.ts by what they mean for reaching each other; all others are `failed`. */
const ofReason: Readonly<Record<string, Outcome>> = {
  no_answer: 'missed', not_accepted: 'missed', caller_cancelled: 'missed', first_no_answer: 'missed', first_not_accepted: 'missed',
  busy: 'busy', line_busy: 'busy', first_busy: 'busy',
  declined: 'declined', first_declined: 'declined'
}
/** Nobody rang there, and yet the person would want to know. */
const notReachable = ['unreachable', 'first_unreachable']

type Ended = Pick<CallRecord, 'answeredAt' | 'reason'>

/** Whoever talked was reached, however it ended. */
export function outcomeOf({ answeredAt, reason = '' }: Ended): Outcome {
  return answeredAt === undefined ? ofReason[reason] ?? 'failed' : 'reached'
}

/**
 * Which party somebody tried in vain to reach, so that it can be told; undefined when they talked, when the
 * fault was ours or the line's, when nobody knows (`indeterminate`) and when the call was to the support line.
 */
export function missedBy({ callee, ...end }: Ended & Pick<CallRecord, 'callee'>): Party | undefined {
  const { reason = '' } = end
  if (callee === undefined || callee === 'support' || end.answeredAt !== undefined) return undefined
  if (ofReason[reason] === undefined && !notReachable.includes(reason)) return undefined
  if (reason === 'line_busy') return undefined
  return reason.startsWith('first_') ? otherParty(callee) : callee
}

/** How the parties of one delivery reached each other. Times are in seconds. */
export interface Reach {
  readonly reached: boolean
  /** Calls that were to reach a party, those under way among them. */
  readonly attempts: number
  /** Which attempt was the first to reach. */
  readonly reachedOnAttempt?: number
  /** From the start of the first attempt to the first answer. */
  readonly firstReachedAfterSeconds?: number
  readonly missedBy: Readonly<Record<Party, number>>
}

/** @param calls of one delivery, oldest first */
export function reachOf(calls: readonly CallRecord[]): Reach {
  const attempts = calls.filter(({ callee }) => callee === 'courier' || callee === 'customer')
  const first = attempts.findIndex(({ answeredAt }) => answeredAt !== undefined)
  const missed = attempts.filter(({ state }) => state === 'ended').map(missedBy)
  const count = (party: Party): number => missed.filter((one) => one === party).length
  return {
    reached: first >= 0,
    attempts: attempts.length,
    ...(first < 0 ? {} : {
      reachedOnAttempt: first + 1,
      firstReachedAfterSeconds: Math.round((attempts[first]!.answeredAt! - attempts[0]!.startedAt) / 1000)
    }),
    missedBy: { courier: count('courier'), customer: count('customer') }
  }
}
