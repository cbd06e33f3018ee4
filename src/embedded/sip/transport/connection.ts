import type { Socket } from 'node:net'
import type { SipParseError } from '../message/index.js'
import { StreamFraming } from './framing.js'
import type { Protocol, Remote } from './types.js'

export interface ConnectionLimits {
  readonly messageBytes: number
  /** Bytes that may wait to be written before the connection is given up. */
  readonly writeBytes: number
  /** Milliseconds without a byte in either direction. */
  readonly idleMs: number
  /** Milliseconds in which a stranger has to bring a message that is read. */
  readonly strangerMs: number
}

export interface Peer {
  readonly protocol: Protocol
  readonly address: string
  readonly port: number
  /** Whether it may keep the connection whatever it says: a trunk's address, or one that we have called. */
  readonly known: boolean
}

export interface ConnectionUser {
  /** @returns whether this shows that the peer has business here */
  onBytes: (message: Buffer, from: Remote) => boolean
  /** The stream broke off at `head`; the connection ends after what is sent from within this call. */
  onBroken: (error: SipParseError, head: Buffer, from: Remote) => void
  onClosed: () => void
}

const crlf = Buffer.from('\r\n')

/**
 * One TCP connection, opened by either side, or one of TLS, opened by the peer. A stranger hears nothing, and loses it
 * with the first message that shows no business here.
 */
export class Connection {
  readonly remote: Remote
  readonly #waiting = new Set<(error: Error) => void>()
  readonly #framing: StreamFraming
  /** Runs while the peer is a stranger. */
  #patience: NodeJS.Timeout | undefined

  constructor(readonly id: number, private readonly socket: Socket, peer: Peer, private readonly limits: ConnectionLimits, private readonly user: ConnectionUser) {
    this.remote = { protocol: peer.protocol, address: peer.address, port: peer.port, connection: id }
    this.#framing = new StreamFraming(limits.messageBytes)
    if (!peer.known) this.#patience = setTimeout(() => socket.destroy(), limits.strangerMs)
    socket.setNoDelay(true)
    socket.setTimeout(limits.idleMs, () => socket.destroy())
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('end', () => socket.end())
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => {
      clearTimeout(this.#patience)
      this.#fail(new Error('connection closed'))
      user.onClosed()
    })
  }

  get open(): boolean {
    return !this.socket.destroyed && this.socket.writable
  }

  /** Queues bytes. `failed` is called when the connection ends before they were handed to the system. */
  write(bytes: Buffer, failed?: (error: Error) => void): void {
    if (this.socket.writableLength + bytes.length > this.limits.writeBytes) {
      this.socket.destroy()
      if (failed !== undefined) queueMicrotask(() => failed(new Error('the peer does not read')))
      return
    }
    if (failed !== undefined) this.#waiting.add(failed)
    this.socket.write(bytes, () => {
      if (failed !== undefined && !this.socket.errored) this.#waiting.delete(failed)
    })
  }

  close(): void {
    this.socket.destroy()
  }

  #read(chunk: Buffer): void {
    const { messages, pings, broken } = this.#framing.push(chunk)
    for (const message of messages) {
      if (this.user.onBytes(message, this.remote)) this.#welcome()
      else if (this.#strange) return this.close()
    }
    // RFC 5626 §4.4.1: CRLF CRLF asks for one CRLF.
    if (pings > 0 && !this.#strange) this.write(crlf)
    if (broken === undefined) return
    this.user.onBroken(broken, this.#framing.held(), this.remote)
    this.socket.end()
    this.socket.removeAllListeners('data').resume()
    this.socket.setTimeout(1_000, () => this.socket.destroy())
  }

  get #strange(): boolean {
    return this.#patience !== undefined
  }

  #welcome(): void {
    clearTimeout(this.#patience)
    this.#patience = undefined
  }

  #fail(error: Error): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const failed of waiting) failed(error)
  }
}
