import type { HTTPMethods } from 'fastify'
import { MaskError } from '../errors.js'
import type { Api } from './types.js'

const known: readonly HTTPMethods[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']

/**
 * Answers 405 with Allow where the address is right and the method is not (RFC 9110 §15.5.6).
 * Call before the routes are added; `seal` adds the refusals after them.
 */
export function refuseOtherMethods(app: Api): { seal(): void } {
  const taken = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = taken.get(url) ?? new Set()
    taken.set(url, methods)
    for (const name of [method].flat()) methods.add(name)
  })
  return {
    seal() {
      for (const [url, methods] of [...taken]) refuse(app, url, methods)
    }
  }
}

function refuse(app: Api, url: string, methods: ReadonlySet<string>): void {
  const allow = [...methods].sort().join(', ')
  app.route({
    url,
    method: known.filter((name) => !methods.has(name)),
    schema: { hide: true },
    // Before a body would be read.
    onRequest: async (_request, reply) => {
      reply.header('allow', allow)
      throw new MaskError('method_not_allowed')
    },
    handler: async () => undefined
  })
}
