import { Type, type Static } from 'typebox'
import { within } from '../../deadline.js'
import { asMaskError, MaskError } from '../../errors.js'
import { signHead } from '../../record/audit/export.js'
import { auditActions, type AuditEntry, type AuditHead, type AuditVerdict } from '../../record/audit/types.js'
import type { Role } from '../../shop/access.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { numberLimit, timeText, windowOf } from '../query.js'
import { answers } from '../schemas.js'
import { formatTime } from '../time.js'
import type { Api, RouteDeps } from '../types.js'

const tags = ['audit']
const closed = { additionalProperties: false } as const
const roles: readonly Role[] = ['admin', 'auditor']
/** How long a verdict is kept for whoever asks again, and after how many seconds they should. */
const keptMs = 60_000
const retrySeconds = 2
const Time = Type.String({ description: 'A date and time of RFC 3339.', examples: ['2026-01-31T12:00:00.000Z'] })
const Hash = Type.String({ description: 'HMAC-SHA-256 over the entry ahead and this one, 128 bits in hex.', examples: ['5f0c2d9b8a7e4f3160c1b2a3d4e5f607'] })

const Query = Type.Object({
  from: Type.Optional(timeText('RFC 3339, inclusive; without it from the beginning.')),
  to: Type.Optional(timeText('RFC 3339, exclusive.')),
  action: Type.Optional(Type.Enum([...auditActions], { description: 'Only entries of this action.', examples: ['retention.change'] })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
  cursor: Type.Optional(Type.String({ pattern: '^\\d{13}-\\d{1,6}$', description: 'The `next` of the page before.' }))
}, closed)

const Entry = Type.Object({
  seq: Type.Integer({ description: 'Place in the chain, from 1.', examples: [42] }),
  at: Time,
  actorId: Type.String({ description: 'A key, `system` or `cli`.', examples: ['bcdfghjkmnpq'] }),
  roles: Type.Array(Type.String()),
  action: Type.String({ examples: ['settings.change'] }),
  scope: Type.Optional(Type.String({ description: 'What it was about: ids, classes, counts.' })),
  reason: Type.Optional(Type.String()),
  result: Type.Enum(['done', 'refused', 'failed']),
  hash: Hash
}, closed)
const Entries = Type.Object({ entries: Type.Array(Entry), next: Type.Optional(Type.String({ description: 'The cursor of the next page; absent on the last.' })) }, closed)
const headFields = { shopId: Type.String(), seq: Type.Integer(), hash: Hash, at: Time }
const Head = Type.Object(headFields, closed)
const Verdict = Type.Object({
  whole: Type.Boolean(),
  checked: Type.Integer({ description: 'Entries that were found right.' }),
  head: Type.Optional(Head),
  brokenAt: Type.Optional(Type.Integer({ description: 'First place where something is wrong.' })),
  fault: Type.Optional(Type.Enum(['changed', 'missing', 'reordered', 'truncated', 'unreadable']))
}, closed)
const SignedHead = Type.Object({
  ...headFields,
  signature: Type.String({ description: 'Ed25519 over `{"at":…,"hash":…,"seq":…,"shopId":…}` without spaces, base64.' }),
  publicKey: Type.String({ description: 'SPKI in DER, base64.' })
}, closed)

/** /v1/audit: who did what; whether the trail is whole; its head for safe keeping elsewhere. Looking at it stands in it too. */
export function auditRoutes(app: Api, deps: RouteDeps): void {
  listRoute(app, deps)
  verifyRoute(app, deps)
  headRoute(app, deps)
}

function listRoute(app: Api, deps: RouteDeps): void {
  const schema = { operationId: 'listAudit', summary: 'Who looked at or changed what, newest first', tags, querystring: Query, response: answers({ 200: Entries }, ['request_invalid']) }
  app.get('/audit', { schema, config: { roles }, preValidation: numberLimit }, async (request) => {
    const { action, limit = 100, cursor } = request.query
    const page = await deps.audit.list(shopOf(request).id, { ...windowOf(request.query), limit, ...(action === undefined ? {} : { action }), ...(cursor === undefined ? {} : { cursor }) })
    await audited(deps, request, 'audit.read', { scope: `${page.entries.length} entries${action === undefined ? '' : ` of ${action}`}` })
    return { entries: page.entries.map(entryView), ...(page.next === undefined ? {} : { next: page.next }) }
  })
}

function verifyRoute(app: Api, deps: RouteDeps): void {
  const schema = {
    operationId: 'verifyAudit',
    summary: 'Whether the trail is whole: nothing changed, missing, out of order or cut off',
    tags,
    response: answers({ 200: Verdict }, [])
  }
  const walks = new Walks(deps)
  app.get('/audit/verify', { schema, config: { roles } }, async (request) => {
    const verdict = await walks.of(shopOf(request).id)
    if (verdict === undefined) {
      await audited(deps, request, 'audit.verify', { scope: 'under way' })
      throw new MaskError('deadline_exceeded', { retryAfter: retrySeconds })
    }
    await audited(deps, request, 'audit.verify', { scope: verdict.whole ? `${verdict.checked} entries whole` : `${verdict.fault ?? 'broken'} at ${verdict.brokenAt ?? 0}` })
    return verdictView(verdict)
  })
}

/** A million entries may take longer than a request: it goes on meanwhile, and whoever asks again gets what it has found. */
class Walks {
  readonly #found = new Map<string, { readonly verdict: AuditVerdict, readonly at: number }>()

  constructor(private readonly deps: RouteDeps) {}

  /** @returns undefined when it is still under way */
  async of(shopId: string): Promise<AuditVerdict | undefined> {
    const { audit, clock, config } = this.deps
    const found = this.#found.get(shopId)
    this.#found.delete(shopId)
    if (found !== undefined && clock() - found.at < keptMs) return found.verdict
    const walk = audit.verify(shopId)
    const verdict = await within(config.http.requestTimeoutMs / 2, walk).catch(unlessLate)
    if (verdict === undefined) walk.then((late) => this.#found.set(shopId, { verdict: late, at: clock() }), () => undefined)
    return verdict
  }
}

function unlessLate(error: unknown): undefined {
  if (asMaskError(error).code === 'deadline_exceeded') return undefined
  throw error
}

function headRoute(app: Api, deps: RouteDeps): void {
  const schema = { operationId: 'auditHead', summary: 'The newest entry\'s hash, signed, to be kept outside', tags, response: answers({ 200: SignedHead }, ['not_found']) }
  app.get('/audit/head', { schema, config: { roles } }, async (request) => {
    await audited(deps, request, 'audit.head')
    const head = await deps.audit.head(shopOf(request).id)
    if (head === undefined) throw new MaskError('not_found')
    return signHead(deps.signer, head)
  })
}

function entryView({ seq, at, actor, action, scope, reason, result, hash }: AuditEntry): Static<typeof Entry> {
  return {
    seq, at: formatTime(at), actorId: actor.id, roles: [...actor.roles], action, result, hash,
    ...(scope === undefined ? {} : { scope }),
    ...(reason === undefined ? {} : { reason })
  }
}

const headView = ({ shopId, seq, hash, at }: AuditHead): Static<typeof Head> => ({ shopId, seq, hash, at: formatTime(at) })

function verdictView({ whole, checked, head, brokenAt, fault }: AuditVerdict): Static<typeof Verdict> {
  return {
    whole, checked,
    ...(head === undefined ? {} : { head: headView(head) }),
    ...(brokenAt === undefined ? {} : { brokenAt }),
    ...(fault === undefined ? {} : { fault })
  }
}
