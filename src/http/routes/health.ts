import { within } from '../../deadline.js'
import { AliveAnswer, ReadyAnswer } from '../schemas.js'
import type { Api, Health, HealthPart, RouteDeps } from '../types.js'

/** A probe that waits longer than this has its answer. */
const probeMs = 2000

/** Open to anybody who reaches the port: yes or no. */
export function healthRoutes(app: Api, { health }: RouteDeps): void {
  const alive = { operationId: 'alive', summary: 'The process lives', tags: ['health'], security: [], response: { 200: AliveAnswer } }
  app.get('/healthz', { schema: alive, logLevel: 'debug' }, async () => ({ status: 'ok' as const }))

  const readiness = { operationId: 'ready', summary: 'Calls and requests can be served', tags: ['health'], security: [], response: { 200: ReadyAnswer, 503: ReadyAnswer } }
  app.get('/readyz', { schema: readiness, logLevel: 'debug' }, async (_request, reply) => {
    const parts = await partsOf(health)
    const ready = parts.length > 0 && parts.every((part) => part.ok)
    return reply.code(ready ? 200 : 503).send({ ready, parts })
  })
}

/** Empty when nobody can say in time. */
async function partsOf(health: Health): Promise<HealthPart[]> {
  return await within(probeMs, health.parts()).catch(() => [])
}
