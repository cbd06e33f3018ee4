import { Type, type Static } from 'typebox'
import { classNames } from '../record/retention/types.js'
import { rightKinds } from '../record/rights/types.js'
import { ProxyNumber, TraceStep } from './schemas.js'

const closed = { additionalProperties: false } as const
const Time = Type.String({ description: 'A date and time of RFC 3339.', examples: ['2026-01-31T12:00:00.000Z'] })
const PhoneText = Type.String({ maxLength: 32, description: 'The person\'s phone number in E.164 form with the plus. Never part of an answer.', examples: ['+46701740605'] })
const Reason = Type.String({ maxLength: 400, description: 'For the audit trail: 1 to 300 characters, no phone number.', examples: ['Letter of the person, case T-4711'] })
const PartyName = Type.Enum(['courier', 'customer'])

// Requests

export const ProofRequest = Type.Object({ phone: PhoneText }, closed)

const Proof = Type.Union([
  Type.Object({
    kind: Type.Literal('call'),
    id: Type.String({ pattern: '^[a-z]{1,40}$', description: 'Of POST /v1/persons/proofs.' }),
    code: Type.String({ pattern: '^\\d{4,12}$', description: 'What the person has heard.', examples: ['482135'] })
  }, closed),
  Type.Object({ kind: Type.Literal('declared'), reason: Reason }, closed)
], { description: '`call`: a code that was said to this phone. `declared`: you have checked that the phone is the person\'s, and say how.' })

export const RightRequest = Type.Object({ phone: PhoneText, proof: Proof, reason: Reason }, closed)
export const RestrictionRequest = Type.Object({
  phone: PhoneText, proof: Proof, reason: Reason,
  endsAt: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339: when the restriction ends by itself; without it in 30 days, at most in three years.' }))
}, closed)

// Answers

export const ProofAnswer = Type.Object({
  id: Type.String({ examples: ['bcdfghjkmnpqrstvwxyz'] }),
  state: Type.Enum(['ringing', 'told', 'not_told'], { description: '`not_told`: nobody took the call and pressed 1.' }),
  reason: Type.Optional(Type.String({ description: 'Why nobody was told, as a reason of a call.', examples: ['no_answer'] })),
  expiresAt: Type.String({ description: 'Until then the code is good, for one request.', examples: ['2026-01-31T12:15:00.000Z'] })
}, closed)

const callTimes = {
  startedAt: Time,
  endedAt: Type.Optional(Time),
  ringMs: Type.Optional(Type.Integer()),
  talkMs: Type.Optional(Type.Integer()),
  result: Type.Optional(Type.Enum(['success', 'client_error', 'server_error', 'upstream_error', 'indeterminate']))
}
const OwnCall = Type.Object({
  role: PartyName,
  otherParty: PartyName,
  startedBy: Type.Enum(['you', 'other', 'shop']),
  state: Type.Enum(['ringing', 'talking', 'ended']),
  answeredAt: Type.Optional(Time),
  ...callTimes,
  reason: Type.Optional(Type.String({ examples: ['caller_hung_up'] })),
  recorded: Type.Boolean(),
  steps: Type.Array(TraceStep, { description: 'What happened in it, without the other party\'s side.' })
}, closed)
const ownDelivery = { role: Type.Optional(Type.Enum(['courier', 'customer'], { description: 'Absent: the phone was replaced and is only kept apart until the quarantine ends.' })), state: Type.Enum(['live', 'closed', 'expired']), createdAt: Time, expiresAt: Time }
const Class = Type.Object({
  name: Type.Enum([...classNames]),
  purpose: Type.String(),
  legalBasis: Type.Enum(['contract', 'legitimate_interest', 'legal_obligation', 'consent']),
  periodSeconds: Type.Union([Type.Null(), Type.Integer()]),
  startEvent: Type.String(),
  count: Type.Union([Type.Null(), Type.Integer()], { description: 'Pieces of data about this person; null where nothing can be told apart by person.' })
}, closed)

const Access = Type.Object({
  classes: Type.Array(Class),
  calls: Type.Array(OwnCall),
  deliveries: Type.Array(Type.Object({ ...ownDelivery, number: ProxyNumber, direction: Type.Enum(['both', 'courier', 'customer']), quarantineUntil: Time }, closed))
}, { ...closed, description: 'Art. 15 GDPR. The other party appears as a role only.' })
const Export = Type.Object({
  format: Type.Literal('maskline-person-export'),
  version: Type.Literal(1),
  calls: Type.Array(Type.Object({ role: PartyName, ...callTimes }, closed)),
  deliveries: Type.Array(Type.Object(ownDelivery, closed))
}, { ...closed, description: 'Art. 20 GDPR: what the person gave or did.' })
const Erasure = Type.Object({
  classes: Type.Array(Type.Object({ name: Type.Enum([...classNames, 'requests']), erased: Type.Integer(), held: Type.Integer({ description: 'Kept because of a legal hold or a law.' }) }, closed)),
  refused: Type.Optional(Type.Object({ reason: Type.Enum(['legal_hold', 'legal_obligation']), endsAt: Time }, closed))
}, { ...closed, description: 'Art. 17 GDPR.' })
const Restriction = Type.Object({ holdId: Type.String(), calls: Type.Integer(), days: Type.Integer(), endsAt: Time }, { ...closed, description: 'Art. 18 GDPR.' })

const requestFields = {
  id: Type.String({ examples: ['bcdfghjkmnpqrstvwxyz'] }),
  kind: Type.Enum([...rightKinds]),
  state: Type.Enum(['running', 'done', 'refused', 'failed'], { description: '`refused`: a legal hold or a law stands against all that there is.' }),
  proof: Type.Enum(['call', 'declared']),
  actorId: Type.String({ description: 'The key that asked.' }),
  createdAt: Time,
  finishedAt: Type.Optional(Time),
  expiresAt: Type.String({ description: 'When this and its result are gone.', examples: ['2026-02-01T12:00:00.000Z'] }),
  progress: Type.Object({ done: Type.Integer(), total: Type.Integer() }, { ...closed, description: 'UTC days that were looked at, of those that there are.' })
}
export const PersonRequestAnswer = Type.Object({
  ...requestFields,
  result: Type.Optional(Type.Object({
    access: Type.Optional(Access), export: Type.Optional(Export), erasure: Type.Optional(Erasure), restriction: Type.Optional(Restriction)
  }, closed))
}, { ...closed, $id: 'PersonRequest' })
export type PersonRequestAnswer = Static<typeof PersonRequestAnswer>
export const PersonRequestsAnswer = Type.Object({ requests: Type.Array(Type.Object(requestFields, closed)) }, closed)
