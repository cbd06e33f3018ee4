import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { within } from '../../src/deadline.js'
import { createEmbeddedMedia } from '../../src/media/embedded/engine.js'
import { buildRtp, parseRtp, type RtpPacket } from '../../src/media/rtp/packet.js'
import type { MediaEngine } from '../../src/media/types.js'
import { createLog } from '../../src/telemetry/log.js'

const waitMs = 5000

/** A bare RTP endpoint on two ports of the system's choice that keeps whatever arrives. */
export class Peer {
  readonly rtp: { data: Buffer, from: RemoteInfo }[] = []
  readonly rtcp: { data: Buffer, from: RemoteInfo }[] = []
  ssrc = 0x11223344
  private sequence = 65530
  private timestamp = 4294967000
  private readonly waiting = new Set<() => void>()

  private constructor(private readonly rtpSocket: Socket, private readonly rtcpSocket: Socket) {
    rtpSocket.on('message', (data, from) => this.take(this.rtp, data, from))
    rtcpSocket.on('message', (data, from) => this.take(this.rtcp, data, from))
  }

  static async open(): Promise<Peer> {
    const sockets = [createSocket('udp4'), createSocket('udp4')] as const
    for (const socket of sockets) {
      socket.bind(0, '127.0.0.1')
      await once(socket, 'listening')
    }
    return new Peer(...sockets)
  }

  get port(): number {
    return this.rtpSocket.address().port
  }

  get rtcpPort(): number {
    return this.rtcpSocket.address().port
  }

  /** A description of this peer. @param media payload types, then attribute lines without `a=` */
  sdp(payloads = '8 0 101', attributes: readonly string[] = ['rtpmap:101 telephone-event/8000'], address = '127.0.0.1'): string {
    return ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', `c=IN IP4 ${address}`, 't=0 0', `m=audio ${this.port} RTP/AVP ${payloads}`, ...[`rtcp:${this.rtcpPort}`, ...attributes].map((line) => `a=${line}`), ''].join('\r\n')
  }

  send(to: string, payloadType: number, payload: Buffer, change: Partial<RtpPacket> = {}): void {
    this.sequence = (this.sequence + 1) & 0xffff
    this.timestamp = (this.timestamp + 160) >>> 0
    this.sendRaw(to, buildRtp({ payloadType, marker: false, sequence: this.sequence, timestamp: this.timestamp, ssrc: this.ssrc, payload, ...change }))
  }

  get lastTimestamp(): number {
    return this.timestamp
  }

  sendRaw(to: string, data: Buffer): void {
    this.rtpSocket.send(data, portOf(to), '127.0.0.1')
  }

  sendRtcp(to: string, data: Buffer): void {
    this.rtcpSocket.send(data, portOf(to) + 1, '127.0.0.1')
  }

  /** The RTP packets so far, parsed. */
  get heard(): RtpPacket[] {
    return this.rtp.map(({ data }) => parseRtp(data)!)
  }

  /** Waits until `done` holds, looking again with each packet. */
  async until(done: () => boolean): Promise<void> {
    await within(waitMs, new Promise<void>((resolve) => {
      const look = (): void => {
        if (!done()) return
        this.waiting.delete(look)
        resolve()
      }
      this.waiting.add(look)
      look()
    }))
  }

  async close(): Promise<void> {
    await Promise.all([this.rtpSocket, this.rtcpSocket].map((socket) => new Promise<void>((resolve) => { socket.close(() => resolve()) })))
  }

  private take(list: { data: Buffer, from: RemoteInfo }[], data: Buffer, from: RemoteInfo): void {
    list.push({ data, from })
    for (const look of this.waiting) look()
  }
}

/** The RTP port of a description. */
export function portOf(sdp: string): number {
  return Number(/^m=audio (\d+) /m.exec(sdp)?.[1])
}

/** An engine on a range of its own; each test file runs in its own process and names another start. */
export function testEngine(from: number, to = from + 199, silenceTimeoutMs = 60000): MediaEngine {
  return createEmbeddedMedia({ host: '127.0.0.1', ports: { from, to }, log: createLog('silent'), silenceTimeoutMs })
}

/** Lets what is on the loopback interface arrive: a few turns of the event loop with time between. */
export function settle(ms = 60): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms) })
}
