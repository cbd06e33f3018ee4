import type { FastifyReply, FastifyRequest } from 'fastify'
import { MaskError } from '../../errors.js'
import type { Api } from '../types.js'
import { readConsoleFiles, type ConsoleFile } from './files.js'

/** Only our own files, nothing inline, nothing from elsewhere, nobody's frame. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    // Scripts send what is typed, as bodies. A browser that sent a form by itself would put it into the address.
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"]
  }
}

/** GET /console/: the pages for admins and auditors. They hold no data; that comes from /v1. */
export function consoleRoutes(app: Api): void {
  const files = readConsoleFiles()
  const options = { schema: { hide: true }, helmet: { contentSecurityPolicy, referrerPolicy: { policy: 'no-referrer' as const } } }
  // Relative, so that it also holds behind a proxy that puts everything under a path of its own.
  app.get('/console', options, async (_request, reply) => reply.code(308).header('location', 'console/').send())
  app.get<{ Params: { '*': string } }>('/console/*', options, async (request, reply) => {
    const file = files.get(request.params['*'] || 'index.html')
    if (file === undefined) throw new MaskError('not_found')
    return sendFile(file, request, reply)
  })
}

function sendFile({ body, packed, type, etag }: ConsoleFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // Asked again each time and answered in a few bytes: a new version is never mixed with an old one for long.
  const packs = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(request.headers['accept-encoding'] ?? '')
  // Two forms of a file are two representations, each with a validator of its own (RFC 9110 §8.8.3.3).
  const tag = packs ? etag.replace(/"$/, '-gz"') : etag
  reply.headers({ etag: tag, 'cache-control': 'no-cache', vary: 'accept-encoding' })
  if (request.headers['if-none-match'] === tag) return reply.code(304).send()
  if (packs) reply.header('content-encoding', 'gzip')
  return reply.type(type).send(packs ? packed : body)
}
