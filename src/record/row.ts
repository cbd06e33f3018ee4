import { keyName } from '../store/keys.js'
import type { Vault } from '../store/crypto.js'
import type { CallEnd, CallRecord, CallStart } from './types.js'

/**
 * A record as Redis holds it: short names, no number, the reference sealed because a shop may put a
 * name into it. Times are Unix milliseconds.
 */
interface Row {
  readonly d: string
  readonly ref: string
  readonly by: CallRecord['startedBy']
  readonly s: number
  readonly a?: number
  readonly e?: number
  readonly res?: CallRecord['result']
  readonly why?: string
}

/** Where a call's record lies: the bucket of the UTC day on which it began. */
export interface Place {
  readonly day: string
  readonly id: string
}

/** The UTC day of a time, `20261121`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')
}

export const placeText = ({ day, id }: Place): string => `${day}:${id}`

export function parsePlace(text: string): Place {
  const [day = '', id = ''] = text.split(':')
  return { day, id }
}

/** The keys of a shop's records; all on one slot. */
export function recordKeys(shopId: string): { rows: (day: string) => string, byStart: (day: string) => string, ofDelivery: (id: string) => string, open: string } {
  const tag = `shop.${shopId}`
  return {
    rows: (day) => keyName('rec', tag, day),
    byStart: (day) => keyName('recs', tag, day),
    ofDelivery: (id) => keyName('recd', tag, id),
    open: keyName('open', tag)
  }
}

/** @param sealed the reference as `sealReference` made it, so that it is sealed once a call */
export function writeRow(call: CallStart, sealed: string, answeredAt?: number, end?: CallEnd): string {
  const row: Row = {
    d: call.deliveryId,
    ref: sealed,
    by: call.startedBy,
    s: call.startedAt,
    ...(answeredAt === undefined ? {} : { a: answeredAt }),
    ...(end === undefined ? {} : { e: end.at, res: end.result, why: end.reason })
  }
  return JSON.stringify(row)
}

export function sealReference(vault: Vault, call: CallStart): string {
  return vault.seal(call.reference, call.id).toString('base64')
}

export function readRow(vault: Vault, id: string, text: string): CallRecord {
  const row = JSON.parse(text) as Row
  const reference = vault.open(Buffer.from(row.ref, 'base64'), id)
  return { id, deliveryId: row.d, reference, startedBy: row.by, startedAt: row.s, ...progress(row) }
}

function progress(row: Row): Pick<CallRecord, 'state'> & Partial<CallRecord> {
  if (row.e === undefined || row.res === undefined || row.why === undefined) {
    return row.a === undefined ? { state: 'ringing' } : { state: 'talking', answeredAt: row.a, ringMs: row.a - row.s }
  }
  return {
    state: 'ended',
    endedAt: row.e,
    result: row.res,
    reason: row.why,
    ringMs: (row.a ?? row.e) - row.s,
    ...(row.a === undefined ? {} : { answeredAt: row.a, talkMs: row.e - row.a })
  }
}

/** The row of a call that nobody finished, as it stands, with its end. */
export function endRow(text: string, end: CallEnd): string {
  const row = JSON.parse(text) as Row
  return JSON.stringify({ ...row, e: end.at, res: end.result, why: end.reason } satisfies Row)
}
