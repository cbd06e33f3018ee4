import { SipFormatError } from './errors.js'
import type { SipMessage } from './message.js'
import { isToken } from './names.js'

const unsafeText = /[^\t\x20-\x7e\x80-\xff]/
const unsafeUri = /[^\x21-\x7e\x80-\xff]/

/** The bytes of a message. Content-Length is always ours and last. @throws SipFormatError */
export function serialize(message: SipMessage): Buffer {
  const head = formatHead(message)
  // Transactions keep these bytes for half a minute; one in Node's shared pool would keep the whole slab alive.
  const bytes = Buffer.allocUnsafeSlow(head.length + message.body.length)
  bytes.write(head, 0, 'latin1')
  message.body.copy(bytes, head.length)
  return bytes
}

/**
 * A value with CR or LF would begin a new header; a character beyond one byte would be cut to one and
 * could become such a byte. Neither is ever sent.
 */
function formatHead(message: SipMessage): string {
  let text = startLine(message)
  for (const line of message.headers) {
    if (line.key === 'content-length') continue
    if (!isToken(line.name)) throw new SipFormatError('header_name')
    if (unsafeText.test(line.value)) throw new SipFormatError('header_value')
    text += `${line.name}: ${line.value}\r\n`
  }
  return `${text}Content-Length: ${message.body.length}\r\n\r\n`
}

function startLine(message: SipMessage): string {
  if (message.kind === 'request') {
    if (!isToken(message.method)) throw new SipFormatError('method')
    if (message.uri === '' || unsafeUri.test(message.uri)) throw new SipFormatError('uri')
    return `${message.method} ${message.uri} SIP/2.0\r\n`
  }
  if (!Number.isInteger(message.status) || message.status < 100 || message.status > 699) throw new SipFormatError('status')
  if (unsafeText.test(message.reason)) throw new SipFormatError('reason')
  return `SIP/2.0 ${message.status} ${message.reason}\r\n`
}
