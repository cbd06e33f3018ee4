import { normalise, type Reading } from './e164.js'
import type { E164 } from './types.js'

/** What the user part of one identity URI says. */
export interface UriUser {
  /** `number`: a subscriber number; `unusable`: digits that are none; `name`: anything else. */
  readonly kind: 'number' | 'unusable' | 'name'
  readonly number?: E164
  /** Lower case, for the well-known words of a withheld identity. */
  readonly name: string
  readonly host: string
}

/** Nothing in a sane identity header is longer; beyond it nobody needs to read. */
const maxLength = 4096

/** Line ends and NUL never belong into a header value; whoever sends one gets no identity. */
const control = /[\u0000-\u0008\u000a-\u001f\u007f]/

/** True for a header value that may be read at all. */
export function isReadable(header: string): boolean {
  return header.length <= maxLength && !control.test(header)
}

/**
 * The addr-specs of a header that lists name-addr or addr-spec (RFC 3261 §20.10, RFC 3325 §9.1), in order.
 * Display names are skipped, quoted or not; header parameters behind an addr-spec without brackets stay on it.
 */
export function addresses(header: string): string[] {
  return splitOutside(header, ',').map(bare).filter((uri) => uri !== '')
}

/** Cuts at `mark` outside of quoted strings and angle brackets. */
function splitOutside(text: string, mark: string): string[] {
  const parts: string[] = []
  let start = 0
  let quoted = false
  let inside = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (quoted && char === '\\') at++
    else if (char === '"' && !inside) quoted = !quoted
    else if (!quoted && (char === '<' || char === '>')) inside = char === '<'
    else if (!quoted && !inside && char === mark) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

/** `"A, B" <sip:x@y>;tag=1` → `sip:x@y` */
function bare(address: string): string {
  const unquoted = address.replace(/"(?:[^"\\]|\\.)*"/g, '')
  const open = unquoted.indexOf('<')
  if (open < 0) return unquoted.trim()
  const close = unquoted.indexOf('>', open)
  return close < 0 ? '' : unquoted.slice(open + 1, close).trim()
}

/**
 * Reads a sip:, sips: (RFC 3261 §19.1) or tel: URI (RFC 3966); undefined for any other scheme and for
 * what cannot be read at all.
 */
export function readUser(uri: string, country: string): UriUser | undefined {
  const written = readWritten(uri)
  if (written === undefined) return undefined
  const { name, host, parameters } = written
  const digits = name.replace(/[-.() ]/g, '')
  if (!/^\+?\d+$/.test(digits)) return { kind: 'name', name: name.toLowerCase(), host }
  const reading = readingOf(parameters, country)
  const number = reading === undefined ? undefined : normalise(digits, reading)
  return number === undefined ? { kind: 'unusable', name, host } : { kind: 'number', number, name, host }
}

/** The user and the host of a URI as they stand there, in lower case; undefined where readUser says so. What it costs to read a number is saved. */
export function readName(uri: string): Pick<UriUser, 'name' | 'host'> | undefined {
  const written = readWritten(uri)
  return written && { name: written.name.toLowerCase(), host: written.host }
}

interface Written {
  readonly name: string
  readonly host: string
  readonly parameters: readonly string[]
}

function readWritten(uri: string): Written | undefined {
  const match = /^(sips?|tel):(.*)$/is.exec(uri)
  if (match === null) return undefined
  const [, scheme = '', rest = ''] = match
  if (scheme.toLowerCase() === 'tel') return readSubscriber(rest, '')
  const at = rest.indexOf('@')
  if (at < 0) return { name: '', host: hostOf(rest), parameters: [] }
  return rest.includes('@', at + 1) ? undefined : readSubscriber(rest.slice(0, at), hostOf(rest.slice(at + 1)))
}

function hostOf(text: string): string {
  return (/^(\[[^\]]*\]|[^:;?]*)/.exec(text)?.[0] ?? '').toLowerCase()
}

/** `number;parameters` or `name:password`; parameters other than phone-context say nothing about who it is. */
function readSubscriber(user: string, host: string): Written | undefined {
  const [subscriber = '', ...parameters] = user.split(';')
  const name = decode(subscriber.split(':', 1)[0] ?? '')
  return name === undefined || !isReadable(name) ? undefined : { name, host, parameters }
}

/**
 * A local number belongs into its phone-context (RFC 3966 §5.1.5): a calling code we can follow, a longer
 * prefix we cannot (undefined), and a domain name leaves the trunk's country.
 */
function readingOf(parameters: readonly string[], country: string): Reading | undefined {
  const contexts = parameters.flatMap((parameter) => /^phone-context=(\+.*)$/i.exec(decode(parameter) ?? '')?.[1] ?? [])
  if (contexts.length === 0) return { country }
  const code = /^\+([1-9]\d{0,2})$/.exec(contexts[0] ?? '')?.[1]
  return code === undefined || contexts.length > 1 ? undefined : { callingCode: code }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
