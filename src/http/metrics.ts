import type { Config } from '../config.js'
import type { Log } from '../telemetry/log.js'
import type { Metrics } from '../telemetry/metrics.js'
import { createBase, hardened, served, type HttpServer } from './base.js'
import { refuseOtherMethods } from './methods.js'

/**
 * `GET /metrics` for Prometheus, on a port of its own: the counts tell how busy an installation is and how its calls end,
 * and whoever reaches them is asked for no key. So they are never where the API is open to the world.
 */
export async function createMetricsHttp({ config, metrics, log }: { readonly config: Config, readonly metrics: Metrics, readonly log: Log }): Promise<HttpServer> {
  const app = createBase(config.http, log)
  const methods = refuseOtherMethods(app)
  await hardened(app)
  app.get('/metrics', { logLevel: 'debug' }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  methods.seal()
  return served(app)
}
