import { MaskError } from '../../errors.js'
import { mentionsPhone } from '../../phone/mention.js'

/** Characters of a reason at most, as in the audit trail. */
const longest = 300

/**
 * A reason in somebody's own words: 1 to 300 printable characters with a word in them and no phone number.
 * @returns it without spaces around. @throws request_invalid with `field`
 */
export function checkedReason(text: string, field = 'reason'): string {
  const reason = text.trim()
  const printable = !/[\p{Cc}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/u.test(reason)
  if (reason.length > longest || !printable || !/\p{L}{2}/u.test(reason) || mentionsPhone(reason)) throw new MaskError('request_invalid', { field })
  return reason
}
