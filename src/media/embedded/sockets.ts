import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { MaskError } from '../../errors.js'
import type { PortAllocator } from '../rtp/ports.js'
import type { Address } from './latch.js'

/** The two sockets of one side: RTP on an even port, RTCP on the next. */
export interface SocketPair {
  readonly port: number
  sendRtp(data: Buffer, to: Address): void
  sendRtcp(data: Buffer, to: Address): void
  /** Closes both and then gives the port back. Idempotent. */
  close(): Promise<void>
}

type Receive = (data: Buffer, from: RemoteInfo) => void

export interface PairEvents {
  onRtp: Receive
  onRtcp: Receive
  /** An error of a socket; it never goes further. */
  onError(error: unknown): void
}

/** Ports that other programs hold are passed over, but not without end. */
const maxTries = 32

/**
 * Opens a pair on the next free port of the range.
 * @throws MaskError media_unavailable when no port is free or the address cannot be bound
 */
export async function openPair(host: string, ports: PortAllocator, events: PairEvents): Promise<SocketPair> {
  for (let tries = 0; tries < maxTries; tries++) {
    const port = ports.take()
    if (port === undefined) throw new MaskError('media_unavailable', { reason: 'ports' })
    try {
      return await bindPair(host, port, ports, events)
    } catch (cause) {
      ports.give(port)
      if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw new MaskError('media_unavailable', { reason: 'bind', cause })
    }
  }
  throw new MaskError('media_unavailable', { reason: 'ports' })
}

async function bindPair(host: string, port: number, ports: PortAllocator, events: PairEvents): Promise<SocketPair> {
  const rtp = await bind(host, port)
  const rtcp = await bind(host, port + 1).catch(async (error: unknown) => {
    await closed(rtp)
    throw error
  })
  for (const socket of [rtp, rtcp]) socket.on('error', (error) => events.onError(error))
  rtp.on('message', (data, from) => events.onRtp(data, from))
  rtcp.on('message', (data, from) => events.onRtcp(data, from))
  let closing: Promise<void> | undefined
  return {
    port,
    sendRtp: (data, to) => send(rtp, data, to, closing === undefined),
    sendRtcp: (data, to) => send(rtcp, data, to, closing === undefined),
    close: () => closing ??= Promise.all([closed(rtp), closed(rtcp)]).then(() => ports.give(port))
  }
}

/** The addresses here are literals; the resolver is never asked. */
function lookup(address: string, _options: unknown, callback: (error: null, address: string, family: number) => void): void {
  callback(null, address, address.includes(':') ? 6 : 4)
}

async function bind(host: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', lookup })
  // An error between binding and use must not reach the process.
  socket.on('error', () => undefined)
  // Waiting starts first: with a literal address the socket may listen before bind returns.
  const listening = once(socket, 'listening')
  try {
    socket.bind({ address: host, port, exclusive: true })
    await listening
    return socket
  } catch (error) {
    await closed(socket)
    throw error
  }
}

/** A datagram that cannot leave is a lost one. */
function send(socket: Socket, data: Buffer, to: Address, open: boolean): void {
  if (open) socket.send(data, to.port, to.address, () => undefined)
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => { socket.close(() => resolve()) })
}
