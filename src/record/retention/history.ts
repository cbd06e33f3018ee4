import { MaskError } from '../../errors.js'
import { forever, type DataKey, type KeyRing } from '../../store/keyring/types.js'
import type { Store } from '../../store/redis.js'
import { int } from '../../store/reply.js'
import { loadScript } from '../../store/scripts.js'
import { retentionKeys, sealingScope } from './keys.js'
import type { ClassName, RetentionChange } from './types.js'

const saveScript = loadScript(new URL('../../../src/record/retention/lua/save-history.lua', import.meta.url))
/** Two changes at once: the later one reads again, this many times. */
const attempts = 8

/** A value of a period as deletion runs have seen it. Seconds, null: off. */
export interface Applied {
  readonly value: number | null
  /** Time of the first run that saw it (Unix ms). */
  readonly from: number
}

/** All that is known of a shop's periods. */
export interface PeriodHistory {
  /** From when on it is complete (Unix ms); undefined: nothing was ever written. */
  readonly since?: number
  /** Oldest first. */
  readonly changes: readonly RetentionChange[]
  readonly applied: Readonly<Partial<Record<ClassName, readonly Applied[]>>>
}

const nothing: PeriodHistory = { changes: [], applied: {} }

export interface HistoryStore {
  read(shopId: string): Promise<PeriodHistory>
  /** Reads, changes and writes, or begins again when somebody else has written; `change` may be called several times. */
  update(shopId: string, change: (old: PeriodHistory) => PeriodHistory | Promise<PeriodHistory>): Promise<PeriodHistory>
}

/** Histories in Redis, sealed because reasons are people's own words. Rejects with MaskError only. */
export function createHistory({ store, keyRing }: { readonly store: Store, readonly keyRing: KeyRing }): HistoryStore {
  const load = async (shopId: string): Promise<{ version: number, history: PeriodHistory }> => {
    const found = await store.hgetall(retentionKeys(shopId).history)
    const blob = found.get('sealed')
    if (blob === undefined) return { version: 0, history: nothing }
    const key = await sealingKey(keyRing, shopId)
    return { version: int(found.get('version')), history: JSON.parse(key.open(blob, contextOf(shopId)).toString()) as PeriodHistory }
  }
  return {
    read: async (shopId) => (await load(shopId)).history,
    async update(shopId, change) {
      const key = await sealingKey(keyRing, shopId)
      for (let attempt = 0; attempt < attempts; attempt++) {
        const { version, history } = await load(shopId)
        const next = await change(history)
        if (next === history) return history
        const sealed = key.seal(JSON.stringify(next), contextOf(shopId))
        if (int(await store.runDurably(saveScript, [retentionKeys(shopId).history], [version, sealed])) === 1) return next
      }
      throw new MaskError('store_unavailable', { retryAfter: 1 })
    }
  }
}

const contextOf = (shopId: string): string => `retention:${shopId}`

function sealingKey(keyRing: KeyRing, shopId: string): Promise<DataKey> {
  return keyRing.use(sealingScope(shopId), forever)
}
