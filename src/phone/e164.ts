import { isSupportedCountry, parsePhoneNumberFromString, type CountryCode, type PhoneNumber, type PhoneNumberType } from 'libphonenumber-js/max'
import { MaskError, type ErrorCode } from '../errors.js'
import type { Country, E164 } from './types.js'

/** Which people's numbers lines are given for. */
export interface DialPolicy {
  /** ISO 3166-1 alpha-2 codes. */
  readonly allowedCountries: readonly string[]
  /** Whether a number is one of our own proxy numbers; dialling one would be a loop. */
  readonly isProxyNumber?: (number: string) => boolean
}

/** What stands for a number whose country nobody can tell (user-assigned in ISO 3166-1). */
export const noCountry = 'ZZ' as Country

/** +, no leading zero, at most 15 digits (ITU-T E.164 §6.1). */
const e164Form = /^\+[1-9]\d{1,14}$/

/** Emergency (EN 112, 110, 911, 999) and harmonised services of social value (116xxx). */
const emergency = /^(112|110|911|999|116\d{3})$/

/** The longest national number that we still take for a short code when it is no valid subscriber number. */
const shortDigits = 6

/** Kinds of numbers that a person answers at an ordinary price; all others are refused. */
const ordinary: readonly PhoneNumberType[] = ['MOBILE', 'FIXED_LINE', 'FIXED_LINE_OR_MOBILE', 'VOIP']

/**
 * A phone number of a person out of a request: E.164 with the plus, nothing else in it.
 * @param field name of the field for the error, such as `courier.phone`
 * @throws MaskError phone_invalid, phone_emergency, phone_not_allowed, phone_is_proxy; never with the value
 */
export function parsePhone(text: string, policy: DialPolicy, field?: string): E164 {
  const refusal = refusalOf(text, policy)
  if (refusal !== undefined) throw new MaskError(refusal, field === undefined ? {} : { field })
  return text as E164
}

/**
 * The number of a person who asks about it: any valid one, also of a country or kind that lines are not given for.
 * @throws MaskError phone_invalid, phone_emergency; never with the value
 */
export function parsePerson(text: string, field?: string): E164 {
  const refusal = refusalOf(text, { allowedCountries: [] })
  if (refusal !== undefined && refusal !== 'phone_not_allowed') throw new MaskError(refusal, field === undefined ? {} : { field })
  return text as E164
}

/** Why a number must not get a line or be dialled; undefined when nothing speaks against it. */
export function refusalOf(text: string, policy: DialPolicy): ErrorCode | undefined {
  // Before anything is parsed: a parser happily makes an ordinary-looking number out of 112.
  if (/^\+?\d{1,6}$/.test(text)) return 'phone_emergency'
  if (!e164Form.test(text)) return 'phone_invalid'
  if (policy.isProxyNumber?.(text)) return 'phone_is_proxy'
  const number = read(text)
  if (number === undefined) return 'phone_invalid'
  // With the full metadata every valid number has a type, and only a valid one (isValid asks the same again).
  const type = number.getType()
  if (isShort(number, type)) return 'phone_emergency'
  // A trunk zero inside, `+46070…`, is read over by the parser but is not E.164.
  if (type === undefined || number.number !== text) return 'phone_invalid'
  const allowed = number.country !== undefined && policy.allowedCountries.includes(number.country) && ordinary.includes(type)
  return allowed ? undefined : 'phone_not_allowed'
}

function isShort({ nationalNumber }: PhoneNumber, type: PhoneNumberType | undefined): boolean {
  return emergency.test(nationalNumber) || (nationalNumber.length <= shortDigits && type === undefined)
}

/** How a text without a plus is read: as dialled in a country, or behind a calling code such as `46`. */
export type Reading = { readonly country: string } | { readonly callingCode: string }

/**
 * Any spelling a carrier uses for a subscriber number → its one E.164 form; undefined when it is not a
 * valid number, a short or an emergency number. ASCII digits with an optional plus in front only.
 */
export function normalise(digits: string, reading: Reading): E164 | undefined {
  if (!/^\+?\d{1,20}$/.test(digits)) return undefined
  const plus = digits.replace(/^00(?=[1-9])/, '+')
  if (plus.startsWith('+')) return valid(read(plus))
  if (plus.length <= shortDigits) return undefined
  // The national reading comes first; E.164 without its plus is what some carriers send instead.
  return valid(read(plus, reading)) ?? (plus.startsWith('0') ? undefined : valid(read(`+${plus}`)))
}

function valid(number: PhoneNumber | undefined): E164 | undefined {
  const type = number?.getType()
  return number !== undefined && type !== undefined && !isShort(number, type) ? number.number as E164 : undefined
}

function read(text: string, reading?: Reading): PhoneNumber | undefined {
  const defaults = reading === undefined
    ? {}
    : 'country' in reading ? { defaultCountry: reading.country as CountryCode } : { defaultCallingCode: reading.callingCode }
  try {
    return parsePhoneNumberFromString(text, { ...defaults, extract: false })
  } catch {
    // A calling code or country that does not exist.
    return undefined
  }
}

/** The country of a number, `ZZ` when it has none (satellite, international freephone). */
export function countryOf(number: E164): Country {
  return (read(number)?.country ?? noCountry) as string as Country
}

/** @throws MaskError country_unknown unless `text` is an ISO 3166-1 alpha-2 code of a place that has phone numbers */
export function parseCountry(text: string, field?: string): Country {
  if (!isSupportedCountry(text)) throw new MaskError('country_unknown', field === undefined ? {} : { field })
  return text as string as Country
}
