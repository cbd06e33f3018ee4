import type { KeyRing } from '../../../store/keyring/types.js'
import { dayMs, startOfDay } from '../../day.js'
import type { Recordings } from '../../recordings/types.js'
import type { RecordShelf } from '../../types.js'
import type { Covering, RetainedData, Sweep } from '../types.js'
import type { Destroyed } from './keys.js'

export interface RecordingDataOptions {
  readonly recordings: Pick<Recordings, 'days' | 'ofDay' | 'remove'>
  readonly shelf: Pick<RecordShelf, 'ofDelivery' | 'ofPerson'>
  readonly keyRing: Pick<KeyRing, 'list' | 'destroy'>
  readonly destroyed: Destroyed
}

/** Recorded talks, day by day: a held one stays with the key of its day, the others of the day go. */
export function createRecordingData({ recordings, shelf, keyRing, destroyed }: RecordingDataOptions): RetainedData {
  /** Switched off, nothing is kept, not even today's; today's key is left for the day to end. */
  const isDue = ({ before, now }: Sweep, day: string): boolean => before >= now || startOfDay(day) + dayMs <= before
  const dueDays = async (sweep: Sweep): Promise<string[]> => (await recordings.days(sweep.shopId)).filter((day) => isDue(sweep, day))

  const destroyKeys = async (sweep: Sweep, held: ReadonlySet<string>): Promise<number> => {
    const keys = await keyRing.list({ purpose: 'recording', owner: sweep.shopId })
    const scopes = keys.map(({ scope }) => scope).filter(({ period }) => startOfDay(period) + dayMs <= sweep.before && !held.has(period))
    if (scopes.length === 0) return 0
    const proofs = await keyRing.destroy(scopes)
    await destroyed(sweep.shopId, proofs)
    return proofs.length
  }

  return {
    name: 'recording',
    of: 'shops',
    async due(sweep) {
      let count = 0
      for (const day of await dueDays(sweep)) count += (await recordings.ofDay(sweep.shopId, day)).length
      return count
    },
    async delete(sweep) {
      const { shopId, next } = sweep
      const days = await dueDays(sweep)
      let known = await next()
      let heldOn = await heldCalls(shelf, recordings, shopId, days, known)
      const keysDestroyed = await destroyKeys(sweep, new Set(heldOn.keys()))
      let [deleted, held] = [0, 0]
      for (const day of days) {
        for (const callId of await recordings.ofDay(shopId, day)) {
          const covering = await next()
          if (covering !== known) heldOn = await heldCalls(shelf, recordings, shopId, days, known = covering)
          if (heldOn.get(day)?.has(callId)) held++
          else if (await recordings.remove(shopId, callId)) deleted++
        }
      }
      return { deleted, held, failed: 0, keysDestroyed }
    },
    async oldest(shopId) {
      const [first] = await recordings.days(shopId)
      return first === undefined ? undefined : startOfDay(first) + dayMs
    }
  }
}

/** The recorded calls of these days that are held, found through the records of the calls. */
async function heldCalls(shelf: RecordingDataOptions['shelf'], recordings: RecordingDataOptions['recordings'], shopId: string, days: readonly string[], { deliveries, pseudonyms }: Covering): Promise<Map<string, Set<string>>> {
  const held = new Map<string, Set<string>>()
  const add = (day: string, id: string): void => { if (days.includes(day)) held.set(day, (held.get(day) ?? new Set()).add(id)) }
  for (const delivery of deliveries) for (const { day, id } of await shelf.ofDelivery(shopId, delivery)) add(day, id)
  for (const [day, ids] of pseudonyms) {
    if (days.includes(day)) for (const one of ids) for (const { id } of await shelf.ofPerson(shopId, day, one)) add(day, id)
  }
  for (const [day, ids] of held) {
    const recorded = new Set(await recordings.ofDay(shopId, day))
    const kept = new Set([...ids].filter((id) => recorded.has(id)))
    if (kept.size === 0) held.delete(day)
    else held.set(day, kept)
  }
  return held
}
