import { Type, type Static } from 'typebox'
import { classNames, type ClassName } from '../record/retention/types.js'
import { timeText } from './query.js'

const closed = { additionalProperties: false } as const
const Time = Type.String({ description: 'A date and time of RFC 3339.', examples: ['2026-01-31T12:00:00.000Z'] })
const Name = Type.Enum([...classNames], { examples: ['record'] })
const Seconds = Type.Integer({ examples: [2592000] })
const Period = Type.Union([Seconds, Type.Null()], { description: 'Whole seconds; null: nothing of this class is kept.' })
const Reason = Type.String({ maxLength: 300, description: 'Why, in words; no phone number.', examples: ['Yearly review with the data protection officer'] })
const Count = Type.Integer({ examples: [120] })

// Requests

export const RetentionQuery = Type.Object({ at: Type.Optional(timeText('RFC 3339: how it was then.')) }, closed)

// A number, not an integer, so that each wrong one is refused in the same way, by the room that knows its bounds.
const wantedPeriod = Type.Optional(Type.Union([Type.Number(), Type.Null()]))
export const RetentionRequest = Type.Object({
  reason: Reason,
  periods: Type.Object(Object.fromEntries(classNames.map((name) => [name, wantedPeriod])) as Record<ClassName, typeof wantedPeriod>, { ...closed, minProperties: 1, description: 'Class → whole seconds, or null to switch it off. What is absent stays.', examples: [{ record: 1209600 }] }),
  statutoryBasis: Type.Optional(Type.String({ maxLength: 300, description: 'The law that asks for it; needed where `statutory` is switched on.' }))
}, closed)

export const RunsQuery = Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })) }, closed)
export const RunRequest = Type.Object({
  confirmClock: Type.Optional(Type.Boolean({ description: 'The time of day is right although it leapt.' })),
  reason: Type.Optional(Reason)
}, closed)
export const ReasonRequest = Type.Object({ reason: Reason }, closed)

export const HoldRequest = Type.Object({
  deliveryId: Type.String({ maxLength: 64, examples: ['demo-bcdfghjkmnpqrstvwxyz'] }),
  kind: Type.Optional(Type.Enum(['hold', 'restriction'], { description: '`hold`: needed for a claim (Art. 17(3)(e) GDPR), the default. `restriction`: asked by a person (Art. 18).' })),
  reason: Reason,
  endsAt: Type.String({ maxLength: 40, description: 'RFC 3339; at most three years from now. It ends by itself.', examples: ['2026-06-30T00:00:00Z'] })
}, closed)

// Answers

const Outcome = Type.Object({
  name: Name,
  due: Type.Integer({ description: 'Rows whose period was over: deleted + held + failed.', examples: [120] }),
  deleted: Count,
  held: Type.Integer({ description: 'Kept because of a hold.', examples: [0] }),
  failed: Type.Integer({ examples: [0] }),
  keysDestroyed: Type.Integer({ examples: [1] }),
  oldestLeft: Type.Optional(Time),
  nextDue: Type.Optional(Time)
}, closed)

export const RunAnswer = Type.Object({
  id: Type.String({ examples: ['zyxwvtsrqpnmkjhgfdcb'] }),
  shopId: Type.String({ examples: ['demo'] }),
  startedAt: Time,
  endedAt: Time,
  cause: Type.Enum(['interval', 'hand', 'resumed'], { description: '`resumed`: a run before it was broken off.' }),
  state: Type.Enum(['done', 'failed']),
  classes: Type.Array(Outcome),
  signature: Type.String({ description: 'Ed25519 over the canonical JSON (RFC 8785) of everything else in this object, base64.' })
}, { ...closed, $id: 'RetentionRun' })
export type RunAnswer = Static<typeof RunAnswer>

export const RunsAnswer = Type.Object({ publicKey: Type.String({ description: 'SPKI in DER, base64.' }), runs: Type.Array(Type.Ref('RetentionRun')) }, closed)
export const RunStarted = Type.Object({ state: Type.Literal('running') }, closed)

const Class = Type.Object({
  name: Name,
  purpose: Type.String(),
  legalBasis: Type.Enum(['contract', 'legitimate_interest', 'legal_obligation', 'consent'], { description: 'Art. 6(1) GDPR.' }),
  periodSeconds: Period,
  minimumSeconds: Seconds,
  maximumSeconds: Seconds,
  defaultSeconds: Period,
  canBeOff: Type.Boolean(),
  startEvent: Type.String({ description: 'From when the period runs.', examples: ['end of the delivery'] }),
  place: Type.String(),
  method: Type.String({ description: 'How it goes.' }),
  owner: Type.String({ examples: ['shop'] }),
  basis: Type.Optional(Type.String({ description: 'The law that was named.' })),
  reviewedAt: Type.Optional(Time),
  nextDue: Type.Optional(Time),
  oldestLeft: Type.Optional(Time)
}, closed)
export type ClassAnswer = Static<typeof Class>

export const RetentionAnswer = Type.Object({
  at: Time,
  classes: Type.Array(Class),
  health: Type.Object({
    state: Type.Enum(['ok', 'failing'], { description: '`failing`: what is due is not deleted; somebody has to look.' }),
    reason: Type.Optional(Type.Enum(['runs_failed', 'clock_disagrees', 'clock_jumped', 'runs_missing'])),
    lastRunAt: Type.Optional(Time),
    failures: Type.Integer({ description: 'Failed runs one after the other.', examples: [0] })
  }, closed)
}, { ...closed, $id: 'Retention' })
export type RetentionAnswer = Static<typeof RetentionAnswer>

export const ChangesAnswer = Type.Object({
  changes: Type.Array(Type.Object({
    at: Time,
    actorId: Type.String({ description: 'A key; `system` where the installation\'s default changed.' }),
    name: Name,
    from: Period,
    to: Period,
    reason: Type.String(),
    basis: Type.Optional(Type.String())
  }, closed))
}, closed)

export const HoldAnswer = Type.Object({
  id: Type.String({ examples: ['zyxwvtsrqpnmkjhgfdcb'] }),
  kind: Type.Enum(['hold', 'restriction']),
  deliveryId: Type.Optional(Type.String({ description: 'Absent for a person\'s restriction.' })),
  days: Type.Optional(Type.Integer({ description: 'Days of records that a person\'s restriction covers.' })),
  reason: Type.String(),
  authorId: Type.String(),
  createdAt: Time,
  endsAt: Time
}, { ...closed, $id: 'Hold' })
export type HoldAnswer = Static<typeof HoldAnswer>
export const HoldsAnswer = Type.Object({ holds: Type.Array(Type.Ref('Hold')) }, closed)
