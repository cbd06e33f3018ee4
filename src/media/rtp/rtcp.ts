/** A reception report (RFC 3550 §6.4.1). */
export interface ReportBlock {
  /** The stream that is reported on. */
  readonly ssrc: number
  /** Lost since the last report, in 1/256. */
  readonly fractionLost: number
  /** 24 bits as on the wire. */
  readonly cumulativeLost: number
  /** 32 bits: cycles and sequence number. */
  readonly highestSequence: number
  /** In units of the codec's clock. */
  readonly jitter: number
  /** Middle 32 bits of the NTP time of the last sender report; 0 for none yet. */
  readonly lastSenderReport: number
  /** In 1/65536 s. */
  readonly delay: number
}

export interface SenderInfo {
  /** 64 bits, seconds and fraction. */
  readonly ntp: bigint
  readonly timestamp: number
  readonly packets: number
  readonly octets: number
}

/** A sender report when `sender` is there, else a receiver report. */
export interface RtcpReport {
  readonly ssrc: number
  readonly sender?: SenderInfo
  readonly blocks: readonly ReportBlock[]
}

const senderReport = 200
const receiverReport = 201
const sourceDescription = 202
const blockLength = 24

/**
 * Takes the reports out of a compound packet and leaves the rest (SDES, BYE, APP, feedback) behind.
 * @returns undefined for what is not a valid compound packet (RFC 3550 §6.1 and A.2)
 */
export function parseRtcp(data: Buffer): RtcpReport[] | undefined {
  const reports: RtcpReport[] = []
  let at = 0
  while (at < data.length) {
    if (at + 4 > data.length || data[at]! >> 6 !== 2) return undefined
    const type = data[at + 1]!
    const end = at + 4 + data.readUInt16BE(at + 2) * 4
    if (end > data.length || (at === 0 && ((type !== senderReport && type !== receiverReport) || (data[at]! & 0x20) !== 0))) return undefined
    if (type === senderReport || type === receiverReport) {
      const report = parseReport(data.subarray(at, end))
      if (report === undefined) return undefined
      reports.push(report)
    }
    at = end
  }
  return reports.length === 0 ? undefined : reports
}

function parseReport(data: Buffer): RtcpReport | undefined {
  const isSender = data[1] === senderReport
  const start = isSender ? 28 : 8
  const count = data[0]! & 0x1f
  if (data.length < start + count * blockLength) return undefined
  const blocks = Array.from({ length: count }, (_, i) => parseBlock(data.subarray(start + i * blockLength)))
  const ssrc = data.readUInt32BE(4)
  if (!isSender) return { ssrc, blocks }
  return { ssrc, blocks, sender: { ntp: data.readBigUInt64BE(8), timestamp: data.readUInt32BE(16), packets: data.readUInt32BE(20), octets: data.readUInt32BE(24) } }
}

function parseBlock(data: Buffer): ReportBlock {
  return {
    ssrc: data.readUInt32BE(0),
    fractionLost: data[4]!,
    cumulativeLost: data.readUIntBE(5, 3),
    highestSequence: data.readUInt32BE(8),
    jitter: data.readUInt32BE(12),
    lastSenderReport: data.readUInt32BE(16),
    delay: data.readUInt32BE(20)
  }
}

/** Writes one report with the CNAME that every compound packet needs (RFC 3550 §6.1). */
export function buildRtcp(report: RtcpReport, cname: string): Buffer {
  return Buffer.concat([buildReport(report), buildCname(report.ssrc, cname)])
}

function buildReport({ ssrc, sender, blocks }: RtcpReport): Buffer {
  const start = sender === undefined ? 8 : 28
  const data = Buffer.alloc(start + blocks.length * blockLength)
  data[0] = 0x80 | blocks.length
  data[1] = sender === undefined ? receiverReport : senderReport
  data.writeUInt16BE(data.length / 4 - 1, 2)
  data.writeUInt32BE(ssrc, 4)
  if (sender !== undefined) {
    data.writeBigUInt64BE(sender.ntp, 8)
    data.writeUInt32BE(sender.timestamp, 16)
    data.writeUInt32BE(sender.packets, 20)
    data.writeUInt32BE(sender.octets, 24)
  }
  blocks.forEach((block, i) => buildBlock(block, data.subarray(start + i * blockLength)))
  return data
}

function buildBlock(block: ReportBlock, into: Buffer): void {
  into.writeUInt32BE(block.ssrc, 0)
  into[4] = block.fractionLost
  into.writeUIntBE(block.cumulativeLost, 5, 3)
  into.writeUInt32BE(block.highestSequence, 8)
  into.writeUInt32BE(block.jitter, 12)
  into.writeUInt32BE(block.lastSenderReport, 16)
  into.writeUInt32BE(block.delay, 20)
}

/** RFC 3550 §6.5: one chunk, one CNAME item, ended and padded by zeros to a whole word. */
function buildCname(ssrc: number, cname: string): Buffer {
  const text = Buffer.from(cname, 'latin1')
  const data = Buffer.alloc(4 * Math.ceil((8 + 2 + text.length + 1) / 4))
  data[0] = 0x81
  data[1] = sourceDescription
  data.writeUInt16BE(data.length / 4 - 1, 2)
  data.writeUInt32BE(ssrc, 4)
  data[8] = 1
  data[9] = text.length
  text.copy(data, 10)
  return data
}
