import { SipParseError } from './errors.js'
import { splitOutside } from './text.js'

/** Parameters in their order; names lower case, values as written (with their quotes), undefined for a bare flag. */
export type Params = ReadonlyMap<string, string | undefined>

/** RFC 3261 §19.1. `host` is lower case, an IPv6 address without its brackets; `user` is as written, escapes and all. */
export interface SipUri {
  readonly scheme: 'sip' | 'sips'
  readonly user: string | undefined
  readonly host: string
  readonly port: number | undefined
  readonly params: Params
  /** What follows `?`, unread. */
  readonly headers: string | undefined
}

/** An address such as `"A" <sip:a@host>;tag=1`. `display` is as written, `uri` what stood between the brackets. */
export interface NameAddr {
  readonly display: string | undefined
  readonly uri: string
  readonly params: Params
}

const sipUri = /^(sips?):(?:([^@\s<>"]+)@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?((?:;[^?\s<>"]*)?)(?:\?([^\s<>"]*))?$/i

/**
 * Parses a sip: or sips: URI.
 * @throws SipParseError with code `uri`; other schemes (tel:) also throw, see `uriScheme`
 */
export function parseUri(text: string): SipUri {
  const found = sipUri.exec(text)
  if (found === null) throw new SipParseError('uri')
  const [, scheme, user, host, digits, params, headers] = found
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && (port < 1 || port > 65535)) throw new SipParseError('uri')
  return {
    scheme: scheme!.toLowerCase() as SipUri['scheme'], user, host: host!.toLowerCase().replace(/^\[|\]$/g, ''), port,
    params: parseParams(params ?? ''), headers
  }
}

/** As `parseUri`, with undefined instead of an error. */
export function tryParseUri(text: string): SipUri | undefined {
  try {
    return parseUri(text)
  } catch {
    return undefined
  }
}

export function formatUri(uri: SipUri): string {
  const user = uri.user === undefined ? '' : `${uri.user}@`
  const headers = uri.headers === undefined ? '' : `?${uri.headers}`
  return `${uri.scheme}:${user}${hostPort(uri.host, uri.port)}${formatParams(uri.params)}${headers}`
}

/** `host:port` as it stands in URIs and Via; IPv6 in brackets. */
export function hostPort(host: string, port?: number): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === undefined ? name : `${name}:${port}`
}

/** `sip`, `tel` … in lower case; undefined when the text has no scheme. */
export function uriScheme(text: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):[^\s<>"]+$/i.exec(text)?.[1]?.toLowerCase()
}

/**
 * Reads `;a=1;b;c="x"`. The first of equal names wins.
 * @throws SipParseError with code `address` when something other than parameters stands there
 */
export function parseParams(text: string): Params {
  const params = new Map<string, string | undefined>()
  if (text.trim() === '') return params
  const [before, ...parts] = splitOutside(text, ';')
  if (before !== '') throw new SipParseError('address')
  for (const part of parts) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = (equals === -1 ? part : part.slice(0, equals)).trim().toLowerCase()
    if (name === '' || /[\s<>",]/.test(name)) throw new SipParseError('address')
    if (!params.has(name)) params.set(name, equals === -1 ? undefined : part.slice(equals + 1).trim())
  }
  return params
}

export function formatParams(params: Params): string {
  let text = ''
  for (const [name, value] of params) text += value === undefined ? `;${name}` : `;${name}=${value}`
  return text
}

/**
 * Reads the value of From, To, Contact, Route, P-Asserted-Identity and their like.
 * Without angle brackets all parameters belong to the header (RFC 3261 §20.10).
 * @throws SipParseError with code `address`
 */
export function parseNameAddr(text: string): NameAddr {
  const value = text.trim()
  const open = angleOf(value)
  if (open === -1) return bareAddress(value)
  const close = value.indexOf('>', open)
  if (close === -1) throw new SipParseError('address')
  const uri = value.slice(open + 1, close).trim()
  if (uriScheme(uri) === undefined) throw new SipParseError('address')
  const display = value.slice(0, open).trim()
  return { display: display === '' ? undefined : display, uri, params: parseParams(value.slice(close + 1)) }
}

function bareAddress(value: string): NameAddr {
  const end = value.indexOf(';')
  const uri = (end === -1 ? value : value.slice(0, end)).trim()
  if (uriScheme(uri) === undefined || uri.includes(',')) throw new SipParseError('address')
  return { display: undefined, uri, params: parseParams(end === -1 ? '' : value.slice(end)) }
}

/** Where `<` opens the URI: after the display name, which may be a quoted string with anything in it. */
function angleOf(value: string): number {
  if (!value.startsWith('"')) return value.indexOf('<')
  for (let at = 1; at < value.length; at++) {
    if (value[at] === '\\') at++
    else if (value[at] === '"') {
      const open = value.indexOf('<', at)
      if (open === -1 || value.slice(at + 1, open).trim() !== '') throw new SipParseError('address')
      return open
    }
  }
  throw new SipParseError('address')
}

export function formatNameAddr(address: NameAddr): string {
  const display = address.display === undefined ? '' : `${address.display} `
  return `${display}<${address.uri}>${formatParams(address.params)}`
}

/** The tag of a From or To value; undefined when there is none or the value cannot be read. */
export function tagOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  try {
    return parseNameAddr(value).params.get('tag')
  } catch {
    return undefined
  }
}
