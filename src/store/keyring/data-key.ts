import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { MaskError } from '../../errors.js'
import { freshBytes } from '../../ids.js'
import type { DataKey, KeyScope } from './types.js'

/** Blobs of this making; 1 was the one before. */
const format = 2
const nonceBytes = 12
const tagBytes = 16
const markBytes = 5
const headBytes = markBytes + nonceBytes + tagBytes

const derive = (secret: Buffer, purpose: string, bytes: number): Buffer => Buffer.from(hkdfSync('sha256', secret, 'maskline', `data ${purpose}`, bytes))

/** Tells keys apart without telling anything about them: 32 hex digits. */
export function fingerprintOf(secret: Buffer): string {
  return derive(secret, 'fingerprint', 16).toString('hex')
}

/** The period whose key opens a blob. @throws MaskError internal when it is none of ours */
export function periodOf(blob: Buffer): string {
  if (blob.length < headBytes || blob[0] !== format) throw unsealable()
  return String(blob.readUInt32BE(1))
}

/** A key in use. */
export interface LiveKey extends DataKey {
  readonly fingerprint: string
  /** Overwrites what is in memory; every use fails from then on. */
  wipe(): void
}

/** @param secret 32 bytes; overwritten before this returns */
export function liveKey(scope: KeyScope, secret: Buffer): LiveKey {
  const parts = { seal: derive(secret, 'seal', 32), tag: derive(secret, 'tag', 32) }
  const fingerprint = fingerprintOf(secret)
  secret.fill(0)
  let gone = false
  const part = (name: keyof typeof parts): Buffer => {
    if (gone) throw new MaskError('key_destroyed')
    return parts[name]
  }
  const mark = Buffer.alloc(markBytes, format)
  mark.writeUInt32BE(Number(scope.period), 1)
  return {
    scope,
    fingerprint,
    seal: (plain, context) => seal(part('seal'), mark, plain, context),
    open: (blob, context) => open(part('seal'), mark, blob, context),
    tag: (...texts) => tag(part('tag'), texts),
    wipe() {
      gone = true
      for (const one of Object.values(parts)) one.fill(0)
    }
  }
}

function seal(key: Buffer, mark: Buffer, plain: string | Buffer, context: string): Buffer {
  const nonce = freshBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.concat([mark, Buffer.from(context)]))
  const body = Buffer.concat([typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain), cipher.final()])
  return Buffer.concat([mark, nonce, cipher.getAuthTag(), body])
}

function open(key: Buffer, mark: Buffer, blob: Buffer, context: string): Buffer {
  if (blob.length < headBytes || !blob.subarray(0, markBytes).equals(mark)) throw unsealable()
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(markBytes, markBytes + nonceBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.concat([mark, Buffer.from(context)])).setAuthTag(blob.subarray(markBytes + nonceBytes, headBytes))
    return Buffer.concat([decipher.update(blob.subarray(headBytes)), decipher.final()])
  } catch {
    throw unsealable()
  }
}

/** Parts are set apart by their lengths, so that ("a", "bc") and ("ab", "c") differ. */
function tag(key: Buffer, parts: readonly string[]): string {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(`${part.length}:${part}`)
  return hmac.digest().toString('base64url', 0, 16)
}

function unsealable(): MaskError {
  return new MaskError('internal', { cause: 'Sealed data cannot be opened.' })
}
