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
}

export interface ConnectionUser {
  onBytes: (message: Buffer, from: Remote) => void
  /** The stream broke off at `head`; the connection ends after what is sent from within this call. */
  onBroken: (error: SipParseError, head: Buffer, from: Remote) => void
  onClosed: () => void
}

const crlf = Buffer.from('\r\n')

/** One TCP connection, opened by either side, or one of TLS, opened by the peer. */
export class Connection {
  readonly remote: Remote
  readonly #waiting = new Set<(error: Error) => void>()
  readonly #framing: StreamFraming

  constructor(readonly id: number, private readonly socket: Socket, peer: { readonly protocol: Protocol; readonly address: string; readonly port: number }, private readonly limits: ConnectionLimits, private readonly user: ConnectionUser) {
    this.remote = { protocol: peer.protocol, address: peer.address, port: peer.port, connection: id }
    this.#framing = new StreamFraming(limits.messageBytes)
    socket.setNoDelay(true)
    socket.setTimeout(limits.idleMs, () => socket.destroy())
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('end', () => socket.end())
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => {
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
    // RFC 5626 §4.4.1: CRLF CRLF asks for one CRLF.
    if (pings > 0) this.write(crlf)
    for (const message of messages) this.user.onBytes(message, this.remote)
    if (broken === undefined) return
    this.user.onBroken(broken, this.#framing.held(), this.remote)
    this.socket.end()
    this.socket.removeAllListeners('data').resume()
    this.socket.setTimeout(1_000, () => this.socket.destroy())
  }

  #fail(error: Error): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const failed of waiting) failed(error)
  }
}
