import { timingSafeEqual } from 'node:crypto'
import { freshBytes } from '../ids.js'
import type { DataKey } from '../store/keyring/types.js'

/** Milliseconds for which a nonce is good; phones ask for a new one without bothering anybody (`stale`). */
export const nonceLifeMs = 300_000

const headBytes = 16

/**
 * A nonce that needs no memory: time, randomness and a tag that only we can make (RFC 7616 §5.4). The key is the
 * installation's, so that a nonce of one process is good at another.
 */
export function newNonce(key: DataKey, now: number): string {
  const head = Buffer.alloc(headBytes)
  head.writeUIntBE(now, 0, 6)
  freshBytes(headBytes - 6).copy(head, 6)
  const text = head.toString('base64url')
  return `${text}.${key.tag('nonce', text)}`
}

/** `fresh`, `stale` when it is ours and too old, `foreign` when it is not ours. */
export function judgeNonce(key: DataKey, nonce: string, now: number): 'fresh' | 'stale' | 'foreign' {
  const [text = '', tag = ''] = nonce.split('.')
  if (!sameText(tag, key.tag('nonce', text))) return 'foreign'
  const madeAt = Buffer.from(text, 'base64url').readUIntBE(0, 6)
  return now >= madeAt - nonceLifeMs && now < madeAt + nonceLifeMs ? 'fresh' : 'stale'
}

/** Compares in a time that does not depend on where they differ. */
export function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
