import { Headers, newBranch, newCallId, newTag, SipRequest } from '../../../../src/embedded/sip/index.js'

export interface RequestParts {
  readonly method?: string
  readonly uri?: string
  readonly via?: string
  readonly fromTag?: string
  readonly toTag?: string
  readonly callId?: string
  readonly cseq?: number
  readonly cseqMethod?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
}

/** A request as a peer would send it, Via and all. */
export function rawRequest(parts: RequestParts = {}): SipRequest {
  const { method = 'OPTIONS', uri = 'sip:+442079460000@127.0.0.1', via = `SIP/2.0/UDP 127.0.0.1:5;branch=${newBranch()};rport` } = parts
  const { fromTag = newTag(), callId = newCallId(), cseq = 1, cseqMethod = method, headers = [], body = '' } = parts
  const to = `<sip:+442079460000@127.0.0.1>${parts.toTag === undefined ? '' : `;tag=${parts.toTag}`}`
  return new SipRequest(method, uri, new Headers([
    ['Via', via], ['Max-Forwards', '70'], ['From', `<sip:+46701740605@127.0.0.1>;tag=${fromTag}`], ['To', to], ['Call-ID', callId],
    ['CSeq', `${cseq} ${cseqMethod}`], ...headers
  ]), Buffer.from(body))
}

/** A request without Via, for the layers that add it. */
export function draftRequest(parts: RequestParts = {}): SipRequest {
  const request = rawRequest(parts)
  request.headers.remove('via')
  return request
}
