import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { checkReason } from '../../record/audit/rules.js'
import { exportCalls, exportFormats, type ExportFormat } from '../../record/export.js'
import { audited, roughly } from '../audited.js'
import { shopOf } from '../auth.js'
import { lastDayOr } from '../query.js'
import { answers } from '../schemas.js'
import { formatTime } from '../time.js'
import type { Api, RouteDeps } from '../types.js'

const types: Readonly<Record<ExportFormat, string>> = { jsonl: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8' }
/** An export takes as long as it takes; a client that reads nothing is left by the connection's own timeout. */
const longestMs = 6 * 3600 * 1000

const ExportRequest = Type.Object({
  from: Type.Optional(Type.String({ description: 'RFC 3339, inclusive; without it 24 hours before `to`.', maxLength: 40 })),
  to: Type.Optional(Type.String({ description: 'RFC 3339, exclusive; without it now.', maxLength: 40 })),
  format: Type.Optional(Type.Enum([...exportFormats], { default: 'jsonl' })),
  reason: Type.String({ minLength: 1, maxLength: 300, description: 'Why; stands in the audit trail.' })
}, { additionalProperties: false })

/**
 * All calls of a window as a file, for people who may see them; coarse, and without anything that tells people apart. A
 * POST although it changes nothing: the reason is somebody's words, and an address lies in logs of proxies and histories.
 */
export function callExportRoute(app: Api, deps: RouteDeps): void {
  const underWay = new Set<ServerResponse>()
  // An export under way must not keep the process from ending; its reader sees that it was cut.
  app.addHook('preClose', async () => { for (const answer of underWay) answer.destroy() })
  const schema = {
    operationId: 'exportCalls',
    summary: 'All calls of a window, oldest first, as JSON lines or CSV; times to the quarter hour, durations to ten seconds',
    tags: ['calls'],
    body: ExportRequest,
    response: answers({
      200: {
        description: 'The file, as it is read. `X-Maskline-Rows` says how many lines to expect at most.',
        content: { 'application/x-ndjson': { schema: Type.String() }, 'text/csv': { schema: Type.String() } }
      }
    }, [], { body: true })
  }
  app.post('/calls/export', { schema, config: { roles: ['admin'] }, handlerTimeout: longestMs }, async (request, reply) => {
    const { format = 'jsonl' } = request.body
    const { id } = shopOf(request)
    const window = lastDayOr(request.body, deps.clock())
    const reason = checkReason(request.body.reason)
    const rows = await deps.calls.count(id, window)
    await audited(deps, request, 'export.read', { scope: `${roughly(rows)} of ${formatTime(window.from)} to ${formatTime(window.to)} as ${format}`, reason })
    const stream = Readable.from(exportCalls(deps.calls, id, window, format), { objectMode: true, highWaterMark: 1 })
    underWay.add(reply.raw)
    reply.raw.once('close', () => underWay.delete(reply.raw))
    return reply.type(types[format]).header('x-maskline-rows', rows).header('content-disposition', `attachment; filename="calls.${format}"`).send(stream)
  })
}
