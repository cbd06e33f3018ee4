/** Checks of signatures in the reader's own browser, so that the proof does not rest on the server's word. */

/** @typedef {'right' | 'wrong' | 'unchecked'} Proof */

/**
 * JSON as it was signed: members sorted by name, no spaces (RFC 8785 for whole numbers, texts, lists and objects).
 * @param {unknown} value @returns {string}
 */
export function canonicalJson(value) {
  return JSON.stringify(value, (_name, /** @type {unknown} */ part) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1))
  })
}

/**
 * @param {string} publicKey SPKI in DER, base64
 * @param {unknown} value what was signed
 * @param {string} signature Ed25519 (RFC 8032), base64 or base64url
 * @returns {Promise<Proof>} unchecked where the browser cannot do it: without TLS, or an old one
 */
export async function proofOf(publicKey, value, signature) {
  // Not in the types yet: outside a secure context there is none.
  const subtle = /** @type {SubtleCrypto | undefined} */ (crypto.subtle)
  if (subtle === undefined) return 'unchecked'
  /** @type {CryptoKey} */
  let key
  try {
    key = await subtle.importKey('spki', bytesOf(publicKey), { name: 'Ed25519' }, false, ['verify'])
  } catch (error) {
    return error instanceof DOMException && error.name === 'NotSupportedError' ? 'unchecked' : 'wrong'
  }
  try {
    return await subtle.verify({ name: 'Ed25519' }, key, bytesOf(signature), new TextEncoder().encode(canonicalJson(value))) ? 'right' : 'wrong'
  } catch {
    return 'wrong'
  }
}

/** @param {string} text base64 or base64url */
function bytesOf(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (sign) => sign.charCodeAt(0))
}
