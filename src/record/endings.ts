import type { Store } from '../store/redis.js'
import { int, list } from '../store/reply.js'
import { loadScript } from '../store/scripts.js'
import { dayMs, startOfDay } from './day.js'
import { outcomeOf } from './outcome.js'
import { maximumRecordDays } from './pseudonyms.js'
import { placeText, recordKeys, type Place, type Row } from './row.js'
import type { Attempt } from './types.js'

const finishScript = loadScript(new URL('../../src/record/lua/finish-call.lua', import.meta.url))
/** Days after the longest period at which Redis drops what no deletion run has ever come for. */
const slackDays = 30

/** Where an ended call belongs, and its last row. */
export interface Ending {
  readonly shopId: string
  readonly place: Place
  readonly row: Row & Required<Pick<Row, 'e' | 'why'>>
  /** Written only if the call's lease is still this one. */
  readonly lease?: number
}

/** `not_open`: it was finished before, or the server that knew it was lost; `deleted`: its row was, meanwhile. */
export type EndWritten = Attempt | 'not_open' | 'deleted'

/** Writes the end of a call and counts it, together and once. */
export async function writeEnd(store: Store, { shopId, place, row, lease }: Ending): Promise<EndWritten> {
  const { day, id } = place
  const keys = recordKeys(shopId)
  const outcome = outcomeOf({ ...(row.a === undefined ? {} : { answeredAt: row.a }), reason: row.why })
  const times = row.a === undefined ? ['', ''] : [row.a - row.s, row.e - row.a]
  const toParty = row.to === 'courier' || row.to === 'customer'
  const reply = await store.run(finishScript, [keys.rows(day), keys.open, keys.tried(day), keys.statistics(day), keys.statisticsDays], [
    id, placeText(place), JSON.stringify(row), lease ?? '', day, outcome, row.why, ...times, toParty ? row.d : '', goneBy(day)
  ])
  const [written, attempt = 0, first] = list(reply).map(int)
  if (written !== 1) return written === 0 ? 'not_open' : 'deleted'
  return { ...(attempt === 0 ? {} : { attempt }), firstReached: first === 1 }
}

/** When a day's rows go even if no deletion run has ever come (Unix ms). */
export function goneBy(day: string): number {
  return startOfDay(day) + (1 + maximumRecordDays + slackDays) * dayMs
}
