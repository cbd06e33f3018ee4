import { MaskError } from '../../errors.js'
import { checkReason } from '../audit/rules.js'

/** A reason as the audit trail takes it, with a word in it. @returns it without spaces around. @throws request_invalid with `field` */
export function checkedReason(text: string, field = 'reason'): string {
  const reason = checkReason(text, field)
  if (!/\p{L}{2}/u.test(reason)) throw new MaskError('request_invalid', { field })
  return reason
}
