import { freshBytes } from '../../../ids.js'
import { SipParseError } from './errors.js'
import { Headers } from './headers.js'
import { reasonPhrase } from './reason.js'
import { tagOf } from './uri.js'
import { parseVia, type Via } from './via.js'

export interface CSeq {
  readonly number: number
  readonly method: string
}

const noBody = Buffer.alloc(0)

/** What requests and responses share. The getters read the headers anew each time. */
abstract class MessageBase {
  constructor(readonly headers: Headers, public body: Buffer) {}

  /** The Call-ID, '' when missing. */
  get callId(): string {
    return this.headers.get('call-id') ?? ''
  }

  get fromTag(): string | undefined {
    return tagOf(this.headers.get('from'))
  }

  get toTag(): string | undefined {
    return tagOf(this.headers.get('to'))
  }

  /** @throws SipParseError with code `cseq` */
  get cseq(): CSeq {
    return parseCSeq(this.headers.get('cseq') ?? '')
  }

  /** The topmost Via. @throws SipParseError with code `via` */
  get via(): Via {
    return parseVia(this.headers.get('via') ?? '')
  }
}

export class SipRequest extends MessageBase {
  readonly kind = 'request'

  constructor(readonly method: string, public uri: string, headers: Headers = new Headers(), body: Buffer = noBody) {
    super(headers, body)
  }

  clone(): SipRequest {
    return new SipRequest(this.method, this.uri, this.headers.clone(), this.body)
  }
}

export class SipResponse extends MessageBase {
  readonly kind = 'response'

  constructor(readonly status: number, readonly reason: string, headers: Headers = new Headers(), body: Buffer = noBody) {
    super(headers, body)
  }

  clone(): SipResponse {
    return new SipResponse(this.status, this.reason, this.headers.clone(), this.body)
  }
}

export type SipMessage = SipRequest | SipResponse

/** @throws SipParseError with code `cseq` */
export function parseCSeq(value: string): CSeq {
  const found = /^(\d{1,10})\s+(\S+)$/.exec(value)
  // RFC 3261 §8.1.1.5: the number is below 2**31; we read one bit more, as RFC 4475 §3.1.1.1 shows some to send.
  if (found === null || Number(found[1]) > 0xffffffff) throw new SipParseError('cseq')
  return { number: Number(found[1]), method: found[2]! }
}

export interface ResponseDraft {
  /** Default: the registered phrase. */
  readonly reason?: string
  readonly headers?: Iterable<readonly [string, string]>
  readonly body?: Buffer | string
  /** Added to To when the request had none (RFC 3261 §8.2.6.2). */
  readonly toTag?: string
}

/** A response to `request` with Via, From, To, Call-ID and CSeq copied from it; record routes too where a dialog may begin. */
export function createResponse(request: SipRequest, status: number, draft: ResponseDraft = {}): SipResponse {
  const headers = new Headers()
  for (const line of request.headers) {
    if (line.key === 'via' || line.key === 'from' || line.key === 'call-id' || line.key === 'cseq') headers.add(line.name, line.value)
    else if (line.key === 'to') headers.add(line.name, withTag(line.value, draft.toTag))
    // RFC 3261 §12.1.1: all of them, in order.
    else if (line.key === 'record-route' && status > 100 && status < 300) headers.add(line.name, line.value)
  }
  for (const [name, value] of draft.headers ?? []) headers.add(name, value)
  return new SipResponse(status, draft.reason ?? reasonPhrase(status), headers, bodyBytes(draft.body))
}

/** A From or To value with a tag, unless it has one. */
export function withTag(value: string, tag: string | undefined): string {
  return tag === undefined || tagOf(value) !== undefined ? value : `${value};tag=${tag}`
}

export function bodyBytes(body: Buffer | string | undefined): Buffer {
  return body === undefined ? noBody : typeof body === 'string' ? Buffer.from(body, 'utf8') : body
}

/** A fresh tag (RFC 3261 §19.3), 64 random bits. */
export function newTag(): string {
  return freshBytes(8).toString('hex')
}

/** A fresh Call-ID. It names no host, so it tells nothing about who made it. */
export function newCallId(): string {
  return freshBytes(16).toString('hex')
}

/** A fresh branch with the magic cookie of RFC 3261 §8.1.1.7. */
export function newBranch(): string {
  return `z9hG4bK${freshBytes(10).toString('hex')}`
}
