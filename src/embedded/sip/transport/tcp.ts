import { connect, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Connection, type ConnectionLimits, type ConnectionUser, type Peer } from './connection.js'
import type { Remote } from './types.js'

export interface TcpLimits extends ConnectionLimits {
  readonly connections: number
}

/** Certificate chain and key, PEM. */
export interface TlsIdentity {
  readonly cert: string | Buffer
  readonly key: string | Buffer
}

export interface TcpUser extends Omit<ConnectionUser, 'onClosed'> {
  /** Whether somebody at this address may connect, and keep the connection whatever is said; `stranger`: connect only. */
  readonly admits: (address: string) => 'known' | 'stranger' | 'nobody'
}

/**
 * The TCP side: a listener, and connections that are used again for whatever goes to the same address and port.
 * With an identity it is the TLS side (RFC 3261 §26.3.1), which opens no connections of its own.
 */
export class TcpSide {
  readonly #server: Server
  readonly #connections = new Map<number, Connection>()
  readonly #byPeer = new Map<string, Connection>()
  #nextId = 1

  constructor(private readonly limits: TcpLimits, private readonly user: TcpUser, private readonly identity?: TlsIdentity) {
    const accept = (socket: Socket): void => this.#accept(socket)
    this.#server = identity === undefined ? createServer({ noDelay: true }, accept) : createTlsServer({ noDelay: true, minVersion: 'TLSv1.2', handshakeTimeout: 5000, ...identity }, accept)
    // A handshake that fails concerns one peer; there is nobody to tell.
    this.#server.on('tlsClientError', () => undefined)
  }

  get connections(): number {
    return this.#connections.size
  }

  /** @returns the port. Rejects with the system's error (EADDRINUSE …). */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        // Errors of accept() concern one connection attempt; there is nobody to tell.
        this.#server.on('error', () => undefined)
        resolve()
      })
    })
    return (this.#server.address() as { port: number }).port
  }

  send(bytes: Buffer, to: Remote, failed?: (error: Error) => void): void {
    const known = to.connection === undefined ? undefined : this.#connections.get(to.connection)
    const connection = known?.open === true ? known : this.#reuse(to) ?? this.#open(to)
    if (connection === undefined) {
      if (failed !== undefined) queueMicrotask(() => failed(new Error('no connection')))
      return
    }
    connection.write(bytes, failed)
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.close()
    if (!this.#server.listening) return
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= this.limits.connections || socket.remoteAddress === undefined || socket.remotePort === undefined) {
      socket.on('error', () => undefined).destroy()
      return
    }
    const address = socket.remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
    const standing = this.user.admits(address)
    if (standing !== 'nobody') this.#add(socket, { address, port: socket.remotePort, known: standing === 'known' })
    // A reset: nothing that tells what listens here. With TLS that was told already, and Node has no reset for it.
    else if (this.identity === undefined) socket.on('error', () => undefined).resetAndDestroy()
    else socket.on('error', () => undefined).destroy()
  }

  #reuse(to: Remote): Connection | undefined {
    const connection = this.#byPeer.get(`${to.address} ${to.port}`)
    return connection?.open === true ? connection : undefined
  }

  #open(to: Remote): Connection | undefined {
    if (this.identity !== undefined || this.#connections.size >= this.limits.connections) return undefined
    return this.#add(connect({ host: to.address, port: to.port, noDelay: true }), { address: to.address, port: to.port, known: true })
  }

  #add(socket: Socket, peer: Omit<Peer, 'protocol'>): Connection {
    const id = this.#nextId++
    const key = `${peer.address} ${peer.port}`
    const protocol = this.identity === undefined ? 'tcp' : 'tls'
    const connection = new Connection(id, socket, { protocol, ...peer }, this.limits, {
      onBytes: this.user.onBytes,
      onBroken: this.user.onBroken,
      onClosed: () => {
        this.#connections.delete(id)
        if (this.#byPeer.get(key) === connection) this.#byPeer.delete(key)
      }
    })
    this.#connections.set(id, connection)
    this.#byPeer.set(key, connection)
    return connection
  }
}
