import { SipParseError } from '../message/index.js'

const blankLine = Buffer.from('\r\n\r\n')
const contentLength = /(?:^|\r\n)(?:content-length|l)[ \t]*:[ \t\r\n]*(\d{1,7})[ \t]*(?:\r\n|$)/i

/** Header bytes beyond which a stream that shows no blank line is given up. */
const maxHead = 32_768

export interface Framed {
  /** Whole messages, in order. */
  readonly messages: readonly Buffer[]
  /** Keep-alive pings (RFC 5626 §3.5.1, CRLF CRLF between messages) that want an answer. */
  readonly pings: number
  readonly broken?: SipParseError
}

/**
 * Cuts a byte stream into SIP messages by Content-Length (RFC 3261 §18.3). Holds at most one unfinished
 * message.
 */
export class StreamFraming {
  #held: Buffer = Buffer.alloc(0)
  #searched = 0
  /** Bytes that the unfinished message has once its head is complete. */
  #needed = 0

  constructor(private readonly maxMessage: number) {}

  /** After an answer with `broken` the stream can be followed no further; `held()` has the bytes of the culprit. */
  push(chunk: Buffer): Framed {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const messages: Buffer[] = []
    let pings = 0
    try {
      for (;;) {
        pings += this.#dropBlank()
        const length = this.#length()
        if (length === undefined || this.#held.length < length) break
        messages.push(this.#held.subarray(0, length))
        this.#consume(length)
      }
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error
      return { messages, pings, broken: error }
    }
    // A copy, so that a small rest does not keep a large chunk alive.
    if (messages.length > 0 && this.#held.length > 0) this.#held = Buffer.from(this.#held)
    return { messages, pings }
  }

  /** The bytes that wait for the rest of their message. */
  held(): Buffer {
    return this.#held
  }

  #dropBlank(): number {
    let at = 0
    while (this.#held[at] === 0x0d || this.#held[at] === 0x0a) at++
    // A lone CR at the end may be half of a CRLF; it is skipped all the same, being only white space.
    if (at > 0) this.#consume(at)
    return Math.floor(at / 4)
  }

  #consume(bytes: number): void {
    this.#held = this.#held.subarray(bytes)
    this.#searched = 0
    this.#needed = 0
  }

  /** Whole length of the first message, undefined while its head is incomplete. */
  #length(): number | undefined {
    if (this.#needed > 0) return this.#needed
    const end = this.#held.indexOf(blankLine, this.#searched)
    if (end === -1) {
      if (this.#held.length > maxHead) throw new SipParseError('too_large', 513)
      this.#searched = Math.max(0, this.#held.length - 3)
      return undefined
    }
    const found = contentLength.exec(this.#held.toString('latin1', 0, end))
    // RFC 3261 §20.14: on a stream the header is mandatory; without it nobody knows where the next message begins.
    if (found === null) throw new SipParseError('content_length')
    this.#needed = end + 4 + Number(found[1])
    if (this.#needed > this.maxMessage) throw new SipParseError('too_large', 513)
    return this.#needed
  }
}
