import type { Static } from 'typebox'
import type { ProofState, RightsRequest } from '../record/rights/types.js'
import type { PersonRequestAnswer, ProofAnswer } from './person-schemas.js'
import { formatTime } from './time.js'

export function proofView({ id, state, reason, expiresAt }: ProofState): Static<typeof ProofAnswer> {
  return { id, state, expiresAt: formatTime(expiresAt), ...(reason === undefined ? {} : { reason }) }
}

/** Names of fields that are times (Unix ms) wherever they stand in a request. */
const times: readonly string[] = ['createdAt', 'finishedAt', 'expiresAt', 'startedAt', 'answeredAt', 'endedAt', 'endsAt', 'quarantineUntil']

/** A request as JSON: every time as RFC 3339. */
export function personRequestView(request: RightsRequest): PersonRequestAnswer {
  return withTimes(request) as PersonRequestAnswer
}

function withTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTimes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, times.includes(name) && typeof part === 'number' ? formatTime(part) : withTimes(part)]))
}
