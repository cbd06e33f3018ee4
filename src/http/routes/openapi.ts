import swagger from '@fastify/swagger'
import type { Api } from '../types.js'

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
        { name: 'audit', description: 'Who looked at or changed what' },
        { name: 'numbers', description: 'The pool of proxy numbers' },
        { name: 'health', description: 'For probes' }
      ],
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'The API key of the shop.' } } },
      security: [{ apiKey: [] }]
    },
    convertConstToEnum: false,
    // Shared schemas keep their names instead of def-0, def-1.
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => typeof json.$id === 'string' ? json.$id : `def-${index}` }
  })
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => reply.send(app.swagger()))
}
