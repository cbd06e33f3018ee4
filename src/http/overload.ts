import type { FastifyReply, FastifyRequest } from 'fastify'
import { MaskError } from '../errors.js'
import type { Api, RouteDeps } from './types.js'

/** Seconds after which a client that was turned away may try again. */
const retryAfterSeconds = 1
/** Whoever watches us has to be answered above all when there is too much to do. */
const watchers: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/** Turns requests away before anything of them is read but the first line and the headers. */
export function refuseBeyondCapacity(app: Api, { admission, events }: RouteDeps): void {
  let inFlight = 0
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    if (watchers.has(request.routeOptions.url ?? '')) return
    if (!admission(inFlight)) {
      events.emit('overload.refused', { what: 'request' })
      throw new MaskError('overloaded', { retryAfter: retryAfterSeconds })
    }
    inFlight++
    // Also when the client goes away before its answer.
    let over = false
    const leave = (): void => {
      if (!over) inFlight--
      over = true
    }
    reply.raw.once('finish', leave).once('close', leave)
  })
}
