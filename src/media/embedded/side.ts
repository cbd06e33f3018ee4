import { freshBytes } from '../../ids.js'
import { codecKey, isG711, type Codec } from '../codecs.js'
import type { MediaFacts } from '../sdp.js'
import { OutStream } from '../rtp/out-stream.js'
import { digitOfEvent, parseTelephoneEvent } from '../rtp/telephone-event.js'
import type { G711 } from '../rtp/g711.js'
import type { PacingClock } from './clock.js'
import { SourceLatch, type Address } from './latch.js'
import { Player, type Listener } from './player.js'
import type { SocketPair } from './sockets.js'

/** RTP packets that one side may send in a second; 2.5 ms of opus a packet makes 400. */
const packetsPerSecond = 1000

/** One side of a session: what is agreed with it, where it is, and our own stream towards it. */
export class Side implements Listener {
  readonly rtpLatch = new SourceLatch()
  readonly rtcpLatch = new SourceLatch()
  readonly out = new OutStream()
  readonly player: Player
  /** RFC 7022 §4.2: 96 random bits. */
  readonly cname = freshBytes(12).toString('base64')
  /** Added to the NTP times of this side, so that the other learns nothing of its clock but the round trip still adds up. */
  readonly ntpShift = freshBytes(4).readUInt32BE()
  /** Monotonic milliseconds of the last RTP packet that we took from it; 0 for none. */
  heardAt = 0
  facts: MediaFacts | undefined
  /** Hears nothing of the other side for now. */
  apart = false
  /** Called once for every key that this side presses. */
  readonly digitListeners = new Set<(digit: string) => void>()
  /** Hears what this side says to the other, as linear PCM, while somebody records. */
  onVoice: ((samples: Int16Array) => void) | undefined
  private lastEvent: number | undefined
  private readonly incoming = new Map<number, Codec>()
  private readonly outgoing = new Map<string, Codec>()
  private second = 0
  private inSecond = 0

  constructor(readonly pair: SocketPair, clock: PacingClock) {
    this.player = new Player(clock, this)
  }

  /**
   * Sets what was agreed.
   * @param facts the side's own description
   * @param ours codecs under the numbers of our description to it: what it may send
   * @param theirs the same codecs under the numbers of its description: what we send
   */
  agree(facts: MediaFacts, ours: readonly Codec[], theirs: readonly Codec[]): void {
    this.facts = facts
    this.incoming.clear()
    this.outgoing.clear()
    // Some phones send under their own number where RFC 3264 §5.1 wants ours; a clash goes to ours.
    for (const codec of [...theirs, ...ours]) this.incoming.set(codec.payloadType, codec)
    for (const codec of theirs) this.outgoing.set(codecKey(codec), codec)
    const at = (port: number): Address | undefined => facts.address === undefined ? undefined : { address: facts.address, port }
    this.rtpLatch.expect(at(facts.rtpPort))
    this.rtcpLatch.expect(at(facts.rtcpPort))
  }

  /** The codec of a payload type that this side may send. */
  codecOf(payloadType: number): Codec | undefined {
    return this.incoming.get(payloadType)
  }

  /** Our way of sending a codec to this side. */
  sendAs(key: string): Codec | undefined {
    return this.outgoing.get(key)
  }

  /**
   * Takes a telephone event. All packets of one press have the same timestamp (RFC 4733 §2.5.1.2), and the
   * last three say that it is over: the first of any of them counts, so that a lost packet costs nothing.
   */
  press(payload: Buffer, timestamp: number): void {
    const event = parseTelephoneEvent(payload)
    const digit = event && digitOfEvent(event.event)
    if (digit === undefined || timestamp === this.lastEvent) return
    this.lastEvent = timestamp
    for (const listener of this.digitListeners) listener(digit)
  }

  get agreed(): Codec[] {
    return [...this.outgoing.values()]
  }

  get law(): G711 | undefined {
    return this.agreed.find(isG711)?.name as G711 | undefined
  }

  /** Whether it asked to hear anything now. */
  get listens(): boolean {
    return this.facts !== undefined && this.facts.direction !== 'sendonly' && this.facts.direction !== 'inactive'
  }

  get speaks(): boolean {
    return this.facts !== undefined && this.facts.direction !== 'recvonly' && this.facts.direction !== 'inactive'
  }

  begin(): void {
    this.out.pause()
  }

  hear(frame: Buffer, law: G711, offset: number): void {
    const codec = this.outgoing.get(`${law}/8000`)
    if (codec === undefined || !this.listens) return
    this.sendRtp(this.out.talk({ payloadType: codec.payloadType, clockRate: 8000, payload: frame }, offset, performance.now()))
  }

  sendRtp(data: Buffer): void {
    const to = this.rtpLatch.target
    if (to !== undefined) this.pair.sendRtp(data, to)
  }

  sendRtcp(data: Buffer): void {
    if (this.facts?.rtcpMux === true) {
      this.sendRtp(data)
      return
    }
    const to = this.rtcpLatch.target
    if (to !== undefined) this.pair.sendRtcp(data, to)
  }

  /** Counts a packet against what a side may send. */
  withinBudget(now: number): boolean {
    const second = Math.floor(now / 1000)
    if (second !== this.second) this.inSecond = 0
    this.second = second
    return ++this.inSecond <= packetsPerSecond
  }
}
