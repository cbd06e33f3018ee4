/** One RTP packet without its CSRC list, header extension and padding (RFC 3550 §5.1). */
export interface RtpPacket {
  readonly payloadType: number
  readonly marker: boolean
  /** 16 bits. */
  readonly sequence: number
  /** 32 bits, in units of the codec's clock. */
  readonly timestamp: number
  /** 32 bits. */
  readonly ssrc: number
  readonly payload: Buffer
}

export const headerLength = 12

/**
 * Reads an RTP packet; CSRCs, extension and padding are skipped and left behind.
 * @returns undefined for anything that is not a whole RTP packet
 */
export function parseRtp(data: Buffer): RtpPacket | undefined {
  if (data.length < headerLength || data[0]! >> 6 !== 2) return undefined
  const start = payloadStart(data)
  const padding = (data[0]! & 0x20) === 0 ? 0 : data[data.length - 1]!
  const end = data.length - padding
  if (start === undefined || start > end || ((data[0]! & 0x20) !== 0 && padding === 0)) return undefined
  return {
    payloadType: data[1]! & 0x7f,
    marker: (data[1]! & 0x80) !== 0,
    sequence: data.readUInt16BE(2),
    timestamp: data.readUInt32BE(4),
    ssrc: data.readUInt32BE(8),
    payload: data.subarray(start, end)
  }
}

function payloadStart(data: Buffer): number | undefined {
  const afterSources = headerLength + (data[0]! & 0x0f) * 4
  if ((data[0]! & 0x10) === 0) return afterSources
  if (afterSources + 4 > data.length) return undefined
  return afterSources + 4 + data.readUInt16BE(afterSources + 2) * 4
}

/** Writes a packet with a bare header: no CSRC, no extension, no padding. */
export function buildRtp(packet: RtpPacket): Buffer {
  const data = Buffer.allocUnsafe(headerLength + packet.payload.length)
  data[0] = 0x80
  data[1] = (packet.marker ? 0x80 : 0) | packet.payloadType
  data.writeUInt16BE(packet.sequence, 2)
  data.writeUInt32BE(packet.timestamp, 4)
  data.writeUInt32BE(packet.ssrc, 8)
  packet.payload.copy(data, headerLength)
  return data
}

/** Tells RTCP from RTP where both share a port (RFC 5761 §4). */
export function looksLikeRtcp(data: Buffer): boolean {
  return data.length >= 8 && data[0]! >> 6 === 2 && data[1]! >= 192 && data[1]! <= 223
}
