import type { Api } from './api.js'
import type { Delivery, Shop } from './deliveries.js'
import type { Invariants } from './invariants.js'

interface CallRow {
  readonly id: string
  readonly deliveryId: string
  readonly state: string
  readonly result?: string
  readonly reason?: string
}

export interface Records {
  readonly count: number
  /** By `result reason`. */
  readonly ends: Readonly<Record<string, number>>
}

/** Reads the records of all calls: each has ended once, and every talk on a delivery has one. */
export async function checkRecords(api: Api, shops: readonly Shop[], deliveries: readonly Delivery[], since: number, invariants: Invariants): Promise<Records> {
  const all = (await Promise.all(shops.map((shop) => read(api, shop, since)))).flat()
  const of = new Map<string, number>()
  const ends: Record<string, number> = {}
  for (const { deliveryId, state, result, reason } of all) {
    of.set(deliveryId, (of.get(deliveryId) ?? 0) + 1)
    if (state !== 'ended' || result === undefined || reason === undefined) invariants.broken('record', `a record is ${state} and has no end`)
    const end = `${result ?? 'none'} ${reason ?? ''}`
    ends[end] = (ends[end] ?? 0) + 1
  }
  if (new Set(all.map(({ id }) => id)).size !== all.length) invariants.broken('record', 'a call has two records')
  for (const { id, talks } of deliveries) if ((of.get(id) ?? 0) < talks) invariants.broken('record', `${talks} talks and ${of.get(id) ?? 0} records`)
  return { count: all.length, ends }
}

async function read(api: Api, { key }: Shop, since: number): Promise<CallRow[]> {
  const all: CallRow[] = []
  for (let cursor = ''; ;) {
    const { status, body } = await api.ask('GET', `/v1/calls?from=${new Date(since).toISOString()}&limit=500${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, key === undefined ? {} : { key })
    if (status !== 200) throw new Error(`The records cannot be read (${status}).`)
    all.push(...body.calls as CallRow[])
    if (typeof body.next !== 'string') return all
    cursor = body.next
  }
}
