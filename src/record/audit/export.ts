import { verifySigned, type Signer } from '../signing.js'
import type { Audit, AuditHead, AuditVerdict } from './types.js'

/** A head of a chain for safe keeping elsewhere: whoever has it can show later that nothing before it was changed or cut off. */
export interface SignedHead extends Omit<AuditHead, 'at'> {
  /** RFC 3339, UTC. */
  readonly at: string
  /** Ed25519 over the canonical JSON of `at`, `hash`, `seq` and `shopId` as they stand here, base64. */
  readonly signature: string
  /** SPKI in DER, base64. */
  readonly publicKey: string
}

export function signHead(signer: Signer, { shopId, seq, hash, at }: AuditHead): SignedHead {
  const head = { shopId, seq, hash, at: new Date(at).toISOString() }
  return { ...head, signature: signer.sign(head), publicKey: signer.publicKey }
}

/** Whether this installation has signed this head. @param publicKey the key that is trusted, never the one in the head */
export function isSignedHead(publicKey: string, { shopId, seq, hash, at, signature }: SignedHead): boolean {
  return verifySigned(publicKey, { shopId, seq, hash, at }, signature)
}

export interface ChainReport extends AuditVerdict {
  readonly shopId: string
  /** Heads that were brought along and do not have the installation's signature. */
  readonly forgedHeads: number
}

/**
 * What `maskline audit verify` does: walks the chains, and holds them against heads that were exported earlier.
 * @param shopIds which chains; `system` is the installation's own
 */
export async function verifyChains({ audit, signer, heads = [] }: { audit: Audit, signer: Signer, heads?: readonly SignedHead[] }, shopIds: readonly string[]): Promise<ChainReport[]> {
  const reports: ChainReport[] = []
  for (const shopId of shopIds) {
    const own = heads.filter((head) => head.shopId === shopId)
    const genuine = own.filter((head) => isSignedHead(signer.publicKey, head))
    reports.push({ shopId, ...await audit.verify(shopId, genuine.map((head) => ({ ...head, at: Date.parse(head.at) }))), forgedHeads: own.length - genuine.length })
  }
  return reports
}
