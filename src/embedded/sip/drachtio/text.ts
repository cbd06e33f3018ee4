import { headerKey, headerName, hostPort, isToken } from '../message/index.js'

/** What an application sent: a leader and, mostly, the parts of a message that it leaves to us to complete. */
export interface AppMessage {
  readonly tokens: readonly string[]
  readonly startLine: string
  /** Names in their usual writing. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

const blankLine = Buffer.from('\r\n\r\n')
/** Headers of the application that the server does not take over, as the real one. */
const ignored = new Set(['via', 'route', 'record-route', 'rseq', 'content-length'])
const rewritten = new Set(['from', 'to', 'contact', 'p-asserted-identity'])

/**
 * Reads a payload. The length that drachtio-srf writes counts characters, so the body is simply what follows
 * the blank line. A line whose name is no token is dropped, as the real server does.
 */
export function readAppMessage(payload: Buffer): AppMessage {
  const end = payload.indexOf(blankLine)
  const [leader = '', startLine = '', ...lines] = payload.toString('latin1', 0, end === -1 ? payload.length : end).split(/\r\n|\r|\n/)
  const headers: [string, string][] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim()
    if (isToken(name) && !ignored.has(headerKey(name))) headers.push([headerName(name), line.slice(colon + 1).trim()])
  }
  const body = end === -1 ? payload.subarray(payload.length) : payload.subarray(end + 4)
  return { tokens: leader.split('|'), startLine, headers, body }
}

/** `sip:user@localhost` in the headers that show who and where we are becomes our real address. */
export function placeHost(headers: AppMessage['headers'], host: string, port: number): (readonly [string, string])[] {
  const here = hostPort(host, port)
  return headers.map(([name, value]) => rewritten.has(headerKey(name))
    ? [name, value.replace(/(sips?:(?:[^@<>\s"]*@)?)localhost(?::\d+)?(?=[>;?,\s]|$)/gi, `$1${here}`)]
    : [name, value])
}

export function headerOf(message: AppMessage, name: string): string | undefined {
  return message.headers.find(([one]) => headerKey(one) === name)?.[1]
}

/** Without the headers named, which are the transaction's or the dialog's. */
export function without(headers: AppMessage['headers'], ...names: string[]): (readonly [string, string])[] {
  return headers.filter(([name]) => !names.includes(headerKey(name)))
}
