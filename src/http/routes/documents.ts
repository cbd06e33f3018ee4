import { Type } from 'typebox'
import { mayAct, type Role } from '../../shop/access.js'
import { markdownOf } from '../../record/documents/markdown.js'
import { documentNames } from '../../record/documents/types.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { timeOf, timeText } from '../query.js'
import { answers } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'

const roles: readonly Role[] = ['admin', 'auditor']
const dayMs = 86_400_000
const time = (description: string) => Type.Optional(timeText(description))

const NameParam = Type.Object({ name: Type.Union(documentNames.map((name) => Type.Literal(name))) })
const DocumentQuery = Type.Object({
  language: Type.Optional(Type.Union([Type.Literal('en'), Type.Literal('et'), Type.Literal('ru')], { description: 'Of the privacy notice; all else is in English' })),
  format: Type.Optional(Type.Union([Type.Literal('md'), Type.Literal('json')])),
  at: time('RFC 3339: with the periods of that time'),
  from: time('RFC 3339, for the breach pack; without it a day before `to`'),
  to: time('RFC 3339, for the breach pack; without it now')
}, { additionalProperties: false })
const PaperAnswer = Type.Object({
  title: Type.String(),
  language: Type.String(),
  sections: Type.Array(Type.Object({ heading: Type.String(), paragraphs: Type.Optional(Type.Array(Type.String())), table: Type.Optional(Type.Array(Type.Array(Type.String()))) }))
})
const Either = { description: 'JSON, or Markdown with `format=md`', content: { 'application/json': { schema: PaperAnswer }, 'text/markdown': { schema: Type.String() } } }

/** /v1/documents: papers for data protection, made of the running configuration. */
export function documentRoutes(app: Api, deps: RouteDeps): void {
  const schema = {
    operationId: 'readDocument',
    summary: 'Record of processing, privacy notice, retention table, input for an impact assessment, facts of a breach',
    tags: ['documents'],
    params: NameParam,
    querystring: DocumentQuery,
    response: answers({ 200: Either }, ['request_invalid', 'key_destroyed'])
  }
  app.get('/documents/:name', { schema, config: { roles } }, async (request, reply) => {
    const { name } = request.params
    const { language = 'en', format = 'json', ...times } = request.query
    const to = timeOf(times.to, 'to') ?? deps.clock()
    const from = timeOf(times.from, 'from') ?? to - dayMs
    const at = timeOf(times.at, 'at')
    const paper = await deps.documents.write(shopOf(request), { name, language, window: { from, to }, seesCalls: mayAct(request.actor, 'app', 'admin'), ...(at === undefined ? {} : { at }) })
    await audited(deps, request, 'document.read', { scope: name })
    return format === 'json' ? reply.send(paper) : reply.type('text/markdown; charset=utf-8').send(markdownOf(paper))
  })
}
