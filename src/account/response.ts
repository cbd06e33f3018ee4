import { createHash } from 'node:crypto'
import { digestHeaders } from '../sip/digest.js'

/** Digest algorithms that we ask for, as they stand in a challenge (RFC 8760 §2.1). */
export type Algorithm = 'MD5' | 'SHA-256'

/** H(username:realm:password) by each algorithm: all that is kept of a password. */
export type SecretHashes = Readonly<Record<Algorithm, string>>

const nodeName: Readonly<Record<Algorithm, string>> = { 'MD5': 'md5', 'SHA-256': 'sha256' }

/** The parts of an Authorization header that count. */
export interface DigestResponse {
  readonly username: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  readonly response: string
  readonly cnonce: string
  /** Eight hex digits. */
  readonly nc: string
  readonly algorithm: Algorithm
}

/**
 * Reads Authorization (RFC 7616 §3.4); undefined for what is no digest with `qop=auth`: without it nothing counts
 * how often a nonce was used.
 */
export function readResponse(header: string | undefined): DigestResponse | undefined {
  if (header === undefined || header.length > 2048) return undefined
  const [parameters, ...others] = digestHeaders(header)
  if (parameters === undefined || others.length > 0) return undefined
  const value = (name: string): string => parameters.get(name) ?? ''
  const algorithm = (parameters.get('algorithm') ?? 'MD5').toUpperCase()
  if (algorithm !== 'MD5' && algorithm !== 'SHA-256') return undefined
  if (value('qop').toLowerCase() !== 'auth' || !/^[0-9a-f]{8}$/i.test(value('nc')) || value('cnonce') === '') return undefined
  return { username: value('username'), realm: value('realm'), nonce: value('nonce'), uri: value('uri'), response: value('response').toLowerCase(), cnonce: value('cnonce'), nc: value('nc'), algorithm }
}

/** What `response` must be (RFC 7616 §3.4.1). */
export function expectedResponse(given: DigestResponse, secret: string, method: string): string {
  const hash = hashOf(given.algorithm)
  return hash(secret, given.nonce, given.nc, given.cnonce, 'auth', hash(method, given.uri))
}

export function secretHashes(username: string, realm: string, password: string): SecretHashes {
  return { 'MD5': hashOf('MD5')(username, realm, password), 'SHA-256': hashOf('SHA-256')(username, realm, password) }
}

function hashOf(algorithm: Algorithm): (...parts: string[]) => string {
  return (...parts) => createHash(nodeName[algorithm]).update(parts.join(':')).digest('hex')
}
