import swagger from '@fastify/swagger'
import type { Role } from '../../shop/access.js'
import { usualRoles } from '../auth.js'
import { sessionCookie } from '../cookie.js'
import type { Api } from '../types.js'

/** What an operation says about who may use it. */
function rolesOf(url: string, roles: readonly Role[] = usualRoles): object {
  return url.startsWith('/v1/') ? { 'x-roles': roles } : {}
}

/** The API's own description. Every route that is added after this one appears in it. */
export async function openApiRoute(app: Api): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Maskline',
        version: '1',
        description: 'Masked phone lines between couriers and customers. Answers never hold a person\'s phone number. Errors are problem details (RFC 9457) with a stable `code`.',
        license: { name: 'MIT', identifier: 'MIT' }
      },
      tags: [
        { name: 'deliveries', description: 'Lines between two people, for the time of one delivery' },
        { name: 'calls', description: 'What is kept about calls' },
        { name: 'persons', description: 'What a person may ask for by their phone number' },
        { name: 'audit', description: 'Who looked at or changed what' },
        { name: 'numbers', description: 'The pool of proxy numbers' },
        { name: 'access', description: 'API keys, shops, signing in' },
        { name: 'health', description: 'For probes' }
      ],
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of the shop. `x-roles` of an operation names the roles of which the key needs one.' },
          session: { type: 'apiKey', in: 'cookie', name: sessionCookie, description: 'A console session. Changes also need the header `x-maskline-console: 1` and come from the console\'s own origin.' }
        }
      },
      security: [{ apiKey: [] }, { session: [] }]
    },
    transform: ({ schema, url, route }) => ({ schema: { ...schema, ...rolesOf(url, route.config?.roles) }, url }),
    convertConstToEnum: false,
    // Shared schemas keep their names instead of def-0, def-1.
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => typeof json.$id === 'string' ? json.$id : `def-${index}` }
  })
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => reply.send(app.swagger()))
}
