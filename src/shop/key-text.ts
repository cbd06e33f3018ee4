import { createHash, randomBytes } from 'node:crypto'
import { newId } from '../ids.js'

/** What is told in the text of an API key `mk_<shop>_<id>_<secret>`: where its record lies. */
export interface KeyText {
  readonly shopId: string
  readonly id: string
}

const form = /^mk_([a-z0-9]{1,16})_([a-z]{16})_[\w-]{43}$/

/** A new key of 256 random bits. Only its digest is ever kept. */
export function newKeyText(shopId: string): KeyText & { readonly text: string } {
  const id = newId(16)
  return { shopId, id, text: `mk_${shopId}_${id}_${randomBytes(32).toString('base64url')}` }
}

/** @returns undefined when it is no key that we made */
export function parseKeyText(text: string): KeyText | undefined {
  const [, shopId, id] = form.exec(text) ?? []
  return shopId === undefined || id === undefined ? undefined : { shopId, id }
}

/** SHA-256. A key is long and random, so a slow hash would buy nothing. */
export function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
