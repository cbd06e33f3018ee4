import { Type, type Static } from 'typebox'
import { MaskError } from '../../errors.js'
import type { ShopUsage } from '../../line/types.js'
import { dayMs, dayOf } from '../../record/day.js'
import { emptyDay } from '../../record/statistics/suppress.js'
import { mostAttempts, type DayStatistics } from '../../record/statistics/types.js'
import type { Caps } from '../../shop/caps.js'
import type { Role } from '../../shop/access.js'
import { shopOf } from '../auth.js'
import { timeOf, timeText } from '../query.js'
import { answers } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'

const tags = ['stats']
const closed = { additionalProperties: false } as const
const roles: readonly Role[] = ['app', 'admin', 'auditor']
const defaultDays = 30

const DayText = timeText('A UTC day, or a date and time of RFC 3339 within it.', { orDay: true })
const Query = Type.Object({ from: Type.Optional(DayText), to: Type.Optional(DayText) }, closed)
const count = (description: string): ReturnType<typeof Type.Optional<ReturnType<typeof Type.Integer>>> => Type.Optional(Type.Integer({ minimum: 0, description }))
const attempts = { minItems: mostAttempts, maxItems: mostAttempts }

const Day = Type.Object({
  day: Type.String({ description: 'A UTC day.', examples: ['2026-01-31'] }),
  calls: count('All calls of deliveries that began on this day and have ended.'),
  reached: count('The parties talked.'),
  missed: count('Nobody took the call.'),
  busy: count('The called phone or the line was busy.'),
  declined: count('The called person refused the call.'),
  failed: count('Everything that was not the people\'s doing.'),
  averageRingSeconds: Type.Optional(Type.Number({ description: 'Until the answer.' })),
  averageTalkSeconds: Type.Optional(Type.Number()),
  reasons: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { description: 'Calls by `reason`, of the outcomes that are told.' }),
  tried: Type.Optional(Type.Array(Type.Integer(), { ...attempts, description: 'Deliveries that were tried once, twice, three times, four times, more often on this day.' })),
  reachedOnAttempt: Type.Optional(Type.Array(Type.Integer(), { ...attempts, description: 'Deliveries whose parties first talked on the first, second, third, fourth, a later attempt of the day.' })),
  suppressed: Type.Optional(Type.Literal(true, { description: 'Something is left out because it counts fewer than ten, or would give away what does.' }))
}, closed)
type Day = Static<typeof Day>
const Days = Type.Object({ days: Type.Array(Day) }, closed)
const live = { live: Type.Integer({ examples: [3] }), ringing: Type.Integer({ examples: [1] }), talking: Type.Integer({ examples: [2] }) }
const used = (description: string) => Type.Object({ used: Type.Integer({ minimum: 0 }), limit: Type.Integer({ minimum: 1 }) }, { ...closed, description })
const CapsNow = Type.Object({
  callsAtOnce: used('Calls that are live now, those that are being set up among them.'),
  callsPerHour: used('Calls that began in this hour.'),
  minutesPerDay: used('Whole minutes for which phones were called on this UTC day, in calls that have ended.')
}, closed)
const Now = Type.Object({ calls: Type.Object(live, closed), caps: CapsNow, today: Day }, closed)

/** Figures of a shop: how often and how fast its people reach each other. Nobody can be told from them. */
export function statsRoutes(app: Api, { statistics, calls, lines, caps, clock }: RouteDeps): void {
  const days = {
    operationId: 'dailyStats',
    summary: 'What became of the calls of each UTC day, oldest first; days without calls are left out',
    tags,
    querystring: Query,
    response: answers({ 200: Days }, ['request_invalid'])
  }
  app.get('/stats', { schema: days, config: { roles } }, async (request) => {
    const found = await statistics.days(shopOf(request).id, windowOf(request.query, clock()))
    return { days: found.map(dayView) }
  })

  const now = { operationId: 'statsNow', summary: 'The calls under way, how much of its caps the shop has used, and what became of those of today', tags, response: answers({ 200: Now }, []) }
  app.get('/stats/now', { schema: now, config: { roles } }, async (request) => {
    const { id, pool } = shopOf(request)
    const at = clock()
    const [live, usage, limits, [today]] = await Promise.all([calls.live(id), lines.usage(id, pool), caps.of(id), statistics.days(id, { from: at, to: at + 1 })])
    return { calls: live, caps: capsView(usage, limits), today: dayView(today ?? emptyDay(dayOf(at))) }
  })
}

function capsView({ callsAtOnce, callsThisHour, talkMs }: ShopUsage, limits: Caps): Static<typeof CapsNow> {
  return {
    callsAtOnce: { used: callsAtOnce, limit: limits.callsAtOnce },
    callsPerHour: { used: callsThisHour, limit: limits.callsPerHour },
    minutesPerDay: { used: Math.floor(talkMs / 60_000), limit: limits.minutesPerDay }
  }
}

function windowOf({ from, to }: Static<typeof Query>, now: number): { from: number, to: number } {
  const end = timeOrDay(to, 'to') ?? now
  const start = timeOrDay(from, 'from') ?? end - defaultDays * dayMs
  if (start > end) throw new MaskError('request_invalid', { field: 'from' })
  // The day of `to` is in.
  return { from: start, to: end + 1 }
}

function timeOrDay(text: string | undefined, field: string): number | undefined {
  return timeOf(text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text, field)
}

function dayView({ day, calls, outcomes, reasons, averageRingMs, averageTalkMs, tried, reachedOn, suppressed }: DayStatistics): Day {
  const seconds = (ms: number): number => Math.round(ms / 100) / 10
  return {
    day: day.replace(/(....)(..)(..)/, '$1-$2-$3'),
    ...(calls === undefined ? {} : { calls }),
    ...outcomes,
    ...(averageRingMs === undefined ? {} : { averageRingSeconds: seconds(averageRingMs) }),
    ...(averageTalkMs === undefined ? {} : { averageTalkSeconds: seconds(averageTalkMs) }),
    reasons: { ...reasons },
    ...(tried === undefined ? {} : { tried: [...tried] }),
    ...(reachedOn === undefined ? {} : { reachedOnAttempt: [...reachedOn] }),
    ...(suppressed ? { suppressed } : {})
  }
}
