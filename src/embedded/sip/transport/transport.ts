import { networkInterfaces } from 'node:os'
import type { RemoteInfo } from 'node:dgram'
import { parseLimits, parseMessage, readReplyHeaders, SipParseError } from '../message/index.js'
import type { Guests } from './guests.js'
import { TcpSide, type TcpUser, type TlsIdentity } from './tcp.js'
import { UdpSide } from './udp.js'
import { stampVia } from './via.js'
import type { Remote, Transport, TransportUser } from './types.js'

export interface TransportLimits {
  /** TCP connections open at once, both ways; more are refused. Default 500. */
  readonly connections?: number
  /** Milliseconds after which a silent TCP connection is closed. Default 600 000. */
  readonly idleMs?: number
  /** Milliseconds in which somebody whom no trunk's address vouches for has to begin something. Default 30 000. */
  readonly strangerMs?: number
  /** Bytes that may wait for one slow TCP peer. Default 1 MiB. */
  readonly writeBytes?: number
}

export interface TransportOptions {
  /** Address to listen on; with `0.0.0.0` or `::` the first outward address of the machine is shown to peers. */
  readonly host: string
  /** 0 lets the system choose one that is free for UDP and TCP. */
  readonly port: number
  readonly limits?: TransportLimits
  /**
   * Whether requests and connections of this IP address are taken. Others get no answer at all: their datagrams are
   * dropped unread, their connections reset. Responses are read of everybody, because a gateway that is named by DNS
   * may move; one that belongs to nothing of ours is never answered. Missing: everybody's are.
   */
  readonly admits?: ((address: string) => boolean) | undefined
  /** Who else may begin something; missing: nobody. A connection of anybody else ends with its first message, or soon without one. */
  readonly guests?: Guests | undefined
  /** Another listener on the same host, for TLS. */
  readonly tls?: (TlsIdentity & { readonly port: number }) | undefined
}

/** SIP over UDP and TCP on one host and port (RFC 3261 §18), over TLS on another. Connections are reused, keep-alive pings answered. */
export class SipTransport implements Transport {
  readonly host: string
  #port = 0
  #user: TransportUser | undefined
  readonly #udp: UdpSide
  readonly #tcp: TcpSide
  readonly #tls: TcpSide | undefined
  readonly #guests: Guests | undefined
  #tlsPort: number | undefined

  #dropped = 0
  readonly #admits: (address: string) => boolean

  private constructor({ host, limits = {}, admits = () => true, guests, tls }: TransportOptions) {
    this.host = shownHost(host)
    this.#admits = admits
    this.#guests = guests
    this.#udp = new UdpSide(host, (data, from) => this.#datagram(data, from))
    const { connections = 500, idleMs = 600_000, strangerMs = 30_000, writeBytes = 1_048_576 } = limits
    const streamLimits = { connections, idleMs, strangerMs, writeBytes, messageBytes: parseLimits.messageBytes }
    const user: TcpUser = {
      admits: (address) => admits(address) ? 'known' : this.#counted(guests !== undefined) ? 'stranger' : 'nobody',
      onBytes: (data, from) => this.#streamed(data, from),
      onBroken: (error, head, from) => { if (this.#mayRead(head, from)) this.#broken(error, head, from) }
    }
    this.#tcp = new TcpSide(streamLimits, user)
    this.#tls = tls && new TcpSide(streamLimits, user, tls)
  }

  /** Listens on both protocols. @throws the system's error with its `code` (EADDRINUSE, EACCES, EADDRNOTAVAIL) */
  static async listen(options: TransportOptions): Promise<SipTransport> {
    for (let attempt = 1; ; attempt++) {
      const transport = new SipTransport(options)
      try {
        transport.#port = await transport.#tcp.listen(options.host, options.port)
        await transport.#udp.listen(options.host, transport.#port)
        transport.#tlsPort = await transport.#tls?.listen(options.host, options.tls!.port)
        return transport
      } catch (error) {
        await transport.close()
        // The system chose a TCP port whose UDP twin is taken: ask for another.
        if (options.port !== 0 || attempt === 10) throw error
      }
    }
  }

  get port(): number {
    return this.#port
  }

  /** Port for TLS; undefined when there is none. */
  get tlsPort(): number | undefined {
    return this.#tlsPort
  }

  /** Open TCP and TLS connections. */
  get connections(): number {
    return this.#tcp.connections + (this.#tls?.connections ?? 0)
  }

  /** Datagrams and connections of those who are not admitted. */
  get dropped(): number {
    return this.#dropped
  }

  /** Names the one who receives messages from now on. */
  use(user: TransportUser): void {
    this.#user = user
  }

  send(bytes: Buffer, to: Remote, failed?: (error: Error) => void): void {
    if (to.protocol === 'udp') this.#udp.send(bytes, to.address, to.port, failed)
    else if (to.protocol === 'tcp') this.#tcp.send(bytes, to, failed)
    else if (this.#tls !== undefined) this.#tls.send(bytes, to, failed)
    else if (failed !== undefined) queueMicrotask(() => failed(new Error('no TLS')))
  }

  async close(): Promise<void> {
    await Promise.all([this.#udp.close(), this.#tcp.close(), this.#tls?.close()])
  }

  #datagram(data: Buffer, from: RemoteInfo): void {
    // Keep-alives of NATed phones: a lone CRLF, four zero bytes and the like.
    const remote: Remote = { protocol: 'udp', address: from.address, port: from.port }
    if (data.length > 4 && this.#mayRead(data, remote)) this.#parse(data, remote)
  }

  /** @returns whether it shows business here: a response does not, because anybody can send one */
  #streamed(data: Buffer, from: Remote): boolean {
    const read = this.#mayRead(data, from)
    if (read) this.#parse(data, from)
    return read && !isResponse(data)
  }

  #mayRead(data: Buffer, from: Remote): boolean {
    return isResponse(data) || this.#counted(this.#admits(from.address) || this.#guests?.admits(data, from) === true)
  }

  #counted(admitted: boolean): boolean {
    if (!admitted) this.#dropped++
    return admitted
  }

  #parse(data: Buffer, from: Remote): void {
    try {
      const message = parseMessage(data)
      if (message.kind === 'request') stampVia(message, from)
      this.#user?.onMessage(message, from)
    } catch (error) {
      if (!(error instanceof SipParseError)) throw error
      // A broken response is nobody's to be answered.
      if (!isResponse(data)) this.#user?.onMalformed(error, from)
    }
  }

  /** The framing gave up; what there is of the head may still be enough for a reply. */
  #broken(cause: SipParseError, head: Buffer, from: Remote): void {
    this.#user?.onMalformed(new SipParseError(cause.code, cause.status, readReplyHeaders(head)), from)
  }
}

/** Whether these bytes begin like a response (RFC 3261 §7.2). */
function isResponse(data: Buffer): boolean {
  return data.toString('latin1', 0, 4).toUpperCase() === 'SIP/'
}

function shownHost(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host
  const family = host === '::' ? 'IPv6' : 'IPv4'
  const outward = Object.values(networkInterfaces()).flat().find((one) => one?.family === family && !one.internal)
  return outward?.address ?? (host === '::' ? '::1' : '127.0.0.1')
}
