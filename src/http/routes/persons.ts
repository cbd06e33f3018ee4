import type { FastifyRequest } from 'fastify'
import { MaskError } from '../../errors.js'
import { parsePerson } from '../../phone/e164.js'
import type { E164 } from '../../phone/types.js'
import { longestHoldMs } from '../../record/retention/holds.js'
import type { Proof, RightKind, RightsRequest } from '../../record/rights/types.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { deliveryInput } from '../delivery-input.js'
import { IdParam } from '../params.js'
import { PersonRequestAnswer, PersonRequestsAnswer, ProofAnswer, ProofRequest, RestrictionRequest, RightRequest } from '../person-schemas.js'
import { personRequestView, proofView } from '../person-views.js'
import { timeOf } from '../query.js'
import { answers } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'

const tags = ['persons']
const config = { roles: ['admin'] as const }

/**
 * /v1/persons: what a person may ask of the shop, by their phone number. No Idempotency-Key: what is kept for a
 * repetition would be a second copy of the result, and a proof is good for one request anyway.
 */
export function personRoutes(app: Api, deps: RouteDeps): void {
  proofRoutes(app, deps)
  rightRoutes(app, deps)
  requestRoutes(app, deps)
}

function proofRoutes(app: Api, deps: RouteDeps): void {
  // As strict as for a line: it will be dialled.
  const input = deliveryInput(deps.config.line, deps.lines, deps.clock)
  const prove = {
    operationId: 'provePhone',
    summary: 'Ring a phone and say a code to whoever presses 1 there',
    tags,
    body: ProofRequest,
    response: answers({ 202: ProofAnswer }, ['phone_invalid', 'phone_emergency', 'phone_not_allowed', 'phone_is_proxy', 'rate_limited', 'pool_drained', 'sip_unavailable'], { body: true })
  }
  app.post('/persons/proofs', { schema: prove, config }, async (request, reply) => {
    const { id: shopId, pool } = shopOf(request)
    const phone = input.phone(request.body.phone, 'phone')
    const proof = await deps.rights.prove({ shopId, actor: actorOf(request), phone, poolId: pool })
    return reply.code(202).header('location', `/v1/persons/proofs/${proof.id}`).send(proofView(proof))
  })

  const read = { operationId: 'readProof', summary: 'Whether the code was said', tags, params: IdParam, response: answers({ 200: ProofAnswer }, ['not_found', 'request_invalid']) }
  app.get('/persons/proofs/:id', { schema: read, config }, async (request) => proofView(await deps.rights.proof(shopOf(request).id, request.params.id)))
}

const summaries: Readonly<Record<RightKind, string>> = {
  access: 'What is stored about a person (Art. 15)',
  erasure: 'Delete what is stored about a person (Art. 17)',
  restriction: 'Neither show nor delete what is stored about a person, until a time (Art. 18)',
  export: 'What a person has provided, for other machines to read (Art. 20)'
}

function rightRoutes(app: Api, deps: RouteDeps): void {
  const schemaOf = (kind: RightKind) => ({
    operationId: `person${kind[0]!.toUpperCase()}${kind.slice(1)}`,
    summary: summaries[kind],
    tags,
    response: answers({ 200: PersonRequestAnswer, 202: PersonRequestAnswer }, ['phone_invalid', 'phone_emergency', 'proof_invalid', 'rate_limited'], { body: true })
  })
  for (const kind of ['access', 'erasure', 'export'] as const) {
    app.post(`/persons/${kind}`, { schema: { ...schemaOf(kind), body: RightRequest }, config }, async (request, reply) => {
      const answer = await ask(deps, request, kind, request.body)
      return reply.code(statusOf(answer)).send(personRequestView(answer))
    })
  }
  app.post('/persons/restriction', { schema: { ...schemaOf('restriction'), body: RestrictionRequest }, config }, async (request, reply) => {
    const answer = await ask(deps, request, 'restriction', request.body)
    return reply.code(statusOf(answer)).send(personRequestView(answer))
  })
}

interface Asked {
  readonly phone: string
  readonly proof: Proof
  readonly reason: string
  readonly endsAt?: string
}

async function ask(deps: RouteDeps, request: FastifyRequest, kind: RightKind, { phone, proof, reason, endsAt }: Asked): Promise<RightsRequest> {
  const end = timeOf(endsAt, 'endsAt')
  if (end !== undefined && (end <= deps.clock() || end > deps.clock() + longestHoldMs)) throw new MaskError('request_invalid', { field: 'endsAt' })
  return deps.rights.request({
    shopId: shopOf(request).id, actor: actorOf(request), kind, phone: personOf(phone, deps), proof, reason,
    ...(end === undefined ? {} : { endsAt: end })
  })
}

function requestRoutes(app: Api, deps: RouteDeps): void {
  const list = { operationId: 'listPersonRequests', summary: 'What people have asked for in the last day, newest first', tags, response: answers({ 200: PersonRequestsAnswer }, []) }
  app.get('/persons/requests', { schema: list, config }, async (request) => ({ requests: (await deps.rights.list(shopOf(request).id)).map(personRequestView) }))

  const read = { operationId: 'readPersonRequest', summary: 'How far a request has come, and its result', tags, params: IdParam, response: answers({ 200: PersonRequestAnswer }, ['not_found', 'request_invalid', 'key_destroyed']) }
  app.get('/persons/requests/:id', { schema: read, config }, async (request) => {
    const found = await deps.rights.find(shopOf(request).id, request.params.id)
    // Whoever watches the progress sees nothing of the person yet.
    if (found.result !== undefined) await audited(deps, request, 'persons.read', { scope: `request ${found.id}: ${found.kind}` })
    return personRequestView(found)
  })
}

const statusOf = ({ state }: RightsRequest): 200 | 202 => state === 'running' ? 202 : 200

/** Any person's number, also of a country that lines are not given for any more. @throws phone_invalid, phone_emergency, phone_is_proxy */
function personOf(text: string, { lines }: RouteDeps): E164 {
  const phone = parsePerson(text, 'phone')
  if (lines.isProxyNumber(phone)) throw new MaskError('phone_is_proxy', { field: 'phone' })
  return phone
}

function actorOf({ actor: { id, roles } }: FastifyRequest): Pick<FastifyRequest['actor'], 'id' | 'roles'> {
  return { id, roles }
}
