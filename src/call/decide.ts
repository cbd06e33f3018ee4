import type { Lookup, Party, PartyPhones } from '../line/types.js'
import type { E164 } from '../phone/types.js'
import type { Prompt } from '../media/types.js'
import type { Reason } from './termination.js'

/** The delivery that a call belongs to. */
export interface Belonging {
  readonly deliveryId: string
  readonly shopId: string
  readonly reference: string
  readonly caller: Party
  readonly phones: PartyPhones
}

/** What is to be done with a call. */
export type Decision =
  /** Ring `callee`; `support` says that it is the shop's support line instead of the other party. */
  | { readonly kind: 'connect', readonly belonging: Belonging, readonly callee: E164, readonly support: boolean }
  | { readonly kind: 'announce', readonly belonging?: Belonging, readonly prompt: Prompt, readonly reason: Reason }
  /** Answer and ask for the access code of a delivery. */
  | { readonly kind: 'ask' }

export interface DecisionPolicy {
  /** Whether a number may be dialled at all, asked once more at the moment of dialling. */
  readonly mayDial: (number: E164) => boolean
  /** Whether callers whom we do not know are asked for a code. */
  readonly asksCode: boolean
  /** Whether this caller withholds their number and the shop wants no such calls. */
  readonly refusesWithheld?: boolean
  /** The support line of the shop that the call belongs to. */
  readonly support?: E164 | undefined
}

/** Which of the refusals a limit is; all but a busy line look the same outside. */
function limitReason(limit: Extract<Lookup, { kind: 'limited' }>['limit']): Reason {
  if (limit === 'concurrent') return 'line_busy'
  return limit === 'hourly' || limit === 'caller' || limit === 'number' ? 'too_many_calls' : 'cap_reached'
}

/**
 * Decides from the look-up alone. Pure.
 * Whoever is not a party of a delivery at this number hears the same and gets the same status,
 * whether the number is unknown, not theirs or long over; only a party hears that it is over.
 */
export function decide(found: Lookup, { mayDial, asksCode, refusesWithheld = false, support }: DecisionPolicy): Decision {
  if (found.kind === 'unknown') return asksCode ? { kind: 'ask' } : { kind: 'announce', prompt: 'unavailable', reason: 'line_unknown' }
  const { deliveryId, shopId, reference, caller, phones } = found
  const belonging = { deliveryId, shopId, reference, caller, phones }
  const refuse = (reason: Reason): Decision => ({ kind: 'announce', belonging, prompt: 'unavailable', reason })
  const connect = (callee: E164, toSupport: boolean): Decision => {
    if (refusesWithheld) return refuse('withheld_refused')
    return mayDial(callee) ? { kind: 'connect', belonging, callee, support: toSupport } : refuse('callee_not_allowed')
  }
  switch (found.kind) {
    case 'connect':
      return connect(found.callee, false)
    case 'over':
      return support === undefined ? { kind: 'announce', belonging, prompt: 'over', reason: 'delivery_over' } : connect(support, true)
    case 'wrong_direction':
      return refuse('wrong_direction')
    case 'limited':
      return refuse(limitReason(found.limit))
  }
}
