import type { SipMessage, SipParseError } from '../message/index.js'

export type Protocol = 'udp' | 'tcp' | 'tls'

/** Where a message came from or goes to. `address` is an IP address without brackets; to send to, it may be a host name. */
export interface Remote {
  readonly protocol: Protocol
  readonly address: string
  readonly port: number
  /** The stream connection to use while it is open; else one to `address:port` is opened. */
  readonly connection?: number
}

/** What a transport tells its one user. */
export interface TransportUser {
  onMessage: (message: SipMessage, from: Remote) => void
  /** Bytes that are no message. `error.reply` tells whether a 400 can be sent, see `replyTarget`. */
  onMalformed: (error: SipParseError, from: Remote) => void
}

/** What the transaction layer needs of a network; `SipTransport` is the real one, tests bring a lossy one. */
export interface Transport {
  /** sent-by of our Via and host of our Contact. */
  readonly host: string
  readonly port: number
  /** Port for TLS, where there is one. */
  readonly tlsPort?: number | undefined
  /**
   * Sends bytes of one message. Never throws; `failed` is called at most once, later, when it is certain
   * that they did not leave (connection refused, unreachable, buffer limit).
   */
  send: (bytes: Buffer, to: Remote, failed?: (error: Error) => void) => void
}
