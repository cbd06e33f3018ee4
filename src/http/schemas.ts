import { Type, type Static, type TSchema } from 'typebox'
import { errorTable, type ErrorCode } from '../errors.js'
import { problemType } from './errors.js'
import { timeText } from './query.js'
import { stepNames } from '../record/trace.js'
import { HoldAnswer, RetentionAnswer, RunAnswer } from './retention-schemas.js'

const closed = { additionalProperties: false } as const

// Requests

const PhoneText = Type.String({ maxLength: 32, description: 'A phone number in E.164 form with the plus. Never part of an answer.', examples: ['+46701740605'] })
const Person = Type.Object({ phone: PhoneText }, closed)
const PartyName = Type.Union([Type.Literal('courier'), Type.Literal('customer')])
const DirectionName = Type.Union([Type.Literal('both'), Type.Literal('courier'), Type.Literal('customer')], { description: 'Who may start a call.' })
const Time = Type.String({ description: 'A date and time of RFC 3339.', examples: ['2026-01-31T12:00:00Z'], maxLength: 40 })

const expiry = {
  ttlSeconds: Type.Optional(Type.Integer({ description: 'Life from now on in seconds. Give this or expiresAt.', examples: [7200] })),
  expiresAt: Type.Optional(Time)
}

export const DeliveryRequest = Type.Object({
  reference: Type.String({
    // No control characters, no unassigned ones, no line separators.
    pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]{1,64}$',
    description: 'Your own name for the delivery: 1 to 64 printable characters.',
    examples: ['order-1001']
  }),
  courier: Person,
  customer: Person,
  ...expiry,
  direction: Type.Optional(DirectionName),
  country: Type.Optional(Type.String({ maxLength: 2, description: 'ISO 3166-1 alpha-2: where the proxy number should be from, if one is free there.', examples: ['GB'] }))
}, closed)
export type DeliveryRequest = Static<typeof DeliveryRequest>

export const ChangeRequest = Type.Object({
  ...expiry,
  direction: Type.Optional(DirectionName),
  courier: Type.Optional(Person),
  customer: Type.Optional(Person)
}, { ...closed, minProperties: 1 })
export type ChangeRequest = Static<typeof ChangeRequest>

export const PhoneRequest = Type.Object({ party: PartyName, phone: PhoneText }, closed)

export const CallRequest = Type.Object({ first: Type.Union([Type.Literal('courier'), Type.Literal('customer')], { description: 'Who is rung first; the other one is rung once this one has pressed 1.' }) }, closed)

export const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(Type.String({
    pattern: '^[\\x21-\\x7e]{1,128}$',
    description: 'Any text of your own, 1 to 128 visible ASCII characters. The same key with the same body gets the same answer for 24 hours.'
  }))
})

export const CallQuery = Type.Object({
  from: Type.Optional(timeText('RFC 3339, inclusive; without it 24 hours before `to`.')),
  to: Type.Optional(timeText('RFC 3339, exclusive; without it now.')),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
  cursor: Type.Optional(Type.String({ pattern: '^\\d{1,15}\\.[a-z]{20}$', description: 'The `next` of the page before.' }))
}, closed)

// Answers

export const ProxyNumber = Type.String({ description: 'A proxy number in E.164 form.', pattern: '^\\+[1-9]\\d{4,14}$', examples: ['+442079460001'] })

const deliveryFields = {
  id: Type.String({ examples: ['demo-bcdfghjkmnpqrstvwxyz'] }),
  reference: Type.String({ examples: ['order-1001'] }),
  state: Type.Union([Type.Literal('live'), Type.Literal('closed'), Type.Literal('expired')]),
  number: ProxyNumber,
  direction: DirectionName,
  createdAt: Time,
  expiresAt: Time,
  quarantineUntil: Type.String({ description: 'Until then the number stays reserved for these two people.', examples: ['2026-02-01T12:00:00Z'] }),
  endedAt: Type.Optional(Time)
}

export const DeliveryAnswer = Type.Object(deliveryFields, { ...closed, $id: 'Delivery' })
export type DeliveryAnswer = Static<typeof DeliveryAnswer>

export const NewDeliveryAnswer = Type.Object({
  ...deliveryFields,
  accessCode: Type.String({ description: 'Digits with which a party gets through from another phone. Shown once.', examples: ['48213'] })
}, { ...closed, $id: 'NewDelivery' })
export type NewDeliveryAnswer = Static<typeof NewDeliveryAnswer>

export const CredentialsAnswer = Type.Object({
  username: Type.String({ description: 'User of the digest and of the address to register.', examples: ['demo-bcdfghjkmnpqrstvwxyz'] }),
  password: Type.String({ description: 'Shown once.', examples: ['an example of 24 letters'] }),
  domain: Type.String({ description: 'Realm of the digest, and host of every SIP URI that the app sends.', examples: ['sip.example'] }),
  uri: Type.String({ examples: ['sip:demo-bcdfghjkmnpqrstvwxyz@sip.example'] }),
  number: Type.String({ description: 'What the app calls: sip:<number>@<domain>. An account reaches nothing else.', examples: ['+442079460001'] }),
  expiresAt: Time
}, { ...closed, $id: 'Credentials' })

export const CallAnswer = Type.Object({
  id: Type.String({ examples: ['zyxwvtsrqpnmkjhgfdcb'] }),
  deliveryId: Type.String({ examples: ['demo-bcdfghjkmnpqrstvwxyz'] }),
  reference: Type.String({ examples: ['order-1001'] }),
  startedBy: Type.Union([Type.Literal('courier'), Type.Literal('customer'), Type.Literal('shop')]),
  callee: Type.Optional(Type.Enum(['courier', 'customer', 'support'], { description: 'Who was to be reached; absent when the line refused the call.' })),
  state: Type.Union([Type.Literal('ringing'), Type.Literal('talking'), Type.Literal('ended')]),
  startedAt: Time,
  answeredAt: Type.Optional(Time),
  endedAt: Type.Optional(Time),
  ringMs: Type.Optional(Type.Integer({ examples: [4200] })),
  talkMs: Type.Optional(Type.Integer({ examples: [61000] })),
  result: Type.Optional(Type.Enum(['success', 'client_error', 'server_error', 'upstream_error', 'indeterminate'])),
  reason: Type.Optional(Type.String({ description: 'Why it ended, out of a fixed set.', examples: ['busy'] }))
}, { ...closed, $id: 'Call' })
export type CallAnswer = Static<typeof CallAnswer>

export const CallStarted = Type.Object({ id: Type.String({ examples: ['zyxwvtsrqpnmkjhgfdcb'] }), state: Type.Literal('ringing') }, closed)
export type CallStarted = Static<typeof CallStarted>

const Missed = Type.Integer({ description: 'Calls to this party that came to nothing on its side.', examples: [1] })
const Reach = Type.Object({
  reached: Type.Boolean({ description: 'Whether the parties have talked.' }),
  attempts: Type.Integer({ description: 'Calls that were to reach a party, those under way among them.', examples: [2] }),
  reachedOnAttempt: Type.Optional(Type.Integer({ description: 'Which attempt was the first to reach.', examples: [2] })),
  firstReachedAfterSeconds: Type.Optional(Type.Integer({ description: 'From the start of the first attempt to the first answer.', examples: [95] })),
  missedBy: Type.Object({ courier: Missed, customer: Missed }, closed)
}, { ...closed, description: 'How the parties of the delivery reached each other.' })
export const CallsOfDelivery = Type.Object({ calls: Type.Array(Type.Ref('Call')), summary: Reach }, closed)
export const CallsAnswer = Type.Object({
  calls: Type.Array(Type.Ref('Call')),
  next: Type.Optional(Type.String({ description: 'The cursor of the next page; absent on the last.' }))
}, closed)

export const TraceStep = Type.Object({
  at: Type.Integer({ description: 'Milliseconds from the start of the call.', examples: [4200] }),
  what: Type.Enum([...stepNames], { description: 'A message of a leg (`a` called, `b` is called; `in` came to us, `out` we sent), or something that was decided or done.' }),
  detail: Type.Optional(Type.Union([Type.Integer(), Type.String()], { description: 'A SIP status, which gateway of the trunk (from 1), or a word out of a fixed set.', examples: [180] }))
}, closed)
export const TraceAnswer = Type.Object({ call: Type.Ref('Call'), steps: Type.Array(TraceStep) }, closed)

export const NumberAnswer = Type.Object({
  number: ProxyNumber,
  country: Type.String({ examples: ['GB'] }),
  state: Type.Union([Type.Literal('in_service'), Type.Literal('draining'), Type.Literal('retired')]),
  live: Type.Integer({ description: 'Live deliveries on it.', examples: [3] }),
  held: Type.Integer({ description: 'Deliveries that are live or in quarantine.', examples: [5] })
}, { ...closed, $id: 'Number' })
export type NumberAnswer = Static<typeof NumberAnswer>
export const NumbersAnswer = Type.Object({ numbers: Type.Array(Type.Ref('Number')) }, closed)

export const AliveAnswer = Type.Object({ status: Type.Literal('ok') }, closed)
export const ReadyAnswer = Type.Object({
  ready: Type.Boolean(),
  parts: Type.Array(Type.Object({ name: Type.String({ examples: ['store'] }), ok: Type.Boolean() }, closed))
}, closed)

export const ProblemAnswer = Type.Object({
  type: Type.String({ examples: ['urn:maskline:problem:phone_invalid'] }),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String({ description: 'Stable; the thing to decide by.', examples: ['phone_invalid'] }),
  field: Type.Optional(Type.String({ description: 'The offending field, never its value.', examples: ['courier.phone'] })),
  retryAfter: Type.Optional(Type.Integer({ description: 'Seconds, as in the header Retry-After.' }))
}, { ...closed, $id: 'Problem', description: 'Problem details (RFC 9457).' })

/** Schemas that are named once in the API description and referred to from the routes. */
export const shared: readonly TSchema[] = [DeliveryAnswer, NewDeliveryAnswer, CredentialsAnswer, CallAnswer, NumberAnswer, RetentionAnswer, RunAnswer, HoldAnswer, ProblemAnswer]

// The answers of a route

/** What can happen on any route behind a key. */
const always: readonly ErrorCode[] = ['unauthorized', 'forbidden', 'rate_limited', 'request_malformed', 'request_timeout', 'deadline_exceeded', 'store_unavailable', 'internal']
/** What can happen where a body is read. */
const withBody: readonly ErrorCode[] = ['body_malformed', 'body_too_large', 'media_type_unsupported', 'request_invalid', 'store_full']

type Answers = Record<number, TSchema | { description: string, content: Record<string, { schema: TSchema }> }>

/** One entry per HTTP status out of error codes; the description lists the codes. */
export function problems(codes: readonly ErrorCode[]): Answers {
  const answers: Answers = {}
  for (const status of new Set(codes.map((code) => errorTable[code].http))) {
    const lines = codes.filter((code) => errorTable[code].http === status).map((code) => `\`${code}\`: ${errorTable[code].title}`)
    answers[status] = { description: [...new Set(lines)].join('\n\n'), content: { [problemType]: { schema: Type.Ref('Problem') } } }
  }
  return answers
}

/** Everything that a route behind a key may answer. @param codes the errors that are its own */
export function answers(success: Answers, codes: readonly ErrorCode[], options: { body?: boolean } = {}): Answers {
  return { ...success, ...problems([...always, ...options.body ? withBody : [], ...codes]) }
}
