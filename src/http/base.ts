import helmet from '@fastify/helmet'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify, type FastifyReply, type FastifyRequest, type InjectOptions, type LightMyRequestResponse } from 'fastify'
import type { Config } from '../config.js'
import { MaskError } from '../errors.js'
import { newId } from '../ids.js'
import type { Log } from '../telemetry/log.js'
import { endConnectionsOnClose } from './connections.js'
import { answerBrokenRequest, sendProblem } from './errors.js'
import { earlyHeaders, helmetOptions } from './security-headers.js'
import { buildSerializer } from './serializers.js'
import type { Api } from './types.js'

/** Something of ours that answers HTTP. */
export interface HttpServer {
  /** @param port 0 for any free one. @returns the port it listens on. Rejects with the system's error, such as EADDRINUSE */
  listen(host: string, port: number): Promise<number>
  /** A request without a socket, for tests. */
  inject(request: InjectOptions): Promise<LightMyRequestResponse>
  /** Takes no more connections and waits for the requests under way. */
  close(): Promise<void>
}

/** What all our HTTP servers have in common: limits, problem details, a line in the log. No routes, and nobody's key. */
export function createBase(config: Config['http'], log: Log): Api {
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
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, log))
  app.setNotFoundHandler((request, reply) => sendProblem(new MaskError('not_found'), request, reply, log))
  endConnectionsOnClose(app)
  app.addHook('onRequest', async (request, reply) => { reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store' }) })
  app.addHook('onResponse', async (request, reply) => logAnswer(log, request, reply))
  return app
}

/** Headers that tell a browser to do nothing with an answer. To be called before the routes are added. */
export async function hardened(app: Api): Promise<void> {
  await app.register(helmet, helmetOptions)
}

/** Ready to listen. */
export async function served(app: Api): Promise<HttpServer> {
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
