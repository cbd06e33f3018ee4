import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { lookup as systemLookup } from 'node:dns'
import { isIP, isIPv6 } from 'node:net'

const receiveBuffer = 4 * 1024 * 1024

/** The UDP side: one socket. */
export class UdpSide {
  readonly #socket: Socket

  constructor(host: string, private readonly onDatagram: (data: Buffer, from: RemoteInfo) => void) {
    const family = isIPv6(host) ? 6 : 4
    // The default look-up costs a turn of the event loop even for an address.
    const lookup = (host: string, _options: unknown, done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void): void => {
      if (isIP(host) === 0) systemLookup(host, { family }, done)
      else done(null, host, family)
    }
    this.#socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', lookup })
  }

  /** Rejects with the system's error (EADDRINUSE …). */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject)
      this.#socket.bind({ address: host, port, exclusive: true }, () => {
        this.#socket.off('error', reject)
        // An error of a bound socket concerns one datagram, which counts as lost.
        this.#socket.on('error', () => undefined)
        resolve()
      })
    })
    this.#socket.on('message', this.onDatagram)
    try {
      this.#socket.setRecvBufferSize(receiveBuffer)
    } catch {
      // The system's own size stays.
    }
    return this.#socket.address().port
  }

  send(bytes: Buffer, address: string, port: number, failed?: (error: Error) => void): void {
    try {
      this.#socket.send(bytes, port, address, (error) => {
        if (error !== null) failed?.(error)
      })
    } catch (error) {
      if (failed !== undefined) queueMicrotask(() => failed(error as Error))
    }
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      try {
        this.#socket.close(() => resolve())
      } catch {
        resolve()
      }
    })
  }
}
