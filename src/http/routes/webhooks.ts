import { isIP } from 'node:net'
import { Type, type Static } from 'typebox'
import { MaskError } from '../../errors.js'
import { mayAct } from '../../shop/access.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { EventParam } from '../params.js'
import { answers } from '../schemas.js'
import { formatTime } from '../time.js'
import type { Api, RouteDeps } from '../types.js'
import { addressRules } from '../webhooks/address.js'
import { eventNames, failureReasons, type DeadEvent, type WebhookTarget } from '../webhooks/types.js'

const tags = ['webhooks']
const config = { roles: ['admin'] as const }
const reading = { roles: ['admin', 'auditor'] as const }
const closed = { additionalProperties: false } as const
const mostShown = 200
/** So many leave the list of dead events with one request: a second or two of work. */
const mostSentAgain = 500

const Url = Type.String({ pattern: '^https?://[^\\s]{1,480}$', description: 'https; plain http only within a network that the operator has named.', examples: ['https://shop.example/maskline'] })
const wanted = eventNames.filter((name) => name !== 'webhook.test')
const GateSettings = Type.Object({
  url: Url,
  timeoutMs: Type.Integer({ minimum: 100, maximum: 2000, description: 'How long a call waits for the answer' }),
  onFailure: Type.Union([Type.Literal('allow'), Type.Literal('deny')], { description: 'What happens without an answer' })
}, closed)
const WebhookRequest = Type.Object({
  url: Url,
  events: Type.Array(Type.Union(wanted.map((name) => Type.Literal(name))), { minItems: 0, uniqueItems: true }),
  gate: Type.Optional(Type.Union([Type.Null(), GateSettings], { description: 'Who is asked before two people are connected; null: nobody' }))
}, closed)
const WebhookAnswer = Type.Object({
  url: Url,
  events: Type.Array(Type.String()),
  gate: Type.Union([Type.Null(), GateSettings]),
  queue: Type.Object({
    waiting: Type.Integer({ description: 'Events that were not tried yet' }),
    retrying: Type.Integer({ description: 'Events that nobody took yet, to be tried again' }),
    dead: Type.Integer({ description: 'Events that are tried no more; GET /v1/webhooks/failed lists them' }),
    nextTryAt: Type.Optional(Type.String({ description: 'When something is tried next' }))
  }),
  secret: Type.Optional(Type.String({ description: 'Signs what we send (Standard Webhooks); shown once, in the answer to the first PUT.' }))
})
const SecretAnswer = Type.Object({ secret: Type.String(), formerUntil: Type.String({ description: 'Until then the former secret signs, too.' }) })
const failure = {
  reason: Type.Optional(Type.Enum([...failureReasons], { description: 'Why it was not taken: its address may not be called, no answer in time, no connection, an answer other than 2xx, or 410' })),
  status: Type.Optional(Type.Integer({ description: 'HTTP status of the answer, where there was one' }))
}
const FailedAnswer = Type.Object({
  events: Type.Array(Type.Object({
    id: Type.String(),
    type: Type.String(),
    deliveryId: Type.Optional(Type.String({ description: 'Missing where it is about the shop as a whole, and for an auditor' })),
    happenedAt: Type.String(),
    gaveUpAt: Type.String(),
    tries: Type.Integer(),
    ...failure
  }))
})
const SentAgainAnswer = Type.Object({
  sentAgain: Type.Integer({ description: 'Events that are in the queue again' }),
  left: Type.Integer({ description: 'Events that are still given up; ask again for the next ones' })
}, closed)
const TestAnswer = Type.Object({ delivered: Type.Boolean(), ...failure })

/** /v1/webhooks: where a shop's events go, and what has become of them. */
export function webhookRoutes(app: Api, deps: RouteDeps): void {
  targetRoutes(app, deps)
  secretRoute(app, deps)
  failedRoutes(app, deps)
  againRoutes(app, deps)
  testRoute(app, deps)
}

function targetRoutes(app: Api, deps: RouteDeps): void {
  const { webhooks: { targets, queue }, config: { webhooks } } = deps
  const view = async (shopId: string, { url, events, gate }: WebhookTarget, secret?: string): Promise<Static<typeof WebhookAnswer>> => {
    const { nextTryAt, ...counts } = await queue.state(shopId)
    return { url, events: [...events], gate, queue: { ...counts, ...(nextTryAt === undefined ? {} : { nextTryAt: formatTime(nextTryAt) }) }, ...(secret === undefined ? {} : { secret }) }
  }

  const read = { operationId: 'readWebhook', summary: 'Where events of the shop go, and how many wait; an auditor sees no more of an address than its host', tags, response: answers({ 200: WebhookAnswer }, ['webhook_not_found']) }
  app.get('/webhooks', { schema: read, config: reading }, async (request) => {
    const { id } = shopOf(request)
    const target = found(await targets.read(id))
    return view(id, mayAct(request.actor, 'admin') ? target : hostsOnly(target))
  })

  const set = { operationId: 'setWebhook', summary: 'Set where events go, which ones, and who is asked before a call', tags, body: WebhookRequest, response: answers({ 200: WebhookAnswer }, ['webhook_address'], { body: true }) }
  app.put('/webhooks', { schema: set, config }, async (request) => {
    const { id } = shopOf(request)
    const { url, events, gate = null } = request.body
    checkUrl(url, webhooks.allowPrivate, 'url')
    if (gate !== null) checkUrl(gate.url, webhooks.allowPrivate, 'gate.url')
    await audited(deps, request, 'webhook.change', { scope: `${events.length} kinds of events${gate === null ? '' : ', gate'}` })
    const { target, secret } = await targets.set(id, { url, events, gate })
    return view(id, target, secret)
  })

  const remove = { operationId: 'removeWebhook', summary: 'Send no more events; what waits stays until its period ends', tags, response: answers({ 204: Type.Null() }, ['webhook_not_found']) }
  app.delete('/webhooks', { schema: remove, config }, async (request, reply) => {
    const { id } = shopOf(request)
    await audited(deps, request, 'webhook.change', { scope: 'removed' })
    if (!await targets.remove(id)) throw new MaskError('webhook_not_found')
    return reply.code(204).send(null)
  })
}

function secretRoute(app: Api, deps: RouteDeps): void {
  const rotate = { operationId: 'rotateWebhookSecret', summary: 'A new secret; the former one signs beside it for a day', tags, response: answers({ 200: SecretAnswer }, ['webhook_not_found']) }
  app.post('/webhooks/secret', { schema: rotate, config }, async (request) => {
    await audited(deps, request, 'webhook.change', { scope: 'new secret' })
    const { secret, formerUntil } = await deps.webhooks.targets.rotate(shopOf(request).id)
    return { secret, formerUntil: formatTime(formerUntil) }
  })
}

function failedRoutes(app: Api, deps: RouteDeps): void {
  const { queue } = deps.webhooks
  const failed = { operationId: 'failedEvents', summary: 'Events that nobody took in time, newest first', tags, response: answers({ 200: FailedAnswer }, []) }
  app.get('/webhooks/failed', { schema: failed, config: reading }, async (request) => {
    const events = await queue.dead(shopOf(request).id, mostShown)
    const showsDeliveries = mayAct(request.actor, 'admin')
    return { events: events.map((event) => failedView(event, showsDeliveries)) }
  })

  const discard = { operationId: 'discardEvent', summary: 'Forget an event that nobody took', tags, params: EventParam, response: answers({ 204: Type.Null() }, ['webhook_not_found']) }
  app.delete('/webhooks/failed/:id', { schema: discard, config }, async (request, reply) => {
    const { id } = request.params
    if (!await queue.discard(shopOf(request).id, id)) throw new MaskError('webhook_not_found')
    await audited(deps, request, 'webhook.change', { scope: `${id} discarded` })
    return reply.code(204).send(null)
  })
}

/** What was given up is tried anew, one event or many. */
function againRoutes(app: Api, deps: RouteDeps): void {
  const { queue } = deps.webhooks
  const one = { operationId: 'sendAgain', summary: 'Try an event once more that nobody took', tags, params: EventParam, response: answers({ 202: Type.Null() }, ['webhook_not_found']) }
  app.post('/webhooks/failed/:id/redeliver', { schema: one, config }, async (request, reply) => {
    const { id } = request.params
    if (!await queue.revive(shopOf(request).id, id)) throw new MaskError('webhook_not_found')
    await audited(deps, request, 'webhook.change', { scope: `${id} sent again` })
    return reply.code(202).send(null)
  })

  const many = { operationId: 'sendAllAgain', summary: `Try all events once more that nobody took, the oldest ones first, ${mostSentAgain} at most`, tags, response: answers({ 202: SentAgainAnswer }, []) }
  app.post('/webhooks/failed/redeliver', { schema: many, config }, async (request, reply) => {
    const { id } = shopOf(request)
    const sentAgain = await queue.reviveOldest(id, mostSentAgain)
    await audited(deps, request, 'webhook.change', { scope: `${sentAgain} events sent again` })
    return reply.code(202).send({ sentAgain, left: (await queue.state(id)).dead })
  })
}

function testRoute(app: Api, deps: RouteDeps): void {
  const { webhooks } = deps
  const send = { operationId: 'testWebhook', summary: 'Send one signed event of type webhook.test now', tags, response: answers({ 200: TestAnswer }, ['webhook_not_found']) }
  app.post('/webhooks/test', { schema: send, config }, async (request) => {
    const { id } = shopOf(request)
    const sent = await webhooks.test(id, found(await webhooks.targets.read(id)))
    return sent.ok ? { delivered: true, status: sent.status } : { delivered: false, reason: sent.reason, ...(sent.status === undefined ? {} : { status: sent.status }) }
  })
}

function failedView({ id, type, deliveryId, happenedAt, diedAt, tries, failure }: DeadEvent, showsDelivery: boolean): Static<typeof FailedAnswer>['events'][number] {
  const about = showsDelivery && deliveryId !== '' ? { deliveryId } : {}
  return { id, type, ...about, happenedAt: formatTime(happenedAt), gaveUpAt: formatTime(diedAt), tries, ...failure }
}

/** The rest of an address may be what lets one in there. */
function hostsOnly(target: WebhookTarget): WebhookTarget {
  const host = (url: string): string => `${new URL(url).origin}/`
  return { ...target, url: host(target.url), gate: target.gate && { ...target.gate, url: host(target.gate.url) } }
}

function found(target: WebhookTarget | undefined): WebhookTarget {
  if (target === undefined) throw new MaskError('webhook_not_found')
  return target
}

/** What can be told from the text alone; names are looked at when they are resolved. @throws webhook_address */
function checkUrl(text: string, allowPrivate: readonly string[], field: string): void {
  if (!URL.canParse(text)) throw new MaskError('webhook_address', { field })
  const { protocol, hostname } = new URL(text)
  const address = hostname.replace(/^\[|\]$/g, '')
  const rules = addressRules(allowPrivate)
  const may = protocol === 'https:' ? rules.allows : rules.isOurs
  if (protocol === 'http:' && allowPrivate.length === 0) throw new MaskError('webhook_address', { field })
  if (isIP(address) !== 0 && !may(address)) throw new MaskError('webhook_address', { field })
}
