import type { Caps } from '../shop/caps.js'
import { int, list, type Reply } from '../store/reply.js'
import type { Cap, ShopUsage } from './types.js'

/** What a script counted (lua/includes/usage.lua), the call that is asked about among it. Times are milliseconds. */
export interface Usage extends ShopUsage {
  /** Of the script's clock. */
  readonly now: number
  readonly deliveryMs: number
  readonly deliveryCalls: number
  /** Of whoever calls, or is rung first; 0 where that is nobody. */
  readonly callerCalls: number
  readonly callerMs: number
  /** Of the proxy number, whichever shop calls. */
  readonly numberCalls: number
  readonly numberMs: number
}

/** A cap that is reached, or nearly so. */
export interface CapNote {
  readonly cap: Cap
  readonly state: 'near' | 'reached'
  readonly used: number
  readonly limit: number
}

/** `longestMs`: how long the two may talk. */
export type Verdict = { readonly ok: true, readonly longestMs?: number, readonly notes: readonly CapNote[] } | { readonly ok: false, readonly notes: readonly CapNote[] }

/** From the answer of the first phone that we ring to the talk: asking to accept, hints, ringing the other. */
export const preludeMs = 60_000
/** Rather no talk than a shorter one, unless the shop's talks are no longer. */
const leastTalkMs = 60_000
/** Share of a cap from which on the shop is told. */
const nearShare = 0.8
const minuteMs = 60_000

export function usageOf(reply: Reply): Usage {
  const [now, callsAtOnce, callsThisHour, talkMs, deliveryMs, deliveryCalls, callerCalls, callerMs, numberCalls, numberMs] = list(reply).map(int) as [number, number, number, number, number, number, number, number, number, number]
  return { now, callsAtOnce, callsThisHour, talkMs, deliveryMs, deliveryCalls, callerCalls, callerMs, numberCalls, numberMs }
}

/**
 * May this call go on, and how long may it be? Pure.
 * Every live call counts as long as it may become, until it ends and counts as long as it was. Each of several calls at
 * the same instant is counted before it is judged, and sees those before it: so together they stay within the minutes.
 */
export function judge(usage: Usage, caps: Caps): Verdict {
  const longestMs = caps.longestTalkSeconds * 1000
  const reserved = (calls: number): number => Math.max(0, calls - 1) * (longestMs + preludeMs)
  const left = {
    minutes_per_day: caps.minutesPerDay * minuteMs - usage.talkMs - reserved(usage.callsAtOnce),
    delivery_minutes_per_day: caps.deliveryMinutesPerDay * minuteMs - usage.deliveryMs - reserved(usage.deliveryCalls),
    caller_minutes_per_day: caps.callerMinutesPerDay * minuteMs - usage.callerMs - reserved(usage.callerCalls),
    number_minutes_per_day: caps.numberMinutesPerDay * minuteMs - usage.numberMs - reserved(usage.numberCalls)
  }
  const counts = countsOf(usage, caps)
  const least = Math.min(leastTalkMs, longestMs) + preludeMs
  const reached = counts.filter(({ cap, used, limit }) => cap in left ? left[cap as keyof typeof left] < least : used > limit)
  if (reached.length > 0) return { ok: false, notes: reached.map((count) => ({ ...count, state: 'reached' })) }
  const near = counts.filter(({ used, limit }) => used >= limit * nearShare)
  return { ok: true, longestMs: Math.min(longestMs, ...Object.values(left).map((ms) => ms - preludeMs)), notes: near.map((count) => ({ ...count, state: 'near' })) }
}

function countsOf(usage: Usage, caps: Caps): Omit<CapNote, 'state'>[] {
  const minutes = (ms: number): number => Math.floor(ms / minuteMs)
  return [
    { cap: 'calls_at_once', used: usage.callsAtOnce, limit: caps.callsAtOnce },
    { cap: 'calls_per_hour', used: usage.callsThisHour, limit: caps.callsPerHour },
    { cap: 'minutes_per_day', used: minutes(usage.talkMs), limit: caps.minutesPerDay },
    { cap: 'delivery_minutes_per_day', used: minutes(usage.deliveryMs), limit: caps.deliveryMinutesPerDay },
    { cap: 'caller_calls_at_once', used: usage.callerCalls, limit: caps.callerCallsAtOnce },
    { cap: 'caller_minutes_per_day', used: minutes(usage.callerMs), limit: caps.callerMinutesPerDay },
    { cap: 'number_calls_at_once', used: usage.numberCalls, limit: caps.numberCallsAtOnce },
    { cap: 'number_minutes_per_day', used: minutes(usage.numberMs), limit: caps.numberMinutesPerDay }
  ]
}
