import { forever, type KeyRing, type KeyScope } from '../store/keyring/types.js'

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

export function createAccessSeal(keyRing: KeyRing): AccessSeal {
  const scope = (owner: string): KeyScope => ({ purpose: 'access', owner, period: '0' })
  return {
    seal: async (shopId, value, context) => (await keyRing.use(scope(shopId), forever)).seal(JSON.stringify(value), context),
    open: async (shopId, blob, context) => JSON.parse((await keyRing.open(blob, { purpose: 'access', owner: shopId }, context)).toString('utf8')) as unknown
  }
}
