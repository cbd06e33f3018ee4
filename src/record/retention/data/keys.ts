import type { KeyDestroyed, KeyInfo, KeyPurpose, KeyRing } from '../../../store/keyring/types.js'
import { systemId } from '../keys.js'
import type { ClassName, RetainedData } from '../types.js'

/** What keys destroyed in a run are told to. */
export type Destroyed = (shopId: string, proofs: readonly KeyDestroyed[]) => Promise<void>

export interface KeyDataOptions {
  readonly keyRing: Pick<KeyRing, 'list' | 'destroy'>
  readonly destroyed: Destroyed
}

/**
 * Keys that know themselves until when they are needed: whatever lies under them ends with them, in every file and
 * backup. A shop's keys go with its runs; those of pools, and of shops that are no more, with the installation's.
 */
export function createKeyData(name: ClassName, purpose: KeyPurpose, of: 'shops' | 'system', { keyRing, destroyed }: KeyDataOptions, isShop: (id: string) => boolean): RetainedData {
  const alive = async (shopId: string): Promise<KeyInfo[]> => {
    if (shopId !== systemId) return of === 'system' ? [] : keyRing.list({ purpose, owner: shopId })
    return (await keyRing.list({ purpose })).filter(({ scope }) => of === 'system' || !isShop(scope.owner))
  }
  const over = async (shopId: string, now: number): Promise<KeyInfo[]> => (await alive(shopId)).filter(({ neededUntil }) => neededUntil < now)
  return {
    name,
    of: of === 'system' ? 'system' : 'both',
    due: async ({ shopId, now }) => (await over(shopId, now)).length,
    async delete({ shopId, now, next }) {
      await next()
      const scopes = (await over(shopId, now)).map(({ scope }) => scope)
      if (scopes.length === 0) return { deleted: 0, held: 0, failed: 0, keysDestroyed: 0 }
      const proofs = await keyRing.destroy(scopes)
      await destroyed(shopId, proofs)
      return { deleted: proofs.length, held: 0, failed: 0, keysDestroyed: proofs.length }
    },
    oldest: async (shopId) => earliest((await alive(shopId)).map(({ createdAt }) => createdAt)),
    nextDue: async (shopId) => earliest((await alive(shopId)).map(({ neededUntil }) => neededUntil))
  }
}

export function earliest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times)
}
