import type { Store } from '../store/redis.js'
import { int } from '../store/reply.js'
import { loadScript } from '../store/scripts.js'
import { goneBy } from './endings.js'
import { placeText, recordKeys, type Place, type Row } from './row.js'

const openScript = loadScript(new URL('../../src/record/lua/open-call.lua', import.meta.url))

/** Where a call's record lies, and its row as it stands. */
export interface Beginning {
  readonly shopId: string
  readonly place: Place
  readonly row: Row
}

/**
 * Opens a record, with everything by which it is found. @param leaseEnds Unix ms on the call's own clock
 * @returns false when the row was there already; nothing is changed then
 */
export async function writeBeginning(store: Store, { shopId, place, row }: Beginning, leaseEnds: number): Promise<boolean> {
  const { day, id } = place
  const keys = recordKeys(shopId)
  const pseudonyms = [row.c, row.u].filter((tag) => tag !== undefined)
  return int(await store.run(openScript, [keys.rows(day), keys.byStart(day), keys.persons(day), keys.ofDelivery(row.d), keys.open, keys.days], [
    id, placeText(place), JSON.stringify(row), row.s, leaseEnds, day, goneBy(day), ...pseudonyms
  ])) === 1
}
