import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { MaskError } from '../../errors.js'
import { freshBytes } from '../../ids.js'

/** The master keys of a process, 32 random bytes each. */
export interface MasterKeys {
  readonly current: Buffer
  /** The one before it, as long as some process may still know that one only. */
  readonly former?: Buffer
}

/** A master key as far as it wraps keys. */
export interface Wrapper {
  /** Says which master key this is and nothing else about it: 8 hex digits. */
  readonly id: string
  /** @param scope is authenticated beside the key: it cannot be passed off as another scope's */
  wrap(key: Buffer, scope: string): Buffer
  /** @throws MaskError internal */
  unwrap(wrapped: Buffer, scope: string): Buffer
}

const nonceBytes = 12
const tagBytes = 16
const headBytes = nonceBytes + tagBytes

/** @throws MaskError config_invalid when the master key has another length */
export function wrapperOf(master: Buffer): Wrapper {
  if (master.length !== 32) throw new MaskError('config_invalid', { cause: 'The master key must have 32 bytes.' })
  const derive = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', master, 'maskline', `keyring ${purpose}`, 32))
  const key = derive('wrap')
  return {
    id: createHash('sha256').update(derive('id')).digest('hex').slice(0, 8),
    wrap: (plain, scope) => {
      const nonce = freshBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(scope))
      const body = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), body])
    },
    unwrap: (wrapped, scope) => unwrap(key, wrapped, scope)
  }
}

function unwrap(key: Buffer, wrapped: Buffer, scope: string): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, nonceBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(scope)).setAuthTag(wrapped.subarray(nonceBytes, headBytes))
    const plain = decipher.update(wrapped.subarray(headBytes))
    decipher.final()
    return plain
  } catch {
    throw new MaskError('internal', { cause: 'A key of the key store was changed.' })
  }
}
