import { asMaskError } from '../errors.js'
import type { Prompt } from '../media/types.js'
import { AckMissing, CallerGone, CallFailed } from '../sip/types.js'

/**
 * How a call ended: `result` says whose doing it was, `reason` what happened. Every call gets exactly
 * one, used alike in its record, the log and the metrics.
 */
export interface Termination {
  readonly result: 'success' | 'client_error' | 'server_error' | 'upstream_error' | 'indeterminate'
  readonly reason: Reason
}

/** What the caller's side is answered when the call ends before an answer; 0: it was answered or is gone already. */
const table = {
  // Answered
  caller_hung_up: { result: 'success', status: 0 },
  callee_hung_up: { result: 'success', status: 0 },
  limit_reached: { result: 'success', status: 0 },
  media_silent: { result: 'upstream_error', status: 0 },
  ack_missing: { result: 'upstream_error', status: 0 },
  signalling_lost: { result: 'server_error', status: 503 },
  // The people
  caller_cancelled: { result: 'client_error', status: 0 },
  busy: { result: 'client_error', status: 486 },
  declined: { result: 'client_error', status: 603 },
  no_answer: { result: 'client_error', status: 480 },
  not_accepted: { result: 'client_error', status: 480 },
  code_refused: { result: 'client_error', status: 480 },
  // The party that a shop's call rings first
  first_busy: { result: 'client_error', status: 0 },
  first_declined: { result: 'client_error', status: 0 },
  first_no_answer: { result: 'client_error', status: 0 },
  first_not_accepted: { result: 'client_error', status: 0 },
  first_unreachable: { result: 'upstream_error', status: 0 },
  // The line
  line_unknown: { result: 'client_error', status: 480 },
  delivery_over: { result: 'client_error', status: 410 },
  wrong_direction: { result: 'client_error', status: 480 },
  line_busy: { result: 'client_error', status: 486 },
  too_many_calls: { result: 'client_error', status: 480 },
  cap_reached: { result: 'client_error', status: 480 },
  withheld_refused: { result: 'client_error', status: 480 },
  gate_denied: { result: 'client_error', status: 480 },
  callee_not_allowed: { result: 'client_error', status: 480 },
  // The caller's request
  too_many_hops: { result: 'client_error', status: 483 },
  body_unsupported: { result: 'client_error', status: 415 },
  media_rejected: { result: 'client_error', status: 488 },
  // Beyond our gateway
  unreachable: { result: 'upstream_error', status: 480 },
  redirected: { result: 'upstream_error', status: 480 },
  media_incompatible: { result: 'upstream_error', status: 488 },
  // We
  store_unavailable: { result: 'server_error', status: 503 },
  sip_unavailable: { result: 'server_error', status: 503 },
  media_unavailable: { result: 'server_error', status: 503 },
  trunk_busy: { result: 'server_error', status: 503 },
  shutting_down: { result: 'server_error', status: 503 },
  internal: { result: 'server_error', status: 500 },
  process_died: { result: 'indeterminate', status: 0 }
} as const satisfies Record<string, { result: Termination['result'], status: number }>

export type Reason = keyof typeof table

/** All reasons, for the documentation and its test. */
export const reasons = Object.keys(table) as Reason[]

export function terminated(reason: Reason): Termination {
  return { result: table[reason].result, reason }
}

/** The SIP final status with which this end is told to a caller who was not answered; 0 for none. */
export function statusOf(termination: Termination): number {
  return table[termination.reason].status
}

/** What an answered caller hears when no talk comes of it; an unanswered one gets the status. */
export function promptOf({ reason }: Termination): Prompt {
  if (reason === 'busy' || reason === 'line_busy') return 'busy'
  return reason === 'delivery_over' ? 'over' : 'unavailable'
}

/** Raised inside a call to end it for a reason of our own. */
export class EndCall extends Error {
  readonly reason: Reason
  constructor(reason: Reason) {
    super('The call ends.')
    this.name = 'EndCall'
    this.reason = reason
  }
}

/** What the callee's refusal means (RFC 3261 §21.3–21.6). What it said in words is not looked at. */
function refusalReason(status: number): Reason {
  if (status === 486 || status === 600) return 'busy'
  if (status === 603 || status === 607) return 'declined'
  if (status === 488 || status === 606 || status === 415) return 'media_incompatible'
  if (status >= 300 && status < 400) return 'redirected'
  return 'unreachable'
}

/** The same about the party that was rung first, where it is about a party at all. */
export function ofFirst(error: unknown): unknown {
  const { reason } = terminationOf(error)
  const first = reason === 'redirected' ? 'first_unreachable' : `first_${reason}`
  return first in table ? new EndCall(first as Reason) : error
}

/** The one termination for anything that was thrown on the way to an answer. */
export function terminationOf(error: unknown): Termination {
  if (error instanceof EndCall) return terminated(error.reason)
  if (error instanceof CallerGone) return terminated('caller_cancelled')
  if (error instanceof AckMissing) return terminated('ack_missing')
  if (error instanceof CallFailed) return terminated(refusalReason(error.status))
  const { code } = asMaskError(error)
  if (code === 'store_full') return terminated('store_unavailable')
  return terminated(code in table ? code as Reason : 'internal')
}
