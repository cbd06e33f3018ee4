import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { MaskError } from '../../errors.js'
import type { RecordingInfo, Recordings } from '../../record/recordings/types.js'
import { audited } from '../audited.js'
import { shopOf } from '../auth.js'
import { IdParam } from '../params.js'
import { answers } from '../schemas.js'
import type { Api, RouteDeps } from '../types.js'

const tags = ['calls']
const path = '/calls/:id/recording'
const roles = ['admin'] as const

const ListenRequest = Type.Object({
  reason: Type.String({ pattern: '\\S', minLength: 3, maxLength: 300, description: 'Why somebody listens; goes to the audit trail.' })
}, { additionalProperties: false })
const Sound = { content: { 'audio/wav': { schema: Type.String({ format: 'binary' }) } }, description: 'WAV, G.711 µ-law, mono, 8000 Hz' }

/** Recorded talks: only an admin hears them, with a reason, and it is in the audit trail before the first byte. */
export function recordingRoutes(app: Api, deps: RouteDeps): void {
  const { recordings } = deps
  const listen = {
    operationId: 'listenToRecording',
    summary: 'The recording of a call',
    tags,
    params: IdParam,
    body: ListenRequest,
    response: answers({ 200: Sound }, ['recording_not_found', 'recording_unavailable', 'key_destroyed'], { body: true })
  }
  app.post(path, { schema: listen, config: { roles } }, async (request, reply) => {
    const { id: shopId } = shopOf(request)
    const info = await known(recordings, shopId, request.params.id)
    await audited(deps, request, 'recording.read', { scope: `call ${info.callId}`, reason: request.body.reason })
    const sound = Readable.from(recordings.read(shopId, info), { objectMode: false })
    return reply.header('content-type', 'audio/wav').header('content-length', info.bytes).send(sound)
  })

  const remove = { operationId: 'deleteRecording', summary: 'Delete the recording of a call', tags, params: IdParam, response: answers({ 204: Type.Null() }, ['recording_not_found', 'recording_unavailable']) }
  app.delete(path, { schema: remove, config: { roles } }, async (request, reply) => {
    const { id: shopId } = shopOf(request)
    const info = await known(recordings, shopId, request.params.id)
    await audited(deps, request, 'recording.delete', { scope: `call ${info.callId}` })
    await recordings.remove(shopId, info.callId)
    return reply.code(204).send(null)
  })
}

/** @throws MaskError recording_not_found */
async function known(recordings: Recordings, shopId: string, callId: string): Promise<RecordingInfo> {
  const info = await recordings.find(shopId, callId)
  if (info === undefined) throw new MaskError('recording_not_found')
  return info
}
