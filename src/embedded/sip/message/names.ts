/** Compact forms (RFC 3261 §7.3.3 and the IANA registry) → lower-case full name. */
const compact: ReadonlyMap<string, string> = new Map([
  ['a', 'accept-contact'], ['b', 'referred-by'], ['c', 'content-type'], ['d', 'request-disposition'], ['e', 'content-encoding'],
  ['f', 'from'], ['i', 'call-id'], ['j', 'reject-contact'], ['k', 'supported'], ['l', 'content-length'], ['m', 'contact'],
  ['n', 'identity-info'], ['o', 'event'], ['r', 'refer-to'], ['s', 'subject'], ['t', 'to'], ['u', 'allow-events'], ['v', 'via'],
  ['x', 'session-expires'], ['y', 'identity']
])

/** Names that plain capitals after each dash would get wrong. */
const irregular: ReadonlyMap<string, string> = new Map([
  ['call-id', 'Call-ID'], ['cseq', 'CSeq'], ['www-authenticate', 'WWW-Authenticate'], ['mime-version', 'MIME-Version'],
  ['rack', 'RAck'], ['rseq', 'RSeq'], ['sip-etag', 'SIP-ETag'], ['sip-if-match', 'SIP-If-Match'], ['min-se', 'Min-SE']
])

/** The name under which a header is found: lower case, compact form expanded. */
export function headerKey(name: string): string {
  const lower = name.toLowerCase()
  return lower.length === 1 ? compact.get(lower) ?? lower : lower
}

/** The usual way to write a header name: `call-id` → `Call-ID`. Names that begin with X- stay as they are. */
export function headerName(name: string): string {
  const key = headerKey(name)
  if (key.startsWith('x-')) return name
  return irregular.get(key) ?? key.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())
}

const token = /^[A-Za-z0-9\-.!%*_+`'~]+$/

/** RFC 3261 §25.1 `token`. */
export function isToken(text: string): boolean {
  return token.test(text)
}
