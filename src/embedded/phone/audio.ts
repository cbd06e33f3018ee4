import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { codecKey, isG711, type Codec } from '../../media/codecs.js'
import { frameMs, type PacingClock } from '../../media/embedded/clock.js'
import { encodeG711, type G711 } from '../../media/rtp/g711.js'
import { OutStream } from '../../media/rtp/out-stream.js'
import { parseRtp } from '../../media/rtp/packet.js'
import { buildRtcp } from '../../media/rtp/rtcp.js'
import { buildTelephoneEvent, digitOfEvent, eventOfDigit, parseTelephoneEvent } from '../../media/rtp/telephone-event.js'
import { sampleRate, sine } from '../../media/rtp/tone.js'
import { readSdp, type MediaDirection, type MediaFacts } from '../../media/sdp.js'
import { mirror } from '../../media/sdp-write.js'
import { Ear } from './ear.js'
import { phoneSdp, supported } from './sdp.js'

export interface AudioOptions {
  readonly host: string
  /** The phone's number; a talkative phone puts it into SDP and RTCP. */
  readonly number: string
  readonly clock: PacingClock
  /** Something arrived. */
  readonly changed: () => void
}

/** A packet as it passed one of the two sockets. */
export interface AudioPacket {
  readonly kind: 'rtp' | 'rtcp'
  readonly direction: 'in' | 'out'
  /** Milliseconds of `performance.now()`. */
  readonly at: number
  readonly data: Buffer
  readonly port: number
}

/** Packets kept of one call. */
const maxPackets = 60_000
/** Frames between two RTCP reports: 5 s (RFC 3550 §6.2). */
const reportEvery = 5000 / frameMs
const frame = frameMs * sampleRate / 1000

/** The audio of one call of a phone: RTP and RTCP on real sockets, a tone to say and an ear. */
export class PhoneAudio {
  readonly packets: AudioPacket[] = []
  readonly ear = new Ear()
  readonly out = new OutStream()
  /** Digits heard as telephone events, each once. */
  digits = ''
  /** What the other side last described. */
  remote: MediaFacts | undefined
  direction: MediaDirection = 'sendrecv'
  #codecs: readonly Codec[] = supported
  #version = 0
  #lastEvent: number | undefined
  #hush: (() => void) | undefined
  #frames = 0
  #closed: Promise<unknown> | undefined

  private constructor(private readonly options: AudioOptions, private readonly rtp: Socket, private readonly rtcp: Socket) {
    rtp.on('message', (data, { port }) => this.#hear(data, port))
    rtcp.on('message', (data, { port }) => {
      this.#record('rtcp', 'in', data, port)
      options.changed()
    })
  }

  /** Binds two free ports of the system's choice. */
  static async open(options: AudioOptions): Promise<PhoneAudio> {
    const sockets = [0, 1].map(() => createSocket(options.host.includes(':') ? 'udp6' : 'udp4'))
    for (const socket of sockets) {
      socket.bind(0, options.host)
      await once(socket, 'listening')
      socket.on('error', () => undefined)
    }
    return new PhoneAudio(options, sockets[0]!, sockets[1]!)
  }

  get rtpPort(): number {
    return this.rtp.address().port
  }

  get rtcpPort(): number {
    return this.rtcp.address().port
  }

  /** An offer of this phone, or its answer to the last description of the other side. */
  describe(kind: 'offer' | 'answer', direction?: MediaDirection): string {
    this.direction = direction ?? (kind === 'offer' || this.remote === undefined ? 'sendrecv' : mirror(this.remote.direction))
    const codecs = kind === 'answer' && this.remote !== undefined ? this.#common(this.remote) : supported
    if (kind === 'answer') this.#codecs = codecs
    return phoneSdp({ host: this.options.host, number: this.options.number, rtpPort: this.rtpPort, rtcpPort: this.rtcpPort, ssrc: this.out.ssrc, version: ++this.#version, codecs, direction: this.direction })
  }

  /** Takes the description of the other side; one that cannot be read changes nothing. @returns whether it could */
  accept(sdp: string): boolean {
    try {
      this.remote = readSdp(sdp, this.options.host.includes(':') ? 6 : 4)
      this.#codecs = this.#common(this.remote)
      return true
    } catch {
      return false
    }
  }

  /** Says a tone until `hush`; nothing where no G.711 was agreed or the other side is on hold. @param frequency Hz */
  say(frequency: number): void {
    this.hush()
    this.out.pause()
    let offset = 0
    this.#hush = this.options.clock.start(() => {
      this.#say(sine(frequency, frameMs, 0.25, offset), offset)
      offset += frame
    })
  }

  hush(): void {
    this.#hush?.()
    this.#hush = undefined
  }

  /** Presses a key as telephone events (RFC 4733 §2.5): three packets while it lasts, three that end it. */
  press(digit: string): void {
    const event = eventOfDigit(digit)
    const codec = this.#codecs.find(({ name }) => name === 'telephone-event')
    if (event === undefined || codec === undefined) return
    this.out.pause()
    for (const [i, end] of [false, false, false, true, true, true].entries()) {
      const payload = buildTelephoneEvent({ event, end, volume: 10, duration: frame * Math.min(i + 1, 4) })
      this.send(this.out.talk({ payloadType: codec.payloadType, clockRate: codec.clockRate, payload }, 0, performance.now()))
    }
    this.out.pause()
  }

  /** Sends bytes to where the other side listens for RTP, or for RTCP. */
  send(data: Buffer, kind: 'rtp' | 'rtcp' = 'rtp'): void {
    const { address, rtpPort, rtcpPort } = this.remote ?? {}
    const port = kind === 'rtp' ? rtpPort : rtcpPort
    if (address === undefined || port === undefined || this.#closed !== undefined) return
    this.#record(kind, 'out', data, port)
    ;(kind === 'rtp' ? this.rtp : this.rtcp).send(data, port, address, () => undefined)
  }

  /** Silence from here on; idempotent. */
  async close(): Promise<void> {
    this.hush()
    this.#closed ??= Promise.all([this.rtp, this.rtcp].map((socket) => new Promise<void>((resolve) => { socket.close(() => resolve()) })))
    await this.#closed
  }

  #say(samples: Int16Array, offset: number): void {
    const codec = this.#codecs.find(isG711)
    const wanted = this.remote?.direction === 'sendrecv' || this.remote?.direction === 'recvonly'
    if (codec === undefined || !wanted || this.direction === 'recvonly' || this.direction === 'inactive') return
    const payload = encodeG711(codec.name as G711, samples)
    const data = this.out.talk({ payloadType: codec.payloadType, clockRate: 8000, payload }, offset, performance.now())
    this.send(data)
    if (this.#frames++ % reportEvery === 0) this.#report(data.readUInt32BE(4))
  }

  /** A sender report with the number as CNAME, as many phones do. */
  #report(timestamp: number): void {
    const ntp = BigInt(Date.now() + 2_208_988_800_000) * 0x1_0000_0000n / 1000n
    const sender = { ntp: BigInt.asUintN(64, ntp), timestamp, packets: this.out.packets, octets: this.out.octets }
    this.send(buildRtcp({ ssrc: this.out.ssrc, sender, blocks: [] }, `${this.options.number}@${this.options.host}`), 'rtcp')
  }

  #hear(data: Buffer, port: number): void {
    this.#record('rtp', 'in', data, port)
    const packet = parseRtp(data)
    const codec = this.#codecs.find(({ payloadType }) => payloadType === packet?.payloadType)
    if (packet !== undefined && codec !== undefined) {
      if (codec.name === 'telephone-event') this.#digit(packet.payload, packet.timestamp)
      else if (isG711(codec)) this.ear.take(codec.name as G711, packet.payload)
    }
    this.options.changed()
  }

  /** All packets of one key press have the same timestamp (RFC 4733 §2.2). */
  #digit(payload: Buffer, timestamp: number): void {
    const event = parseTelephoneEvent(payload)
    if (event === undefined || timestamp === this.#lastEvent) return
    this.#lastEvent = timestamp
    this.digits += digitOfEvent(event.event) ?? ''
  }

  #common(remote: MediaFacts): Codec[] {
    return remote.codecs.filter((codec) => supported.some((own) => codecKey(own) === codecKey(codec)))
  }

  #record(kind: 'rtp' | 'rtcp', direction: 'in' | 'out', data: Buffer, port: number): void {
    if (this.packets.length < maxPackets) this.packets.push({ kind, direction, at: performance.now(), data, port })
  }
}
