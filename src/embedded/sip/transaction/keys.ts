import { hostPort, type SipRequest, type SipResponse } from '../message/index.js'

const cookie = 'z9hG4bK'

/**
 * What all copies of one request share, with the ACK to a non-2xx (RFC 3261 §17.2.3). A request without
 * the magic cookie is matched by what RFC 2543 peers keep equal.
 * @param method the method to look for; an ACK and a CANCEL look for their INVITE
 */
export function serverKey(request: SipRequest, method: string): string {
  const via = request.via
  const branch = via.params.get('branch')
  if (branch?.startsWith(cookie) === true && branch.length > cookie.length) {
    return `${method} ${branch} ${hostPort(via.host.toLowerCase(), via.port)}`
  }
  const sender = `${hostPort(via.host.toLowerCase(), via.port)} ${branch ?? ''}`
  return `${method} 2543 ${request.uri} ${request.callId} ${request.fromTag ?? ''} ${request.cseq.number} ${sender}`
}

/** The client transaction that a response belongs to (RFC 3261 §17.1.3). */
export function clientKey(response: SipResponse): string {
  return `${response.cseq.method} ${response.via.params.get('branch') ?? ''}`
}

/** Equal for requests that are one request arrived by two ways (RFC 3261 §8.2.2.2). */
export function mergeKey(request: SipRequest): string {
  const cseq = request.cseq
  return `${request.callId} ${request.fromTag ?? ''} ${cseq.number} ${cseq.method}`
}
