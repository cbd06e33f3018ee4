import type { PhoneCall, WireMessage } from '../embedded/phone/index.js'
import { userOf } from '../embedded/phone/index.js'
import type { SipMessage } from '../embedded/sip/index.js'
import type { Arrow, Rung, Style } from '../cli/ladder.js'

/**
 * What a phone saw of a call, as rungs of a ladder between its column and that of the line. Copies of a message
 * and the 100 that says no more than "I have it" are left out.
 * @param start milliseconds of `performance.now()` that count as zero
 */
export function rungsOf(call: PhoneCall, phone: number, line: number, start: number): Arrow[] {
  const known = new Set<string>()
  return call.messages.flatMap((one) => {
    const { direction, message, data, at } = one
    const key = `${direction} ${data.toString('latin1')}`
    if (message === undefined || known.has(key) || (message.kind === 'response' && message.status === 100)) return []
    known.add(key)
    const [from, to] = direction === 'out' ? [phone, line] : [line, phone]
    return [{ kind: 'arrow', at: at - start, from, to, label: labelOf(one, message), style: styleOf(message) }]
  })
}

/** The moment of the first message of these calls. */
export function startOf(...calls: readonly PhoneCall[]): number {
  return Math.min(...calls.flatMap(({ messages }) => messages.slice(0, 1).map(({ at }) => at)))
}

/** Something that was found out now. */
export function note(column: number, text: string, start: number): Rung {
  return { kind: 'note', at: performance.now() - start, column, text }
}

function labelOf({ direction }: WireMessage, message: SipMessage): string {
  if (message.kind === 'response') {
    const sound = message.status < 200 && message.body.length > 0 ? ' with sound' : ''
    return `${message.status} ${message.reason.replace(/^Session (?:in )?/, '')}${sound}`
  }
  if (message.method !== 'INVITE' || message.toTag !== undefined) return message.method
  const number = direction === 'out' ? userOf(`<${message.uri}>`) : userOf(message.headers.get('from'))
  return `INVITE ${direction === 'out' ? 'to' : 'from'} ${number ?? 'nobody'}`
}

function styleOf(message: SipMessage): Style {
  if (message.kind === 'request') return 'request'
  if (message.status < 200) return 'waiting'
  return message.status < 300 ? 'good' : 'bad'
}
