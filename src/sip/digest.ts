import { createHash, randomBytes } from 'node:crypto'

/** What one trunk's gateways know us by. */
export interface Credentials {
  readonly realm: string
  readonly username: string
  readonly password: string
}

/** A request that is to be sent again with credentials. */
export interface Challenged {
  readonly method: string
  readonly uri: string
}

type Parameters = ReadonlyMap<string, string>
type Algorithm = 'md5' | 'sha256'

/** RFC 8760 §2.1; a missing algorithm means MD5. Those with `-sess` are left out: no carrier is known to use them. */
const algorithms: Readonly<Record<string, Algorithm>> = { 'md5': 'md5', 'sha-256': 'sha256' }

/**
 * The value of Authorization or Proxy-Authorization for a challenge of our own realm (RFC 7616 §3.4.1); the
 * first challenge that we can meet counts (RFC 8760 §2.4). Undefined when there is none: for a realm that is
 * not ours nothing is computed, so no hash with our password ever leaves for it.
 * @param challenge WWW-Authenticate or Proxy-Authenticate, several joined with commas
 * @param cnonce for tests
 */
export function authorize(challenge: string, credentials: Credentials, request: Challenged, cnonce = randomBytes(8).toString('hex')): string | undefined {
  for (const parameters of digestHeaders(challenge)) {
    const algorithm = algorithms[(parameters.get('algorithm') ?? 'MD5').toLowerCase()]
    if (parameters.get('realm') !== credentials.realm || algorithm === undefined) continue
    const qop = parameters.get('qop')?.toLowerCase().split(',').map((one) => one.trim())
    if (parameters.get('nonce') === undefined || qop?.includes('auth') === false) continue
    return write(parameters, algorithm, credentials, request, qop === undefined ? undefined : cnonce)
  }
  return undefined
}

function write(parameters: Parameters, algorithm: Algorithm, { realm, username, password }: Credentials, { method, uri }: Challenged, cnonce: string | undefined): string {
  const hash = (...parts: string[]): string => createHash(algorithm).update(parts.join(':')).digest('hex')
  const nonce = parameters.get('nonce')!
  const count = cnonce === undefined ? [] : ['00000001', cnonce, 'auth']
  const response = hash(hash(username, realm, password), nonce, ...count, hash(method, uri))
  const quoted = { username, realm, nonce, uri, response, ...(cnonce === undefined ? {} : { cnonce }), ...opaqueOf(parameters) }
  const plain = { algorithm: parameters.get('algorithm') ?? 'MD5', ...(cnonce === undefined ? {} : { qop: 'auth', nc: '00000001' }) }
  return `Digest ${[...Object.entries(quoted).map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`), ...Object.entries(plain).map(([name, value]) => `${name}=${value}`)].join(', ')}`
}

function opaqueOf(parameters: Parameters): { opaque?: string } {
  const opaque = parameters.get('opaque')
  return opaque === undefined ? {} : { opaque }
}

/** One parameter, after the scheme where a challenge begins (RFC 3261 §25.1). */
const part = /\s*(?:([\w-]+)\s+)?([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/gy

/** The digest challenges, or credentials, of a header with their parameters in lower case. One that says something twice, or that cannot be read, does not exist. */
export function digestHeaders(header: string): Parameters[] {
  const challenges: Map<string, string>[] = []
  let end = 0
  for (const [text, scheme, name = '', quoted, plain = ''] of header.matchAll(part)) {
    end += text.length
    if (scheme !== undefined) challenges.push(new Map([['scheme', scheme.toLowerCase()]]))
    const challenge = challenges.at(-1)
    const key = challenge?.has(name.toLowerCase()) === true ? 'twice' : name.toLowerCase()
    challenge?.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain)
  }
  if (end !== header.length) return []
  return challenges.filter((challenge) => challenge.get('scheme') === 'digest' && !challenge.has('twice'))
}
