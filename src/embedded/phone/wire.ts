import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { parseMessage, SipParseError, stampVia, type Remote, type SipMessage, type Transport, type TransportUser } from '../sip/index.js'

export type WireDirection = 'in' | 'out'

/** One SIP datagram as it passed the socket. */
export interface WireMessage {
  readonly direction: WireDirection
  /** Milliseconds of `performance.now()`. */
  readonly at: number
  readonly peer: { readonly address: string, readonly port: number }
  /** The bytes, untouched. */
  readonly data: Buffer
  /** Undefined when the bytes cannot be read. */
  readonly message: SipMessage | undefined
  /** It was lost on purpose and went no further. */
  readonly lost: boolean
}

/** Which messages to lose; what is left out fits all. A response has the method of its request. */
export interface Loss {
  readonly direction?: WireDirection
  readonly method?: string
  /** A final or provisional status; 0 for requests only. */
  readonly status?: number
  readonly callId?: string
}

/** The SIP side of a phone: one UDP socket that remembers every byte and can lose messages on purpose. */
export class Wire implements Transport {
  readonly messages: WireMessage[] = []
  readonly #losses: { readonly loss: Loss, left: number }[] = []
  /** Called after each message, lost ones too. */
  onMessage: () => void = () => undefined
  #user: TransportUser | undefined

  private constructor(readonly host: string, readonly port: number, private readonly socket: Socket) {
    socket.on('message', (data, from) => this.#receive(data, from))
    // What an unreachable peer causes here concerns one datagram, which counts as lost.
    socket.on('error', () => undefined)
  }

  /** @param port 0 for any free one @throws the system's error with its `code` (EADDRINUSE …) */
  static async listen(host: string, port: number): Promise<Wire> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    socket.bind({ address: host, port, exclusive: true })
    try {
      await once(socket, 'listening')
    } catch (error) {
      socket.close()
      throw error
    }
    return new Wire(host, socket.address().port, socket)
  }

  use(user: TransportUser): void {
    this.#user = user
  }

  /** Loses the next messages that fit. @param times how many; Infinity for all */
  lose(loss: Loss, times = 1): void {
    this.#losses.push({ loss, left: times })
  }

  /** Forgets what passed before a time. @param beforeMs of `performance.now()` */
  forget(beforeMs: number): void {
    const first = this.messages.findIndex(({ at }) => at >= beforeMs)
    this.messages.splice(0, first < 0 ? Infinity : first)
  }

  send(bytes: Buffer, to: Remote, failed?: (error: Error) => void): void {
    if (to.protocol !== 'udp') {
      queueMicrotask(() => failed?.(new Error('this phone speaks UDP only')))
      return
    }
    if (this.#record('out', bytes, to, readable(bytes))) return
    this.socket.send(bytes, to.port, to.address, (error) => { if (error !== null) failed?.(error) })
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => { this.socket.close(() => resolve()) })
  }

  #receive(data: Buffer, from: RemoteInfo): void {
    // Keep-alives are no messages.
    if (data.length <= 4) return
    const remote: Remote = { protocol: 'udp', address: from.address, port: from.port }
    // A copy of its own goes into the record, since the layers above note things in theirs.
    if (this.#record('in', data, from, readable(data))) return
    try {
      const message = parseMessage(data)
      if (message.kind === 'request') stampVia(message, remote)
      this.#user?.onMessage(message, remote)
    } catch (error) {
      if (error instanceof SipParseError) this.#user?.onMalformed(error, remote)
    }
  }

  /** @returns whether the message is lost */
  #record(direction: WireDirection, data: Buffer, { address, port }: { address: string, port: number }, message: SipMessage | undefined): boolean {
    const found = message === undefined ? undefined : this.#losses.find(({ loss, left }) => left > 0 && fits(loss, direction, message))
    if (found !== undefined) found.left--
    this.messages.push({ direction, at: performance.now(), peer: { address, port }, data: Buffer.from(data), message, lost: found !== undefined })
    this.onMessage()
    return found !== undefined
  }
}

function readable(data: Buffer): SipMessage | undefined {
  try {
    return parseMessage(data)
  } catch {
    return undefined
  }
}

function fits(loss: Loss, direction: WireDirection, message: SipMessage): boolean {
  const status = message.kind === 'response' ? message.status : 0
  return (loss.direction ?? direction) === direction && (loss.status ?? status) === status &&
    (loss.callId ?? message.callId) === message.callId && (loss.method ?? message.cseq.method) === message.cseq.method
}
