import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import helmet from '@fastify/helmet'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Test } from 'tap'
import type { Api } from '../../../src/http/types.js'
import { consoleRoutes } from '../../../src/http/console/routes.js'
import { canonicalJson } from '../../../src/record/canonical.js'
import { classTable } from '../../../src/record/retention/classes.js'

/** What a test wants the played server to say. Every field can be changed while it runs. */
export interface Played {
  health: Record<string, unknown>
  runs: Record<string, unknown>[]
  changes: Record<string, unknown>[]
  holds: Record<string, unknown>[]
  today: Record<string, unknown>
  live: { live: number, ringing: number, talking: number }
  days: Record<string, unknown>[]
  verdict: Record<string, unknown>
  roles: string[]
  language: string
  /** Where events go; undefined: nowhere. */
  hook: Record<string, unknown> | undefined
  dead: Record<string, unknown>[]
  /** Answers with these problems instead: path → status and code. */
  refused: Map<string, { status: number, code: string }>
  /** Bodies that came in, in order. */
  readonly received: { method: string, path: string, body: unknown }[]
  readonly url: string
}

const day = 86_400_000
const today = { calls: 214, reached: 152, missed: 25, declined: 14, busy: 13, failed: 10, averageRingSeconds: 9.4, averageTalkSeconds: 71 }
const { publicKey, privateKey } = generateKeyPairSync('ed25519')

/**
 * The console's own files over answers that are made up: for states that the real application would need
 * weeks or an accident for. What the real one answers is tested with it.
 */
export async function playedServer(t: Pick<Test, 'teardown'>): Promise<Played> {
  const app = fastify().withTypeProvider<TypeBoxTypeProvider>()
  await app.register(helmet, { strictTransportSecurity: false })
  consoleRoutes(app)
  const state: Omit<Played, 'url'> = {
    health: { state: 'ok', lastRunAt: ago(4 / 1440), failures: 0 },
    runs: Array.from({ length: 30 }, (_, index) => runOf(index, 'done')),
    changes: [
      { at: ago(61), actorId: 'bootstrap', name: 'record', from: 2_592_000, to: 5_184_000, reason: 'Complaints arrive up to two months late' },
      { at: ago(12), actorId: 'kvbnzrtwqgps', name: 'record', from: 5_184_000, to: 1_209_600, reason: 'Review with the data protection officer: two weeks are enough' },
      { at: ago(3), actorId: 'kvbnzrtwqgps', name: 'webhook', from: 86_400, to: 21_600, reason: 'The shop system is never away that long' }
    ],
    holds: [{ id: 'hld', kind: 'hold', deliveryId: 'demo-bcdfghjkmnpqrstvwxyz', reason: 'Claim 2026-114 of a customer', authorId: 'kvbnzrtwqgps', createdAt: ago(8), endsAt: ago(-40) }],
    today,
    live: { live: 7, ringing: 2, talking: 5 },
    days: [...Array.from({ length: 89 }, (_, index) => statsOf(index)), { day: new Date().toISOString().slice(0, 10), ...today }],
    verdict: { whole: true, checked: 4182 },
    roles: ['app', 'admin', 'auditor', 'operator'],
    language: 'en',
    hook: {
      url: 'https://shop.example/maskline', events: ['call.ended', 'call.missed', 'cap.near'], gate: { url: 'https://shop.example/gate', timeoutMs: 400, onFailure: 'deny' },
      queue: { waiting: 12, retrying: 3, dead: 4, nextTryAt: ago(-9 / 1440) }
    },
    dead: [
      { id: 'msg_bbbbbbbbbbbbbbbbbbbb', type: 'call.missed', deliveryId: 'demo-bcdfghjkmnpqrstvwxyz', happenedAt: ago(1.02), gaveUpAt: ago(0.02), tries: 12, reason: 'status', status: 503 },
      { id: 'msg_cccccccccccccccccccc', type: 'call.ended', deliveryId: 'demo-cdfghjkmnpqrstvwxyzb', happenedAt: ago(1.1), gaveUpAt: ago(0.1), tries: 12, reason: 'timeout' },
      { id: 'msg_dddddddddddddddddddd', type: 'cap.near', happenedAt: ago(1.2), gaveUpAt: ago(0.2), tries: 11, reason: 'connection' },
      { id: 'msg_ffffffffffffffffffff', type: 'call.ended', deliveryId: 'demo-dfghjkmnpqrstvwxyzbc', happenedAt: ago(1.4), gaveUpAt: ago(1.4), tries: 1, reason: 'gone', status: 410 }
    ],
    refused: new Map(),
    received: []
  }
  const session = (request: FastifyRequest): boolean => (request.headers.cookie ?? '').includes('played=1')
  app.addHook('preHandler', async (request, reply) => {
    if (!request.url.startsWith('/v1/') && request.url !== '/console/session') return
    const path = request.url.split('?')[0]!
    if (request.method !== 'GET') state.received.push({ method: request.method, path, body: request.body })
    const refused = state.refused.get(path) ?? (request.url.startsWith('/v1/') && !session(request) ? { status: 401, code: 'unauthorized' } : undefined)
    if (refused !== undefined) await problem(reply, refused.status, refused.code)
  })
  app.post('/console/session', async (request, reply) => (request.body as { key: string }).key === 'right-key'
    ? reply.header('set-cookie', 'played=1; HttpOnly; Path=/').code(204).send()
    : problem(reply, 401, 'unauthorized'))
  app.delete('/console/session', async (_request, reply) => reply.header('set-cookie', 'played=0; HttpOnly; Path=/').code(204).send())
  const answers: Record<string, (request: FastifyRequest) => unknown> = {
    me: () => ({ shopId: 'demo', shopName: 'Demo shop', keyId: 'kvbnzrtwqgps', roles: state.roles, language: state.language }),
    retention: (request) => ({ at: new Date().toISOString(), health: state.health, classes: classesAt((request.query as { at?: string }).at, state.changes) }),
    'retention/runs': () => ({ publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'), runs: state.runs }),
    'retention/changes': () => ({ changes: state.changes }),
    holds: () => ({ holds: state.holds }),
    'stats/now': () => ({ calls: state.live, caps: { callsAtOnce: { used: 7, limit: 500 }, callsPerHour: { used: 214, limit: 20_000 }, minutesPerDay: { used: 1380, limit: 50_000 } }, today: state.today }),
    stats: (request) => {
      const { from = '' } = request.query as { from?: string }
      return { days: state.days.filter((one) => String(one.day) >= from.slice(0, 10)) }
    },
    'audit/verify': () => state.verdict,
    audit: () => ({ entries: [] }),
    'persons/requests': () => ({ requests: [] }),
    keys: () => ({ keys: [] }),
    numbers: () => ({ numbers: Array.from({ length: 20 }, (_, index) => ({ number: `+4420794600${String(index).padStart(2, '0')}`, country: 'GB', state: index === 3 ? 'draining' : 'in_service', live: index % 5, held: 12 + index * 7 % 9 })) }),
    settings: () => ({ language: 'et', ringTimeoutSeconds: 45, maxDurationSeconds: 900, acceptance: 'off', hint: false, quarantineSeconds: 86_400, numberCountries: ['EE'], numberCountryStrict: false, recording: false, withheldCallers: 'allow', callsAtOnce: null, callsPerHour: null, minutesPerDay: 20_000, supportPhone: null }),
    calls: () => ({ calls: [] }),
    'webhooks/failed': () => ({ events: state.dead })
  }
  for (const [path, answer] of Object.entries(answers)) app.get(`/v1/${path}`, async (request) => answer(request))
  app.put('/v1/retention', async (request) => {
    const { periods, reason } = request.body as { periods: Record<string, number>, reason: string }
    for (const [name, to] of Object.entries(periods)) state.changes.push({ at: new Date().toISOString(), actorId: 'kvbnzrtwqgps', name, from: 1_209_600, to, reason })
    return answers.retention!(request)
  })
  hookRoutes(app, state)
  app.get('/v1/deliveries/:id', async (request) => ({ ...request.params as object, reference: 'order-A-17', state: 'live', number: '+442079460000', direction: 'both', createdAt: ago(0.01), expiresAt: ago(-0.05), quarantineUntil: ago(-1) }))
  app.get('/v1/deliveries/:id/calls', async () => ({ calls: [] }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const { port } = app.server.address() as { port: number }
  return Object.assign(state, { url: `http://127.0.0.1:${port}` })
}

/** Where events go, and what nobody took. */
function hookRoutes(app: Api, state: Omit<Played, 'url'>): void {
  app.get('/v1/webhooks', async (_request, reply) => state.hook === undefined ? problem(reply, 404, 'webhook_not_found') : { ...state.hook, queue: { ...state.hook.queue as object, dead: state.dead.length } })
  app.put('/v1/webhooks', async (request) => {
    const first = state.hook === undefined
    state.hook = { queue: { waiting: 0, retrying: 0, dead: state.dead.length }, ...state.hook, ...request.body as object }
    return { ...state.hook, ...(first ? { secret: 'whsec_played' } : {}) }
  })
  app.delete('/v1/webhooks', async (_request, reply) => {
    state.hook = undefined
    return reply.code(204).send()
  })
  app.post('/v1/webhooks/secret', async () => ({ secret: 'whsec_played_anew', formerUntil: ago(-1) }))
  app.post('/v1/webhooks/test', async () => ({ delivered: false, reason: 'status', status: 404 }))
  const take = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id } = request.params as { id: string }
    if (!state.dead.some((event) => event.id === id)) return problem(reply, 404, 'webhook_not_found')
    state.dead = state.dead.filter((event) => event.id !== id)
    return reply.code(204).send()
  }
  app.post('/v1/webhooks/failed/:id/redeliver', take)
  // Two at a time, so that there is more than one batch.
  app.post('/v1/webhooks/failed/redeliver', async () => {
    const sentAgain = Math.min(2, state.dead.length)
    state.dead = state.dead.slice(0, -sentAgain)
    return { sentAgain, left: state.dead.length }
  })
  app.delete('/v1/webhooks/failed/:id', take)
}

function problem(reply: FastifyReply, status: number, code: string): FastifyReply {
  return reply.code(status).type('application/problem+json').send(JSON.stringify({ type: `urn:maskline:problem:${code}`, title: code, status, code }))
}

const ago = (days: number): string => new Date(Date.now() - days * day).toISOString()

/** A run as the application signs it. */
export function runOf(index: number, state: 'done' | 'failed', key: KeyObject = privateKey): Record<string, unknown> {
  const startedAt = Date.now() - index * 900_000 - 240_000
  const due = index % 7 === 3 ? 312 : index % 3
  const failed = state === 'failed' ? due : 0
  const run = {
    id: `run${index}`, shopId: 'demo', startedAt, endedAt: startedAt + 740, cause: 'interval', state,
    classes: [
      { name: 'record', due, deleted: due - failed, held: 0, failed, keysDestroyed: index % 7 === 3 ? 1 : 0, oldestLeft: Date.now() - 14 * day, nextDue: Date.now() + 600_000 },
      { name: 'mapping', due: index % 2, deleted: index % 2, held: 0, failed: 0, keysDestroyed: 0 }
    ]
  }
  return { ...run, signature: sign(null, Buffer.from(canonicalJson(run)), key).toString('base64') }
}

function classesAt(at: string | undefined, changes: readonly Record<string, unknown>[]): unknown[] {
  const now = at === undefined ? Date.now() : new Date(at).getTime()
  const kept: Record<string, number> = { record: 14, statistics: 201, audit: 173, mapping: 0.1, quarantine: 0.9 }
  return classTable({ line: { minTtlSeconds: 60, maxTtlSeconds: 86_400, quarantineSeconds: 86_400 }, record: { retentionDays: 30 } }).map((one) => {
    const last = changes.filter((change) => change.name === one.name && new Date(String(change.at)).getTime() <= now).at(-1)
    const oldest = kept[one.name]
    return {
      ...one,
      periodSeconds: last === undefined ? one.defaultSeconds : last.to,
      ...(last === undefined ? {} : { reviewedAt: last.at }),
      ...(oldest === undefined ? {} : { oldestLeft: ago(oldest), nextDue: ago(-(one.name === 'record' ? 0.007 : 0.6)) })
    }
  })
}

/** Figures of a shop that is busier on Fridays and closed on one day. */
function statsOf(back: number): Record<string, unknown> {
  const at = Math.floor(Date.now() / day) * day - (89 - back) * day
  const name = new Date(at).toISOString().slice(0, 10)
  const weekday = new Date(at).getUTCDay()
  if (back % 31 === 17) return { day: name, reasons: {}, suppressed: true }
  const calls = Math.round((weekday === 0 ? 60 : weekday === 5 ? 260 : 190) + 34 * Math.sin(back * 1.7) + back / 3)
  const [missed, declined, busy, failed] = [Math.round(calls * (0.1 + 0.03 * Math.sin(back))), Math.round(calls * 0.07), Math.round(calls * 0.06), Math.round(calls * (back === 71 ? 0.3 : 0.05))]
  return { day: name, calls, reached: calls - missed - declined - busy - failed, missed, declined, busy, failed, averageRingSeconds: Math.round(90 + 15 * Math.sin(back / 2)) / 10, averageTalkSeconds: Math.round(68 + 9 * Math.cos(back / 3)), ...(back % 2 === 0 ? { reachedOnAttempt: [70, 20, 10, 0, 0] } : {}) }
}
