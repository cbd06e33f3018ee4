import { MaskError, type ErrorCode } from '../errors.js'
import { int, list, text, type Reply } from '../store/reply.js'
import { loadScript, type Script } from '../store/scripts.js'

const names = ['allocate', 'find', 'change', 'close', 'lookup', 'begin', 'enter', 'redeem', 'renew', 'release', 'usage', 'sweep', 'discard', 'numbers', 'epochs', 'person', 'forget', 'shorten'] as const

/** One script for each operation; they are read from the source folder, also by the built program. */
export const scripts = Object.fromEntries(
  names.map((name) => [name, loadScript(new URL(`../../src/line/lua/${name}.lua`, import.meta.url))])
) as Record<typeof names[number], Script>

/** Result codes of the scripts (lua/includes/base.lua). */
export const result = {
  ok: 0,
  notFound: -1,
  ended: -2,
  expiryInvalid: -3,
  referenceInUse: -4,
  phoneInUse: -5,
  phoneInDelivery: -6,
  phonesTooMany: -7,
  poolExhausted: -8,
  poolDrained: -9,
  poolUnknown: -10,
  codeClash: -11,
  revisionMismatch: -12,
  numberUnknown: -13,
  numberInUse: -14,
  epochs: -15
} as const

/** Refusals that a caller hears; the other codes are dealt with inside. */
const refusals: Readonly<Record<number, ErrorCode>> = {
  [result.notFound]: 'delivery_not_found',
  [result.ended]: 'delivery_ended',
  [result.expiryInvalid]: 'expiry_invalid',
  [result.referenceInUse]: 'reference_in_use',
  [result.phoneInUse]: 'phone_in_use',
  [result.phoneInDelivery]: 'phone_in_delivery',
  [result.phonesTooMany]: 'phones_too_many',
  [result.poolExhausted]: 'pool_exhausted',
  [result.poolDrained]: 'pool_drained',
  [result.numberUnknown]: 'number_not_found',
  [result.numberInUse]: 'number_in_use'
}

/** Which field of the request a refusal is about, for codes that do not say it themselves. */
const fields: Readonly<Record<number, string>> = {
  [result.expiryInvalid]: 'expiresAt',
  [result.referenceInUse]: 'reference',
  [result.numberUnknown]: 'number',
  [result.numberInUse]: 'number'
}

/** The code of a reply that is a list with the code in front. */
export function codeOf(reply: Reply): number {
  return int(list(reply)[0])
}

/** The MaskError that a refusing reply stands for. @param field overrides the one that belongs to the code */
export function refusal(reply: Reply, field?: string): MaskError {
  const [code, reason, wait] = list(reply)
  const name = refusals[int(code)]
  if (name === undefined) return new MaskError('internal', { cause: `A script answered ${int(code)}.` })
  if (name === 'pool_exhausted') return new MaskError(name, { reason: text(reason), retryAfter: int(wait) })
  const place = field ?? fields[int(code)]
  return new MaskError(name, place === undefined ? {} : { field: place })
}
