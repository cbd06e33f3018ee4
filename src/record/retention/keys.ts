import type { KeyScope } from '../../store/keyring/types.js'
import { keyName } from '../../store/keys.js'

/** In the place of a shop: what belongs to pools and to the installation. */
export const systemId = 'system'

/** The tag that keeps everything of a shop, also its records, on one slot. */
const tagOf = (shopId: string): string => shopId === systemId ? systemId : `shop.${shopId}`

/** Keys of this room. */
export function retentionKeys(shopId: string): { history: string, state: string, lock: string, runs: string, holds: string } {
  const tag = tagOf(shopId)
  return {
    /** hash: version, sealed (history.ts) */
    history: keyName('ret', tag, 'history'),
    /** hash of texts and numbers: what runs and holds tell each other (state.ts) */
    state: keyName('ret', tag, 'state'),
    /** the token of the run under way */
    lock: keyName('ret', tag, 'lock'),
    /** list of reports as JSON, newest first */
    runs: keyName('ret', tag, 'runs'),
    /** hash, id → sealed hold */
    holds: keyName('ret', tag, 'holds')
  }
}

/** What seals reasons: it lives as long as its shop. */
export function sealingScope(shopId: string): KeyScope {
  return { purpose: 'settings', owner: shopId, period: '0' }
}
