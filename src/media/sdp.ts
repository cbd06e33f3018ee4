import { isIP, SocketAddress } from 'node:net'
import { parse } from 'sdp-transform'
import { MaskError } from '../errors.js'
import { isAudio, readCodec, type Codec } from './codecs.js'

export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** One m= line, as far as an answer has to repeat it: every token out of a closed set. */
export interface StreamLine {
  readonly kind: string
  readonly protocol: string
}

/** All that we take from a session description; what is not here, nobody ever sees. */
export interface MediaFacts {
  /** An IP address in its canonical form; undefined for 0.0.0.0 or ::, the hold of RFC 2543 (RFC 3264 §8.4). */
  readonly address: string | undefined
  readonly rtpPort: number
  readonly rtcpPort: number
  /** RTP and RTCP on one port (RFC 5761). */
  readonly rtcpMux: boolean
  /** In the order of preference of who wrote it; at least one carries audio. */
  readonly codecs: readonly Codec[]
  /** From the view of who wrote it. */
  readonly direction: MediaDirection
  /** Milliseconds of audio in a packet, if it asked for one of the usual values. */
  readonly ptime: number | undefined
  /** All m= lines in their order, and which of them is the audio stream that we serve. */
  readonly streams: readonly StreamLine[]
  readonly audioIndex: number
}

export type RejectReason = 'no_offer' | 'malformed' | 'no_audio' | 'no_codec' | 'address' | 'not_secure_only'

const maxLength = 16384
const maxStreams = 8
const kinds = new Set(['audio', 'video', 'text', 'application', 'message', 'image'])
const protocols = new Set([
  'RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'UDP/TLS/RTP/SAVPF', 'TCP/RTP/AVP', 'udptl', 'UDPTL', 'UDP/TLS/UDPTL',
  'UDP/BFCP', 'TCP/BFCP', 'TCP/TLS/BFCP', 'TCP/MSRP', 'TCP/TLS/MSRP', 'DTLS/SCTP', 'UDP/DTLS/SCTP', 'TCP/DTLS/SCTP'
])
/** Without keys of our own only plain RTP can be served; AVPF without feedback is plain RTP (RFC 4585 §4). */
const plain = new Set(['RTP/AVP', 'RTP/AVPF'])
const usualPtimes = [10, 20, 30, 40, 60]
/** The only lines that are read at all; the parser never sees the rest. */
const wanted = /^(?:[vcm]=|a=(?:rtpmap:|fmtp:|rtcp:|rtcp-mux$|ptime:|sendrecv$|sendonly$|recvonly$|inactive$))/

interface Line { readonly ip?: unknown, readonly version?: unknown }
type Parsed = ReturnType<typeof parse>
type Stream = Parsed['media'][number]

/**
 * Reads an offer or an answer.
 * @param text a session description (RFC 8866) as it arrived; undefined where one was expected and none came
 * @param family the address family that our sockets have
 * @throws MaskError media_rejected, whatever the text holds
 */
export function readSdp(text: string | undefined, family: 4 | 6 = 4): MediaFacts {
  if (text === undefined) throw rejected('no_offer')
  const sdp = parseWanted(text)
  if (sdp.media.length === 0) throw rejected('no_audio')
  if (sdp.media.length > maxStreams) throw rejected('malformed')
  const streams = sdp.media.map(readStreamLine)
  const audio = streams.flatMap(({ kind }, index) => kind === 'audio' && sdp.media[index]!.port > 0 ? [index] : [])
  if (audio.length === 0) throw rejected('no_audio')
  const audioIndex = audio.find((index) => plain.has(streams[index]!.protocol))
  if (audioIndex === undefined) throw rejected('not_secure_only')
  return { ...readAudio(sdp, sdp.media[audioIndex]!, family), streams, audioIndex }
}

function parseWanted(text: string): Parsed {
  const lines = text.split(/\r\n|\r|\n/)
  if (text.length > maxLength || lines[0] !== 'v=0' || !lines.some((line) => /^o=\S+ \d+ \d+ IN IP[46] \S+$/.test(line))) throw rejected('malformed')
  if (lines.some((line) => line !== '' && !/^[a-z]=/.test(line))) throw rejected('malformed')
  try {
    return parse(lines.filter((line) => wanted.test(line)).join('\r\n') + '\r\n')
  } catch (cause) {
    throw rejected('malformed', cause)
  }
}

function readStreamLine(stream: Stream): StreamLine {
  // An m= line that the parser could not read has none of these.
  const { type: kind, protocol, port } = stream as Partial<Stream>
  if (typeof kind !== 'string' || typeof protocol !== 'string' || typeof port !== 'number') throw rejected('malformed')
  if (!kinds.has(kind) || !protocols.has(protocol) || port > 65535) throw rejected('malformed')
  return { kind, protocol }
}

function readAudio(sdp: Parsed, stream: Stream, family: 4 | 6): Omit<MediaFacts, 'streams' | 'audioIndex'> {
  const connection = (stream.connection ?? sdp.connection) as Line | undefined
  const address = readAddress(connection, family)
  // Ports below 1024 belong to services that must never hear from us.
  if (stream.port < 1024) throw rejected('address')
  const codecs = readCodecs(stream)
  if (!codecs.some(isAudio)) throw rejected('no_codec')
  const rtcpMux = 'rtcpMux' in stream
  return {
    address,
    rtpPort: stream.port,
    rtcpPort: rtcpMux ? stream.port : readRtcpPort(stream),
    rtcpMux,
    codecs,
    direction: readDirection(stream.direction ?? sdp.direction ?? 'sendrecv', address),
    ptime: usualPtimes.find((ms) => ms === Number(stream.ptime))
  }
}

/** RFC 3605 §2.1; an address of its own for RTCP is not followed. */
function readRtcpPort(stream: Stream): number {
  const port = Number(stream.rtcp?.port)
  return Number.isInteger(port) && port >= 1024 && port <= 65535 ? port : Math.min(stream.port + 1, 65535)
}

function readDirection(direction: MediaDirection, address: string | undefined): MediaDirection {
  if (address !== undefined) return direction
  return direction === 'sendrecv' || direction === 'sendonly' ? 'sendonly' : 'inactive'
}

function readAddress(line: Line | undefined, family: 4 | 6): string | undefined {
  const ip = plainText(line?.ip)
  if (ip.includes('%') || isIP(ip) !== family || Number(line?.version) !== family) throw rejected('address')
  const { address } = new SocketAddress({ address: ip, family: family === 4 ? 'ipv4' : 'ipv6' })
  if (address === '0.0.0.0' || address === '::') return undefined
  const first = Number.parseInt(address, 10)
  // One person, one phone: no groups, no broadcast.
  if (family === 4 ? first === 0 || first >= 224 : address.startsWith('ff')) throw rejected('address')
  return address
}

function readCodecs(stream: Stream): Codec[] {
  const found = new Map<string, Codec>()
  for (const token of plainText(stream.payloads).split(' ').slice(0, 128)) {
    const codec = /^\d{1,3}$/.test(token) ? readPayload(stream, Number(token)) : undefined
    // A codec that is listed twice keeps the first number.
    if (codec !== undefined && !found.has(`${codec.name}/${codec.clockRate}`)) found.set(`${codec.name}/${codec.clockRate}`, codec)
  }
  return [...found.values()]
}

function readPayload(stream: Stream, payloadType: number): Codec | undefined {
  if (payloadType > 127) return undefined
  const map = stream.rtp.find((line) => plainText(line.payload) === String(payloadType))
  const fmtp = stream.fmtp.find((line) => plainText(line.payload) === String(payloadType))
  const codec = map === undefined ? undefined : readCodec(payloadType, plainText(map.codec), plainText(map.rate), plainText(map.encoding), plainText(fmtp?.config))
  // RFC 3551 §6: 0 and 8 need no rtpmap, and mean nothing else.
  if (payloadType === 0) return map === undefined || codec?.name === 'PCMU' ? { name: 'PCMU', clockRate: 8000, payloadType } : undefined
  if (payloadType === 8) return map === undefined || codec?.name === 'PCMA' ? { name: 'PCMA', clockRate: 8000, payloadType } : undefined
  return codec
}

/** The parser makes numbers of what looks like one, whatever its types say. */
function plainText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

export function rejected(reason: RejectReason, cause?: unknown): MaskError {
  return new MaskError('media_rejected', { reason, ...(cause === undefined ? {} : { cause }) })
}
