import { write, type SessionDescription } from 'sdp-transform'
import { writeFmtp, type Codec } from './codecs.js'
import type { MediaDirection, StreamLine } from './sdp.js'

/** What a description of ours says; nothing in it comes from anybody's text. */
export interface OwnDescription {
  /** Decimal, random, the same for the life of a session (RFC 8866 §5.2). */
  readonly sessionId: string
  /** Rises by one with each change (RFC 3264 §8). */
  readonly version: number
  /** Our own address. */
  readonly host: string
  readonly rtpPort: number
  readonly rtcpMux: boolean
  readonly codecs: readonly Codec[]
  readonly direction: MediaDirection
  readonly ptime: number
  /** For an answer: the m= lines of the offer; all but one are refused (RFC 3264 §6). */
  readonly streams?: readonly StreamLine[]
  readonly audioIndex?: number
}

type Media = SessionDescription['media'][number]

/** Writes an offer or an answer of our own (RFC 8866, RFC 3264). */
export function writeSdp(own: OwnDescription): string {
  const ipVer = own.host.includes(':') ? 6 : 4
  const streams = own.streams ?? [{ kind: 'audio', protocol: 'RTP/AVP' }]
  return write({
    version: 0,
    origin: { username: '-', sessionId: own.sessionId, sessionVersion: own.version, netType: 'IN', ipVer, address: own.host },
    name: '-',
    connection: { version: ipVer, ip: own.host },
    timing: { start: 0, stop: 0 },
    media: streams.map((stream, index) => index === (own.audioIndex ?? 0) ? writeAudio(own, stream) : refuse(stream))
  })
}

function writeAudio(own: OwnDescription, stream: StreamLine): Media {
  const fmtp = own.codecs.flatMap((codec) => {
    const config = writeFmtp(codec)
    return config === undefined ? [] : [{ payload: codec.payloadType, config }]
  })
  return {
    type: 'audio',
    port: own.rtpPort,
    protocol: stream.protocol,
    payloads: own.codecs.map((codec) => codec.payloadType).join(' '),
    rtp: own.codecs.map((codec) => ({ payload: codec.payloadType, codec: codec.name, rate: codec.clockRate, ...(codec.name === 'opus' ? { encoding: 2 } : {}) })),
    fmtp,
    ptime: own.ptime,
    direction: own.direction,
    ...(own.rtcpMux ? { rtcpMux: 'rtcp-mux' } : {})
  }
}

/** A refused stream keeps its place with port 0; its formats mean nothing any more (RFC 3264 §6). */
function refuse(stream: StreamLine): Media {
  const payloads = stream.protocol.includes('RTP') ? '0' : stream.protocol.toLowerCase().includes('udptl') ? 't38' : '*'
  return { type: stream.kind, port: 0, protocol: stream.protocol, payloads, rtp: [], fmtp: [] }
}

/** What we answer to a direction (RFC 3264 §6.1). */
export function mirror(direction: MediaDirection): MediaDirection {
  if (direction === 'sendonly') return 'recvonly'
  return direction === 'recvonly' ? 'sendonly' : direction
}
