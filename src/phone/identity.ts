import { addresses, isReadable, readName, readUser, type UriUser } from './uri.js'
import type { E164 } from './types.js'

/** The header values of an INVITE that say who calls; every occurrence of a header is one element. */
export interface IdentityHeaders {
  readonly pai: readonly string[]
  readonly from: string
  readonly privacy: readonly string[]
}

/** What a trunk is set to vouch for. */
export interface IdentityTrust {
  /** Headers whose content the carrier has checked, best first. */
  readonly identity: readonly ('pai' | 'from')[]
  /** ISO 3166-1 code of the country whose national numbers its callers send. */
  readonly country: string
}

export interface CallerIdentity {
  /** Whom the carrier vouches for; undefined when nobody usable. */
  readonly number: E164 | undefined
  /** The caller does not want to be shown. The number may still be used inside, never shown or passed on. */
  readonly withheld: boolean
}

/** Users that stand for a hidden caller in From. */
const hiddenUsers = ['anonymous', 'restricted', 'private', 'withheld']
/** Privacy values that hide the caller (RFC 3323 §4.2, RFC 3325 §9.3); `session` and `none` do not. */
const hidingPrivacy = ['id', 'user', 'header', 'critical']

/**
 * Who calls, out of the headers that this trunk vouches for (RFC 3325 §5).
 * The first trusted header that is present decides: an asserted identity that cannot be used is not
 * replaced by a From that the caller may have written. Display names are never looked at. Never throws.
 */
export function callerIdentity(headers: IdentityHeaders, trunk: IdentityTrust): CallerIdentity {
  const withheld = wantsPrivacy(headers.privacy) || isAnonymous(headers.from)
  for (const name of trunk.identity) {
    const values = (name === 'pai' ? headers.pai : [headers.from]).filter((value) => value.trim() !== '')
    if (values.length > 0) return { number: oneNumber(values, trunk.country), withheld }
  }
  return { number: undefined, withheld }
}

/** The number that all URIs agree on. RFC 3325 §9.1 lets a sip: and a tel: URI stand side by side. */
function oneNumber(values: readonly string[], country: string): E164 | undefined {
  const users = readUsers(values, country)
  if (users === undefined || users.some((user) => user.kind === 'unusable')) return undefined
  const numbers = new Set(users.flatMap((user) => user.number ?? []))
  return numbers.size === 1 ? [...numbers][0] : undefined
}

/** Undefined when any value or URI cannot be read: half an identity is none. */
function readUsers(values: readonly string[], country: string): UriUser[] | undefined {
  if (!values.every(isReadable)) return undefined
  const users: UriUser[] = []
  for (const uri of values.flatMap(addresses)) {
    const user = readUser(uri, country)
    if (user === undefined) return undefined
    users.push(user)
  }
  return users
}

function wantsPrivacy(values: readonly string[]): boolean {
  return values.flatMap((value) => value.toLowerCase().split(/[;,]/)).some((token) => hidingPrivacy.includes(token.trim()))
}

function isAnonymous(from: string): boolean {
  const users = isReadable(from) ? addresses(from).map(readName) : []
  const [user] = users
  return user !== undefined && !users.includes(undefined) && (hiddenUsers.includes(user.name) || user.host === 'anonymous.invalid')
}
