import type { Vault } from '../store/crypto.js'

/**
 * Seals what grants access, so that whoever can write to Redis can neither make a key or a session nor give one more
 * roles, and a record that is moved elsewhere does not open.
 */
export interface AccessSeal {
  /** @param context the place: name of the Redis key and field */
  seal(shopId: string, value: unknown, context: string): Promise<Buffer>
  /** @throws MaskError internal when it was changed or belongs elsewhere */
  open(shopId: string, blob: Buffer, context: string): Promise<unknown>
}

export function createAccessSeal(vault: Vault): AccessSeal {
  return {
    seal: async (shopId, value, context) => vault.seal(JSON.stringify(value), `${shopId} ${context}`),
    open: async (shopId, blob, context) => JSON.parse(vault.open(blob, `${shopId} ${context}`)) as unknown
  }
}
