import { accessSchemas } from './access-schemas.js'
import { authorise, createAuth, decorateActor } from './auth.js'
import { createBase, hardened, served, type HttpServer } from './base.js'
import { consoleRoutes } from './console/routes.js'
import { readCookies } from './cookie.js'
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
import { sessionRoutes } from './session.js'
import type { Api, HttpDeps, RouteDeps } from './types.js'

/** Builds the API; nothing listens yet. */
export async function createHttp(deps: HttpDeps): Promise<HttpServer> {
  const all: RouteDeps = { ...deps, clock: deps.clock ?? Date.now, admission: deps.admission ?? (() => true) }
  const app = createBase(deps.config.http, deps.log)
  decorateActor(app)
  refuseBeyondCapacity(app, all)
  for (const schema of [...shared, ...accessSchemas, PersonRequestAnswer]) app.addSchema(schema)
  tellAnswers(app, all)
  const auth = createAuth(all)
  const methods = refuseOtherMethods(app)
  await readCookies(app)
  await openApiRoute(app)
  await hardened(app)
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
  return served(app)
}

/** For the metrics and traces: patterns and our own codes only. */
function tellAnswers(app: Api, { events }: RouteDeps): void {
  app.addHook('onResponse', async (request, reply) => {
    const code = reply.problemCode
    events.emit('http.answered', { requestId: request.id, method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode, ms: reply.elapsedTime, ...(code === undefined ? {} : { code }) })
  })
}
