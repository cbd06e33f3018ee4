import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { MaskError } from '../errors.js'
import { forever, type KeyRing, type KeyScope } from '../store/keyring/types.js'
import { keyName } from '../store/keys.js'
import type { Store } from '../store/redis.js'
import { canonicalJson } from './canonical.js'

/** Signs what others must be able to check without us: reports of deletion runs, heads and checkpoints of audit chains. */
export interface Signer {
  /** Ed25519 public key, SPKI in DER, base64; the same for the installation's whole life. */
  readonly publicKey: string
  /** @param value data of JSON; its canonical form is signed. @returns Ed25519 signature (RFC 8032), base64 */
  sign(value: unknown): string
  /** Whether the signature is ours. */
  verifies(value: unknown, signature: string): boolean
}

const scope: KeyScope = { purpose: 'audit', owner: 'system', period: '0' }
const storedAt = keyName('signing', 'system')
const context = 'signing'

/**
 * The installation's signing key, made once; its private half is kept sealed by the key ring. Processes that
 * start at the same moment end up with the same one.
 * @throws MaskError store_unavailable, store_full, key_destroyed
 */
export async function createSigner({ store, keyRing }: { store: Store, keyRing: KeyRing }): Promise<Signer> {
  const ring = await keyRing.use(scope, forever)
  const fresh = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' })
  await store.set(storedAt, ring.seal(fresh, context), { ifAbsent: true })
  const sealed = await store.get(storedAt)
  if (sealed === undefined) throw new MaskError('store_unavailable', { retryAfter: 1 })
  return signerOf(createPrivateKey({ key: ring.open(sealed, context), format: 'der', type: 'pkcs8' }))
}

function signerOf(privateKey: KeyObject): Signer {
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64')
  return {
    publicKey,
    sign: (value) => sign(null, Buffer.from(canonicalJson(value)), privateKey).toString('base64'),
    verifies: (value, signature) => verifySigned(publicKey, value, signature)
  }
}

/** Checks a signature with nothing but the public key. False also for what is no key or no signature at all. */
export function verifySigned(publicKey: string, value: unknown, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519' && verify(null, Buffer.from(canonicalJson(value)), key, Buffer.from(signature, 'base64'))
  } catch {
    return false
  }
}
