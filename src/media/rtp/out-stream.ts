import { freshBytes } from '../../ids.js'
import { buildRtp, type RtpPacket } from './packet.js'

/** Where a relayed stream stands in the numbering of ours. */
interface Link {
  /** The stream that is relayed. */
  readonly ssrc: number
  /** Ours minus theirs, modulo 2^16 and 2^32. */
  readonly sequenceShift: number
  readonly timestampShift: number
  /** Their sequence numbers with cycles: of the first packet relayed and of the newest. */
  readonly first: number
  highest: number
}

/** What a packet is sent as. */
export interface Outgoing {
  readonly payloadType: number
  readonly clockRate: number
  readonly payload: Buffer
}

/** Packets this far from the newest start a new stream (RFC 3550 A.1, MAX_DROPOUT). */
const maxJump = 3000

/**
 * One RTP stream that we send, under an SSRC, sequence and timestamp of our own with random starts
 * (RFC 3550 §5.1). It carries in turn what is relayed and what we say; numbers never go back, and within a
 * relayed stream gaps and order stay as they came, so that the receiver sees the losses that happened.
 */
export class OutStream {
  readonly ssrc = freshBytes(4).readUInt32BE()
  packets = 0
  octets = 0
  private sequence = freshBytes(2).readUInt16BE()
  private timestamp = freshBytes(4).readUInt32BE()
  /** Milliseconds at which the newest packet left; undefined before the first. */
  private sentAt: number | undefined
  private link: Link | undefined
  private talkStart: number | undefined

  /**
   * The packet as it goes on, or undefined when it is from before the point where this stream took over.
   * @param now monotonic milliseconds
   */
  relay(packet: RtpPacket, out: Outgoing, now: number): Buffer | undefined {
    this.talkStart = undefined
    const fresh = this.link === undefined || !follows(this.link, packet)
    const link = fresh ? this.linkTo(packet, out.clockRate, now) : this.link!
    const extended = extend(link.highest, packet.sequence)
    if (extended < link.first) return undefined
    const sequence = (packet.sequence + link.sequenceShift) & 0xffff
    const timestamp = (packet.timestamp + link.timestampShift) >>> 0
    if (extended >= link.highest) {
      link.highest = extended
      this.advance(sequence, timestamp, now)
    }
    return this.build(sequence, timestamp, packet.marker || fresh, out)
  }

  /** A piece of our own voice. @param offset samples since this talk began; a new talk starts when relay or `pause` came between */
  talk(out: Outgoing, offset: number, now: number): Buffer {
    const fresh = this.talkStart === undefined
    this.link = undefined
    const start = this.talkStart ??= (this.next(out.clockRate, now) - offset) >>> 0
    const sequence = (this.sequence + 1) & 0xffff
    const timestamp = (start + offset) >>> 0
    this.advance(sequence, timestamp, now)
    return this.build(sequence, timestamp, fresh, out)
  }

  /** Ends the talk or the relayed stream: whatever comes next starts where time has got to. */
  pause(): void {
    this.link = undefined
    this.talkStart = undefined
  }

  /** Which stream is being relayed, if one is. */
  get source(): number | undefined {
    return this.link?.ssrc
  }

  /** A timestamp of the relayed stream in our numbering. */
  toOwnTimestamp(timestamp: number): number {
    return (timestamp + (this.link?.timestampShift ?? 0)) >>> 0
  }

  /** A highest sequence number that was reported on us, in the numbering of the relayed stream. */
  toSourceSequence(reported: number): number {
    if (this.link === undefined) return reported
    // Cycles start anew with each stream, so they come from what we saw ourselves.
    return extend(this.link.highest, (reported - this.link.sequenceShift) & 0xffff) >>> 0
  }

  private linkTo(packet: RtpPacket, clockRate: number, now: number): Link {
    const timestamp = this.next(clockRate, now)
    // One cycle ahead, so that a late packet does not count below zero.
    const first = packet.sequence + 0x10000
    this.link = {
      ssrc: packet.ssrc,
      sequenceShift: (this.sequence + 1 - packet.sequence) & 0xffff,
      timestampShift: (timestamp - packet.timestamp) >>> 0,
      first,
      highest: first
    }
    return this.link
  }

  /** The timestamp at which something new may start: later than the last, by the time that went by. */
  private next(clockRate: number, now: number): number {
    if (this.sentAt === undefined) return this.timestamp
    const elapsed = Math.max(20, now - this.sentAt)
    return (this.timestamp + Math.round(elapsed * clockRate / 1000)) >>> 0
  }

  private advance(sequence: number, timestamp: number, now: number): void {
    this.sequence = sequence
    this.timestamp = timestamp
    this.sentAt = now
  }

  private build(sequence: number, timestamp: number, marker: boolean, { payloadType, payload }: Outgoing): Buffer {
    this.packets = (this.packets + 1) >>> 0
    this.octets = (this.octets + payload.length) >>> 0
    return buildRtp({ payloadType, marker, sequence, timestamp, ssrc: this.ssrc, payload })
  }
}

function follows(link: Link, packet: RtpPacket): boolean {
  return link.ssrc === packet.ssrc && Math.abs(extend(link.highest, packet.sequence) - link.highest) <= maxJump
}

/** The number with cycles that lies nearest to `near` and ends in these 16 bits. */
function extend(near: number, sequence: number): number {
  return near + (((sequence - near) & 0xffff) << 16 >> 16)
}
