import { SipParseError, type ReplyHeaders, type SipParseCode } from './errors.js'
import { Headers } from './headers.js'
import { parseCSeq, SipRequest, SipResponse, type SipMessage } from './message.js'
import { headerKey, isToken } from './names.js'
import { splitList } from './text.js'
import { parseNameAddr, parseUri, uriScheme } from './uri.js'
import { parseVia } from './via.js'

/** Sizes beyond which a message is not read. */
export const parseLimits = { messageBytes: 65_536, headerLines: 256, lineBytes: 8_192 } as const

const blankLine = Buffer.from('\r\n\r\n')
/** Headers whose several values each get a line of their own, so that "the topmost" is the first line. */
const listed = new Set(['via', 'route', 'record-route'])
/** RFC 3261 §7.3.1: these may stand only once (RFC 4475 §3.3.8, §3.3.9). */
const single = new Set(['from', 'to', 'call-id', 'cseq', 'max-forwards', 'content-length'])

/**
 * Reads one whole message: a datagram, or what the stream framing cut out (RFC 3261 §7, §18.3).
 * Leading CRLFs are skipped, folded lines joined, compact names expanded when looked up. Via, Route and
 * Record-Route with several values become several lines. Bytes after Content-Length are cut off; without
 * that header the body is the rest.
 * @throws SipParseError
 */
export function parseMessage(data: Buffer): SipMessage {
  if (data.length > parseLimits.messageBytes) throw new SipParseError('too_large', 513)
  const start = skipBlank(data)
  if (start === data.length) throw new SipParseError('empty')
  const end = data.indexOf(blankLine, start)
  const head = readHead(data.toString('latin1', start, end === -1 ? data.length : end))
  if (end === -1) head.problem ??= 'truncated'
  const body = readBody(head, end === -1 ? data.subarray(data.length) : data.subarray(end + 4))
  return build(head, body)
}

/** What a reply to a request needs, read from bytes that may be broken anywhere else; undefined when that is not there. */
export function readReplyHeaders(data: Buffer): ReplyHeaders | undefined {
  const start = skipBlank(data)
  const end = data.indexOf(blankLine, start)
  const head = readHead(data.toString('latin1', start, end === -1 ? data.length : end))
  return replyOf(head, methodOf(head))
}

function skipBlank(data: Buffer): number {
  let at = 0
  while (at < data.length && (data[at] === 0x0d || data[at] === 0x0a)) at++
  return at
}

/** Reading goes on after the first problem, to find what a 400 needs. */
interface Head {
  readonly startLine: string
  readonly headers: Headers
  problem: SipParseCode | undefined
}

function readHead(text: string): Head {
  const lines = text.split('\r\n')
  const head: Head = { startLine: lines[0]!, headers: new Headers(), problem: undefined }
  if (/[\0-\x08\n-\x1f\x7f]/.test(text.includes('\r') ? lines.join('') : text)) head.problem = 'control_character'
  const seen = new Set<string>()
  let pending: string | undefined
  for (let at = 1; at <= lines.length; at++) {
    const line = lines[at]
    // RFC 3261 §7.3.1: a line that begins with white space goes on where the one before it ended.
    if (line !== undefined && pending !== undefined && /^[ \t]/.test(line)) pending = `${pending} ${line.trim()}`
    else {
      if (pending !== undefined) readLine(head, pending, seen)
      pending = line
    }
  }
  return head
}

function readLine(head: Head, line: string, seen: Set<string>): void {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0)).trimEnd()
  const value = line.slice(colon + 1).trim()
  const key = headerKey(name)
  if (!isToken(name) || line.length > parseLimits.lineBytes) head.problem ??= 'header'
  else if (head.headers.size >= parseLimits.headerLines) head.problem ??= 'header_count'
  else if (single.has(key) && seen.has(key)) head.problem ??= 'duplicate_header'
  else if (listed.has(key)) for (const part of splitList(value)) head.headers.add(name, part)
  else head.headers.add(name, value)
  seen.add(key)
}

function readBody(head: Head, rest: Buffer): Buffer {
  const length = head.headers.get('content-length')
  if (length === undefined) return rest
  // RFC 3261 §18.3: a datagram that ends before its body does is an error.
  if (!/^\d{1,7}$/.test(length) || Number(length) > rest.length) {
    head.problem ??= 'content_length'
    return rest
  }
  return rest.subarray(0, Number(length))
}

function build(head: Head, body: Buffer): SipMessage {
  const request = /^(\S+) (\S+) SIP\/(\d+\.\d+)$/i.exec(head.startLine)
  if (request !== null) return buildRequest(head, request, body)
  const response = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i.exec(head.startLine)
  const problem = response === null ? startLineProblem(head) : head.problem ?? checkCore(head.headers)
  if (problem !== undefined || response === null) throw new SipParseError(problem ?? 'start_line', 400, replyOf(head, methodOf(head)))
  return new SipResponse(Number(response[1]), response[2] ?? '', head.headers, body)
}

function startLineProblem(head: Head): SipParseCode {
  return head.problem ?? 'start_line'
}

/** The method of a request line that is otherwise broken; undefined for responses, which nobody answers. */
function methodOf(head: Head): string | undefined {
  const word = /^(\S+) /.exec(head.startLine)?.[1]
  return word !== undefined && isToken(word) ? word : undefined
}

function buildRequest(head: Head, found: RegExpExecArray, body: Buffer): SipRequest {
  const [, method, uri, version] = found as unknown as [string, string, string, string]
  const problem = head.problem ?? requestProblem(head.headers, method, uri)
  const reply = problem !== undefined || version !== '2.0' ? replyOf(head, method) : undefined
  if (version !== '2.0') throw new SipParseError('version', 505, reply)
  if (problem !== undefined) throw new SipParseError(problem, 400, reply)
  return new SipRequest(method, uri, head.headers, body)
}

function requestProblem(headers: Headers, method: string, uri: string): SipParseCode | undefined {
  if (!isToken(method)) return 'start_line'
  const scheme = uriScheme(uri)
  if (scheme === undefined) return 'uri'
  const core = checkCore(headers, method)
  if (core !== undefined) return core
  if (scheme.startsWith('sip')) {
    const bad = codeOf(() => parseUri(uri))
    if (bad !== undefined) return bad
  }
  return /^\d{1,9}$/.test(headers.get('max-forwards') ?? '70') ? undefined : 'max_forwards'
}

/** The headers that every message has (RFC 3261 §8.1.1) are there and can be read. */
function checkCore(headers: Headers, method?: string): SipParseCode | undefined {
  const [via, from, to, callId, cseq] = [headers.get('via'), headers.get('from'), headers.get('to'), headers.get('call-id'), headers.get('cseq')]
  if (via === undefined || from === undefined || to === undefined || cseq === undefined) return 'missing_header'
  if (callId === undefined || callId === '') return 'missing_header'
  return codeOf(() => {
    for (const value of headers.all('via')) parseVia(value)
    parseNameAddr(from)
    parseNameAddr(to)
    // RFC 3261 §8.1.1.5: the method in CSeq is that of the request.
    if (method !== undefined && parseCSeq(cseq).method !== method) throw new SipParseError('cseq')
    parseCSeq(cseq)
  })
}

function codeOf(read: () => void): SipParseCode | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof SipParseError) return error.code
    throw error
  }
}

/** An ACK is never answered; a reply needs a topmost Via that says where to. */
function replyOf(head: Head, method: string | undefined): ReplyHeaders | undefined {
  const { headers } = head
  const [via, from, to, callId, cseq] = [headers.all('via'), headers.get('from'), headers.get('to'), headers.get('call-id'), headers.get('cseq')]
  if (method === undefined || method === 'ACK' || from === undefined || to === undefined || callId === undefined || cseq === undefined) return undefined
  if (/[\0-\x08\n-\x1f\x7f]/.test([...via, from, to, callId, cseq].join(''))) return undefined
  if (via[0] === undefined || codeOf(() => parseVia(via[0]!)) !== undefined) return undefined
  return { method, via, from, to, callId, cseq }
}
