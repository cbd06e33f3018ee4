import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { MaskError } from '../errors.js'
import { freshBytes } from '../ids.js'

/** Seals what is personal and makes the tags by which it is found again. */
export interface Vault {
  /**
   * AES-256-GCM. @param context is authenticated beside the data (the delivery id): a blob that is moved
   * elsewhere does not open. @returns key id (1 byte), nonce (12), tag (16), ciphertext
   */
  seal: (plain: string, context: string) => Buffer
  /** @throws MaskError internal when the blob was changed, belongs elsewhere, or its key is gone */
  open: (blob: Buffer, context: string) => string
  /** A person's phone as Redis may know it: different in every pool. 22 letters of base64url. */
  lookupTag: (pool: string, phone: string) => string
  /** A shop's reference, different in every shop. */
  referenceTag: (shop: string, reference: string) => string
  /** An access code within a pool. */
  codeTag: (pool: string, code: string) => string
  /** HMAC-SHA-256 under a key of its own, cut to 16 bytes, for another room's purpose. */
  tagger: (purpose: string) => (...parts: string[]) => string
}

/** The key id that says "derived from the master key"; other ids are free for keys with a shorter life. */
const masterKeyId = 1
const nonceBytes = 12
const tagBytes = 16
const headBytes = 1 + nonceBytes + tagBytes

/** @param masterKey 32 random bytes; every purpose gets its own key out of it (HKDF-SHA-256, RFC 5869) */
export function createVault(masterKey: Buffer): Vault {
  if (masterKey.length !== 32) throw new MaskError('config_invalid', { cause: 'The master key must have 32 bytes.' })
  const derive = (purpose: string): KeyObject => createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, 'maskline', purpose, 32)))
  const tagger = (purpose: string): ((...parts: string[]) => string) => {
    const key = derive(`tag:${purpose}`)
    return (...parts) => tag(key, parts)
  }
  const sealKey = derive('seal')
  return {
    seal: (plain, context) => seal(sealKey, plain, context),
    open: (blob, context) => open(sealKey, blob, context),
    lookupTag: tagger('phone'),
    referenceTag: tagger('reference'),
    codeTag: tagger('code'),
    tagger
  }
}

/** Parts are set apart by their lengths, so that ("a", "bc") and ("ab", "c") differ. */
function tag(key: KeyObject, parts: readonly string[]): string {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(`${part.length}:${part}`)
  return hmac.digest().toString('base64url', 0, 16)
}

function seal(key: KeyObject, plain: string, context: string): Buffer {
  const nonce = freshBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.of(masterKeyId), nonce, cipher.getAuthTag(), body])
}

function open(key: KeyObject, blob: Buffer, context: string): string {
  if (blob.length < headBytes || blob[0] !== masterKeyId) throw unsealable()
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(1, 1 + nonceBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(context)).setAuthTag(blob.subarray(1 + nonceBytes, headBytes))
    return Buffer.concat([decipher.update(blob.subarray(headBytes)), decipher.final()]).toString('utf8')
  } catch {
    throw unsealable()
  }
}

function unsealable(): MaskError {
  return new MaskError('internal', { cause: 'Sealed data cannot be opened.' })
}
