import { answerHeaders, refusalHeaders } from './headers.js'
import type { SrfRequest, SrfResponse } from './srf.js'
import type { Flow, RegisterAnswer, RegisterRequest } from './types.js'

/** A REGISTER as drachtio-srf delivers it. */
export function registerRequest(req: SrfRequest, res: SrfResponse): RegisterRequest {
  const expires = req.get('Expires')?.trim()
  return {
    source: flowOf(req),
    uri: req.uri,
    authorization: req.get('Authorization'),
    contact: req.get('Contact'),
    expires: expires !== undefined && /^\d{1,9}$/.test(expires) ? Number(expires) : undefined,
    answer: (answer) => {
      if (res.finalResponseSent) return
      try {
        send(res, answer)
      } catch {
        // The connection to the SIP server went away; the phone tries again.
      }
    }
  }
}

/** Where a request came from, as the SIP server saw it. */
export function flowOf(req: SrfRequest): Flow {
  return { address: req.source_address, port: req.source_port, protocol: req.protocol }
}

function send(res: SrfResponse, answer: RegisterAnswer): void {
  if (answer.kind === 'challenge') res.send(401, { headers: { ...refusalHeaders(), 'WWW-Authenticate': answer.challenge } })
  else if (answer.kind === 'reject') res.send(answer.status, { headers: { ...refusalHeaders(), ...(answer.minExpires === undefined ? {} : { 'Min-Expires': String(answer.minExpires) }) } })
  // RFC 3261 §10.3, step 8: the phone's own address, and for how long it is known; nobody else hears it.
  else res.send(200, { headers: { ...answerHeaders(), ...(answer.bound === undefined ? {} : { Contact: `<${answer.bound.uri}>;expires=${answer.bound.expiresSeconds}` }) } })
}
