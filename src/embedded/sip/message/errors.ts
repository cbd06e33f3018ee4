/** Why bytes are not a SIP message that we can work with. */
export type SipParseCode =
  | 'empty' | 'too_large' | 'truncated' | 'start_line' | 'version' | 'header' | 'header_count' | 'control_character'
  | 'missing_header' | 'duplicate_header' | 'via' | 'cseq' | 'address' | 'uri' | 'content_length' | 'max_forwards'

/**
 * Bytes that are not a usable SIP message. The text names the rule that was broken, never the bytes.
 * `reply` is set when the five headers that a response must copy could be read (RFC 3261 §8.2.6.2);
 * then `status` (400, or 505 for another version of SIP) can be answered. Without it, drop the message.
 */
export class SipParseError extends Error {
  constructor(readonly code: SipParseCode, readonly status: 400 | 505 | 513 = 400, readonly reply?: ReplyHeaders) {
    super(`not a SIP message: ${code}`)
    this.name = 'SipParseError'
  }
}

/** What a response copies from its request. `via` has every Via value, topmost first. */
export interface ReplyHeaders {
  readonly method: string
  readonly via: readonly string[]
  readonly from: string
  readonly to: string
  readonly callId: string
  readonly cseq: string
}

/** A message that must not be sent: a header value with CR or LF, a name that is no token, and the like. */
export class SipFormatError extends Error {
  constructor(readonly part: 'method' | 'uri' | 'reason' | 'status' | 'header_name' | 'header_value' | 'size') {
    super(`refused to send a SIP message with an unusable ${part}`)
    this.name = 'SipFormatError'
  }
}
