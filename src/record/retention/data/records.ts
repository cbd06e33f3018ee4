import type { KeyRing, KeyScope } from '../../../store/keyring/types.js'
import { dayMs, startOfDay } from '../../day.js'
import { maximumRecordDays } from '../../pseudonyms.js'
import type { RecordShelf } from '../../types.js'
import type { Covering, RetainedData, Sweep, Swept } from '../types.js'
import type { Destroyed } from './keys.js'

export interface RecordDataOptions {
  readonly shelf: RecordShelf
  readonly keyRing: Pick<KeyRing, 'list' | 'destroy'>
  readonly destroyed: Destroyed
}

/**
 * Call records. As soon as a whole UTC day is due its key is destroyed, which makes every copy of its rows
 * unreadable wherever it lies; then the rows go, one by one as each is due. The key stays while one row of its
 * day is held; the others go all the same.
 */
export function createRecordData({ shelf, keyRing, destroyed }: RecordDataOptions): RetainedData {
  const overDays = async (shopId: string, before: number): Promise<KeyScope[]> =>
    (await keyRing.list({ purpose: 'record', owner: shopId })).map(({ scope }) => scope).filter(({ period }) => startOfDay(period) + dayMs <= before)

  const destroyKeys = async ({ shopId, before, next }: Sweep): Promise<number> => {
    const held = await heldDays(shelf, shopId, await next())
    const scopes = (await overDays(shopId, before)).filter(({ period }) => !held.has(period))
    if (scopes.length === 0) return 0
    const proofs = await keyRing.destroy(scopes)
    await destroyed(shopId, proofs)
    return proofs.length
  }

  const clearDay = async ({ shopId, before, fence, next }: Sweep, day: string): Promise<{ deleted: number, held: number, failed: number }> => {
    let covering: Covering | undefined
    const { deleted, kept } = await shelf.clear(shopId, day, {
      startedBefore: before,
      keep: (row) => covering?.covers(row) ?? true,
      beforeBatch: async () => { covering = await next() },
      fence
    })
    // Rows that no index leads to would stay for ever.
    const whole = startOfDay(day) + dayMs <= before
    return { deleted, held: kept, failed: whole ? Math.max(0, await shelf.count(shopId, day) - kept) : 0 }
  }

  return {
    name: 'record',
    of: 'shops',
    async due({ shopId, before }) {
      let count = 0
      for (const day of await dueDays(shelf, shopId, before)) count += await shelf.count(shopId, day, before)
      return count
    },
    async delete(sweep) {
      // Rows can go without their keys; a key store that is away stops nothing else.
      const keys = await destroyKeys(sweep).then((keysDestroyed) => ({ keysDestroyed, failed: 0 }), () => ({ keysDestroyed: 0, failed: 1 }))
      let swept: Swept = { deleted: 0, held: 0, ...keys }
      for (const day of await dueDays(shelf, sweep.shopId, sweep.before)) {
        const { deleted, held, failed } = await clearDay(sweep, day)
        swept = { ...swept, deleted: swept.deleted + deleted, held: swept.held + held, failed: swept.failed + failed }
      }
      for (const day of await shelf.days(sweep.shopId)) if (startOfDay(day) + maximumRecordDays * dayMs < sweep.now) await shelf.retain(sweep.shopId, day)
      return swept
    },
    oldest: (shopId) => shelf.oldest(shopId)
  }
}

async function dueDays(shelf: RecordShelf, shopId: string, before: number): Promise<string[]> {
  return (await shelf.days(shopId)).filter((day) => startOfDay(day) < before)
}

/** The days of which at least one row is held. */
export async function heldDays(shelf: RecordShelf, shopId: string, { deliveries, pseudonyms }: Covering): Promise<Set<string>> {
  const days = new Set<string>()
  for (const id of deliveries) for (const { day } of await shelf.ofDelivery(shopId, id)) days.add(day)
  for (const [day, ids] of pseudonyms) {
    for (const id of ids) if (!days.has(day) && (await shelf.ofPerson(shopId, day, id)).length > 0) days.add(day)
  }
  return days
}
