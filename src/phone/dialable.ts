import { refusalOf, type DialPolicy } from './e164.js'

/**
 * Asked again in the moment of dialling, although the number was checked when the line was made:
 * the policy may have become stricter since, and stored data is not to be trusted with a phone bill.
 */
export function mayDial(number: string, policy: DialPolicy): boolean {
  return refusalOf(number, policy) === undefined
}
