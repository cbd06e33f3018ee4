import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Role } from '../../shop/access.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { numberLimit, timeOf } from '../query.js'
import { ChangesAnswer, ReasonRequest, RetentionAnswer, RetentionQuery, RetentionRequest, RunAnswer, RunRequest, RunsAnswer, RunsQuery, RunStarted } from '../retention-schemas.js'
import { retentionView, runView } from '../retention-views.js'
import { answers } from '../schemas.js'
import { formatTime } from '../time.js'
import type { Api, RouteDeps } from '../types.js'

const tags = ['retention']
const readers: readonly Role[] = ['admin', 'auditor']
const admins: readonly Role[] = ['admin']

/** /v1/retention: what is kept, how long and why; who changed it; proof that it goes. */
export function retentionRoutes(app: Api, deps: RouteDeps): void {
  periodRoutes(app, deps)
  historyRoute(app, deps)
  runRoutes(app, deps)
  clockRoute(app, deps)
}

function periodRoutes(app: Api, deps: RouteDeps): void {
  const { retention, clock } = deps
  const now = async (shopId: string): Promise<RetentionAnswer> => {
    const [classes, health, [last]] = await Promise.all([retention.periods.classes(shopId), retention.runner.health(shopId), retention.runner.runs.list(shopId, 1)])
    return retentionView(clock(), classes, health, last)
  }

  const read = { operationId: 'readRetention', summary: 'Every class of data with its period, now or at a past time', tags, querystring: RetentionQuery, response: answers({ 200: RetentionAnswer }, ['request_invalid']) }
  app.get('/retention', { schema: read, config: { roles: readers } }, async (request) => {
    const shopId = shopOf(request).id
    const at = timeOf(request.query.at, 'at')
    await audited(deps, request, 'retention.read', { scope: at === undefined ? 'periods' : `periods at ${formatTime(at)}` })
    if (at === undefined) return now(shopId)
    const [classes, health] = await Promise.all([retention.periods.classes(shopId, at), retention.runner.health(shopId)])
    return retentionView(at, classes, health, undefined)
  })

  const change = {
    operationId: 'changeRetention',
    summary: 'Set periods: shorter ones hold for what exists from the next run on, longer ones for what comes',
    tags,
    body: RetentionRequest,
    response: answers({ 200: RetentionAnswer }, ['rate_limited'], { body: true })
  }
  app.put('/retention', { schema: change, config: { roles: admins } }, async (request) => {
    const shopId = shopOf(request).id
    const { reason, periods, statutoryBasis } = request.body
    await retention.periods.change(shopId, {
      actor: request.actor, reason, periods,
      ...(statutoryBasis === undefined ? {} : { statutoryBasis })
    })
    return now(shopId)
  })
}

function historyRoute(app: Api, deps: RouteDeps): void {
  const schema = { operationId: 'listRetentionChanges', summary: 'Who changed which period, when and why, oldest first', tags, response: answers({ 200: ChangesAnswer }, []) }
  app.get('/retention/changes', { schema, config: { roles: readers } }, async (request) => {
    const changes = await deps.retention.periods.changes(shopOf(request).id)
    await audited(deps, request, 'retention.read', { scope: `${changes.length} changes` })
    return { changes: changes.map(({ at, ...change }) => ({ at: formatTime(at), ...change })) }
  })
}

function runRoutes(app: Api, deps: RouteDeps): void {
  const { runner } = deps.retention
  const list = { operationId: 'listRetentionRuns', summary: 'Signed reports of the deletion runs, newest first', tags, querystring: RunsQuery, response: answers({ 200: RunsAnswer }, ['request_invalid']) }
  app.get('/retention/runs', { schema: list, config: { roles: readers }, preValidation: numberLimit }, async (request) => {
    const runs = await runner.runs.list(shopOf(request).id, request.query.limit ?? 50)
    await audited(deps, request, 'retention.read', { scope: `${runs.length} runs` })
    return { publicKey: runner.publicKey, runs: runs.map(runView) }
  })

  const start = {
    operationId: 'startRetentionRun',
    summary: 'Delete what is due now; 202 when that takes longer than an answer may',
    tags,
    body: RunRequest,
    response: answers({ 200: RunAnswer, 202: RunStarted }, ['retention_running', 'clock_untrusted'], { body: true })
  }
  app.post('/retention/runs', { schema: start, config: { roles: admins }, preValidation: emptyBody }, async (request, reply) => {
    const { confirmClock = false, reason } = request.body
    const running = runner.run(shopOf(request).id, { actor: request.actor, confirmClock, ...(reason === undefined ? {} : { reason }) })
    const run = await Promise.race([running, sleep(deps.config.http.requestTimeoutMs * 0.8, undefined, { ref: false })])
    if (run !== undefined) return runView(run)
    // It goes on; what comes of it stands in its report.
    running.catch(() => undefined)
    return reply.code(202).send({ state: 'running' as const })
  })
}

/** An operator answers for the machines' clocks, for every shop at once. */
function clockRoute(app: Api, deps: RouteDeps): void {
  const schema = { operationId: 'confirmClock', summary: 'The time of day is right although it leapt: deletion of every shop goes by it', tags, body: ReasonRequest, response: answers({ 204: Type.Null() }, ['clock_untrusted'], { body: true }) }
  app.post('/retention/clock', { schema, config: { roles: ['operator'] } }, async (request, reply) => {
    await deps.retention.runner.confirmClock({ actor: request.actor, reason: request.body.reason })
    return reply.code(204).send(null)
  })
}

/** A request without a body asks for a run as it comes. */
async function emptyBody(request: FastifyRequest): Promise<void> {
  request.body ??= {}
}
