import type { Lookup, Party } from '../line/types.js'
import type { E164 } from '../phone/types.js'
import type { Prompt } from '../media/types.js'
import type { Reason } from './termination.js'

/** The delivery that a call belongs to. */
export interface Belonging {
  readonly deliveryId: string
  readonly shopId: string
  readonly reference: string
  readonly caller: Party
}

/** What is to be done with a call. */
export type Decision =
  | { readonly kind: 'connect', readonly belonging: Belonging, readonly callee: E164 }
  | { readonly kind: 'announce', readonly belonging?: Belonging, readonly prompt: Prompt, readonly reason: Reason }

/**
 * Decides from the look-up alone. Pure.
 * Whoever is not a party of a delivery at this number hears the same and gets the same status,
 * whether the number is unknown, not theirs or long over; only a party hears that it is over.
 * @param mayDial whether a number may be dialled at all, asked once more at the moment of dialling
 */
export function decide(found: Lookup, mayDial: (number: E164) => boolean): Decision {
  if (found.kind === 'unknown') return { kind: 'announce', prompt: 'unavailable', reason: 'line_unknown' }
  const { deliveryId, shopId, reference, caller } = found
  const belonging = { deliveryId, shopId, reference, caller }
  switch (found.kind) {
    case 'connect':
      if (!mayDial(found.callee)) return { kind: 'announce', belonging, prompt: 'unavailable', reason: 'callee_not_allowed' }
      return { kind: 'connect', belonging, callee: found.callee }
    case 'over':
      return { kind: 'announce', belonging, prompt: 'over', reason: 'delivery_over' }
    case 'wrong_direction':
      return { kind: 'announce', belonging, prompt: 'unavailable', reason: 'wrong_direction' }
    case 'limited':
      return { kind: 'announce', belonging, prompt: 'unavailable', reason: found.limit === 'concurrent' ? 'line_busy' : 'too_many_calls' }
  }
}
