import helmet from '@fastify/helmet'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify, type FastifyReply, type FastifyRequest, type InjectOptions, type LightMyRequestResponse } from 'fastify'
import type { Config } from '../config.js'
import { MaskError } from '../errors.js'
import { newId } from '../ids.js'
import type { Log } from '../telemetry/log.js'
import { accessSchemas } from './access-schemas.js'
import { authorise, createAuth, decorateActor } from './auth.js'
import { consoleRoutes } from './console/routes.js'
import { readCookies } from './cookie.js'
import { endConnectionsOnClose } from './connections.js'
import { answerBrokenRequest, sendProblem } from './errors.js'
import { refuseOtherMethods } from './methods.js'
import { refuseBeyondCapacity } from './overload.js'
import { PersonRequestAnswer } from './person-schemas.js'
import { auditRoutes } from './routes/audit.js'
import { callExportRoute } from './routes/calls-export.js'
import { callRoutes } from './routes/calls.js'
import { credentialRoutes } from './routes/credentials.js'
import { deliveryRoutes } from './routes/deliveries.js'
import { healthRoutes } from './routes/health.js'
import { holdRoutes } from './routes/holds.js'
import { keyRoutes } from './routes/keys.js'
import { meRoute } from './routes/me.js'
import { numberRoutes } from './routes/numbers.js'
import { openApiRoute } from './routes/openapi.js'
import { personRoutes } from './routes/persons.js'
import { recordingRoutes } from './routes/recordings.js'
import { retentionRoutes } from './routes/retention.js'
import { documentRoutes } from './routes/documents.js'
import { webhookRoutes } from './routes/webhooks.js'
import { settingsRoutes } from './routes/settings.js'
import { statsRoutes } from './routes/stats.js'
import { shopRoutes } from './routes/shops.js'
import { shared } from './schemas.js'
import { buildSerializer } from './serializers.js'
import { earlyHeaders, helmetOptions } from './security-headers.js'
import { sessionRoutes } from './session.js'
import type { Api, HttpDeps, RouteDeps } from './types.js'

/** The HTTP side of the process. */
export interface HttpServer {
  /** @param port 0 for any free one. @returns the port it listens on. Rejects with the system's error, such as EADDRINUSE */
  listen(host: string, port: number): Promise<number>
  /** A request without a socket, for tests. */
  inject(request: InjectOptions): Promise<LightMyRequestResponse>
  /** Takes no more connections and waits for the requests under way. */
  close(): Promise<void>
}

/** Builds the API; nothing listens yet. */
export async function createHttp(deps: HttpDeps): Promise<HttpServer> {
  const all: RouteDeps = { ...deps, clock: deps.clock ?? Date.now, admission: deps.admission ?? (() => true) }
  const app = build(deps.config.http, deps.log)
  refuseBeyondCapacity(app, all)
  for (const schema of [...shared, ...accessSchemas, PersonRequestAnswer]) app.addSchema(schema)
  tellAnswers(app, all)
  const auth = createAuth(all)
  const methods = refuseOtherMethods(app)
  await readCookies(app)
  await openApiRoute(app)
  await app.register(helmet, helmetOptions)
  healthRoutes(app, all)
  sessionRoutes(app, all, auth)
  consoleRoutes(app)
  await app.register(async (v1: Api) => {
    v1.addHook('onRequest', async (request) => {
      await auth.authenticate(request)
      authorise(request)
    })
    deliveryRoutes(v1, all)
    credentialRoutes(v1, all)
    callRoutes(v1, all)
    callExportRoute(v1, all)
    statsRoutes(v1, all)
    recordingRoutes(v1, all)
    webhookRoutes(v1, all)
    documentRoutes(v1, all)
    numberRoutes(v1, all)
    settingsRoutes(v1, all)
    retentionRoutes(v1, all)
    holdRoutes(v1, all)
    meRoute(v1, all)
    keyRoutes(v1, all)
    shopRoutes(v1, all)
    auditRoutes(v1, all)
    personRoutes(v1, all)
  }, { prefix: '/v1' })
  methods.seal()
  await app.ready()
  return {
    async listen(host, port) {
      await app.listen({ host, port })
      const address = app.server.address()
      return typeof address === 'object' && address !== null ? address.port : port
    },
    inject: (request) => app.inject(request),
    close: () => app.close()
  }
}

function build(config: Config['http'], log: Log): Api {
  const app = fastify({
    // Its own logger writes whole requests; ours writes named fields.
    logger: false,
    genReqId: () => newId(12),
    requestIdHeader: false,
    trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
    bodyLimit: config.bodyLimitBytes,
    requestTimeout: config.requestTimeoutMs,
    handlerTimeout: config.requestTimeoutMs,
    // A connection on which nothing moves, while a request is under way and between two.
    connectionTimeout: config.requestTimeoutMs + 5000,
    keepAliveTimeout: 5000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // Node looks for late requests every 30 seconds otherwise, whatever the timeouts say.
    http: { headersTimeout: config.requestTimeoutMs, connectionsCheckingInterval: 1000, maxHeaderSize: 8192 },
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, ignoreDuplicateSlashes: false, maxParamLength: 100 },
    // What was sent is what is checked: nothing dropped, filled in or converted; the first error is enough.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: false } },
    schemaController: { compilersFactory: { buildSerializer } },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, log),
    frameworkErrors: (error, request, reply) => { sendProblem(error, request, reply.headers(earlyHeaders), log) }
  }).withTypeProvider<TypeBoxTypeProvider>()
  takeJsonOnly(app)
  decorateActor(app)
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, log))
  app.setNotFoundHandler((request, reply) => sendProblem(new MaskError('not_found'), request, reply, log))
  endConnectionsOnClose(app)
  app.addHook('onRequest', async (request, reply) => { reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store' }) })
  app.addHook('onResponse', async (request, reply) => logAnswer(log, request, reply))
  return app
}

/** JSON is the only body that any route takes. */
function takeJsonOnly(app: Api): void {
  app.removeContentTypeParser('text/plain')
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    // Many clients name a type on every request, also where nothing follows.
    if (body === '' && request.method === 'DELETE') done(null, undefined)
    else void parse(request, body, done)
  })
}

/** The same for the metrics: patterns and our own codes only. */
function tellAnswers(app: Api, { events }: RouteDeps): void {
  app.addHook('onResponse', async (request, reply) => {
    const code = reply.problemCode
    events.emit('http.answered', { requestId: request.id, method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode, ms: reply.elapsedTime, ...(code === undefined ? {} : { code }) })
  })
}

/** One line per request: the route's pattern, never the address that was asked for. */
function logAnswer(log: Log, request: FastifyRequest, reply: FastifyReply): void {
  const route = request.routeOptions.url
  const at = request.routeOptions.logLevel === 'debug' ? 'debug' : 'info'
  log[at]('http.request', {
    requestId: request.id,
    method: request.method,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime),
    ...(route === undefined ? {} : { route }),
    ...(request.shop === undefined ? {} : { shopId: request.shop.id }),
    ...(reply.problemCode === undefined ? {} : { code: reply.problemCode })
  })
}
