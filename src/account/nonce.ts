import { timingSafeEqual } from 'node:crypto'
import { freshBytes } from '../ids.js'
import type { Source } from '../sip/types.js'
import type { DataKey } from '../store/keyring/types.js'

/** Milliseconds for which a nonce is good; phones ask for a new one without bothering anybody (`stale`). */
export const nonceLifeMs = 300_000

const headBytes = 16

/**
 * A nonce that needs no memory: time, randomness, the socket that it is sent to, and a tag that only we can make
 * (RFC 7616 §5.4). Whoever writes another sender into a datagram does not hear what is sent there, and so has no nonce
 * that is good from there: calls to an app go where its REGISTER came from. The key is the installation's, so that a
 * nonce of one process is good at another.
 */
export function newNonce(key: DataKey, socket: Source, now: number): string {
  const head = Buffer.alloc(headBytes)
  head.writeUIntBE(now, 0, 6)
  freshBytes(headBytes - 6).copy(head, 6)
  const text = `${head.toString('base64url')}.${placeOf(key, socket)}`
  return `${text}.${key.tag('nonce', text)}`
}

/** `fresh`, `stale` when it is ours but too old or another socket's, `foreign` when it is not ours. */
export function judgeNonce(key: DataKey, nonce: string, socket: Source, now: number): 'fresh' | 'stale' | 'foreign' {
  const [head = '', place = '', tag = ''] = nonce.split('.')
  if (!sameText(tag, key.tag('nonce', `${head}.${place}`))) return 'foreign'
  const madeAt = Buffer.from(head, 'base64url').readUIntBE(0, 6)
  const inTime = now >= madeAt - nonceLifeMs && now < madeAt + nonceLifeMs
  return inTime && sameText(place, placeOf(key, socket)) ? 'fresh' : 'stale'
}

const placeOf = (key: DataKey, { address, port }: Source): string => key.tag('nonce socket', address, String(port))

/** Compares in a time that does not depend on where they differ. */
export function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
