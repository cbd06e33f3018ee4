import { keyName } from '../store/keys.js'
import type { DataKey } from '../store/keyring/types.js'
import { pseudonymOf } from './pseudonyms.js'
import { openTrace, type TraceStep } from './trace.js'
import type { CallEnd, CallRecord, CallStart, RowFacts } from './types.js'

export { dayOf } from './day.js'

/**
 * A record as Redis holds it: short names, no number; the reference sealed because a shop may put a name
 * into it, people as pseudonyms of that shop and day. Times are Unix milliseconds.
 */
export interface Row {
  readonly d: string
  readonly ref: string
  readonly by: CallRecord['startedBy']
  readonly to?: CallRecord['callee']
  /** Pseudonyms of courier and customer. */
  readonly c?: string
  readonly u?: string
  readonly s: number
  readonly a?: number
  readonly e?: number
  readonly res?: CallRecord['result']
  readonly why?: string
  /** What happened in it, sealed (trace.ts). */
  readonly t?: string
}

/** Where a call's record lies: the bucket of the UTC day on which it began. */
export interface Place {
  readonly day: string
  readonly id: string
}

export const placeText = ({ day, id }: Place): string => `${day}:${id}`

export function parsePlace(text: string): Place {
  const [day = '', id = ''] = text.split(':')
  return { day, id }
}

/** The keys of a shop's records; all on one slot. What they hold stands in lua/open-call.lua and lua/finish-call.lua. */
export interface RecordKeys {
  readonly days: string
  readonly open: string
  readonly statisticsDays: string
  rows(day: string): string
  byStart(day: string): string
  persons(day: string): string
  tried(day: string): string
  ofDelivery(id: string): string
  statistics(day: string): string
}

export function recordKeys(shopId: string): RecordKeys {
  const tag = `shop.${shopId}`
  const of = (kind: string) => (rest: string): string => keyName(kind, tag, rest)
  return {
    days: keyName('recdays', tag),
    open: keyName('open', tag),
    statisticsDays: keyName('statdays', tag),
    rows: of('rec'),
    byStart: of('recs'),
    persons: of('recp'),
    tried: of('rect'),
    ofDelivery: of('recd'),
    statistics: of('stat')
  }
}

/** What stands in a row from its first moment to its last: the number of nobody. */
export function beginRow(key: DataKey, call: CallStart): Row {
  const { courier, customer } = call.phones
  return {
    d: call.deliveryId,
    ref: key.seal(call.reference, call.id).toString('base64'),
    by: call.startedBy,
    ...(call.callee === undefined ? {} : { to: call.callee }),
    ...(courier === undefined ? {} : { c: pseudonymOf(key, courier) }),
    ...(customer === undefined ? {} : { u: pseudonymOf(key, customer) }),
    s: call.startedAt
  }
}

/** A row with what has become of the call. Clocks may jump; an answer before the start or an end before the answer is none. */
export function withEnd(row: Row, end: CallEnd): Row & Required<Pick<Row, 'e' | 'why'>> {
  const answeredAt = end.answeredAt ?? row.a
  const a = answeredAt === undefined ? undefined : Math.max(row.s, answeredAt)
  return { ...row, ...(a === undefined ? {} : { a }), e: Math.max(a ?? row.s, end.at), res: end.result, why: end.reason }
}

export function withAnswer(row: Row, at: number): Row {
  return { ...row, a: Math.max(row.s, at) }
}

export const parseRow = (text: Buffer | string): Row => JSON.parse(text.toString()) as Row

export function factsOf({ day, id }: Place, { d, s, c, u }: Row): RowFacts {
  return { id, day, deliveryId: d, startedAt: s, pseudonyms: { ...(c === undefined ? {} : { courier: c }), ...(u === undefined ? {} : { customer: u }) } }
}

/** @throws MaskError internal when the row was changed or belongs elsewhere */
export function readRow(key: DataKey, id: string, row: Row): CallRecord {
  const reference = key.open(Buffer.from(row.ref, 'base64'), id).toString('utf8')
  return {
    id, deliveryId: row.d, reference, startedBy: row.by,
    ...(row.to === undefined ? {} : { callee: row.to }),
    startedAt: row.s, ...progress(row)
  }
}

/** What happened in the call, as far as it was noted. @throws as readRow */
export function stepsOf(key: DataKey, id: string, { t }: Row): TraceStep[] {
  return t === undefined ? [] : openTrace(key, id, t)
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
