import type { RemoteInfo } from 'node:dgram'
import { codecKey, isG711 } from '../codecs.js'
import { decodeG711, transcodeG711, type G711 } from '../rtp/g711.js'
import type { Outgoing } from '../rtp/out-stream.js'
import { looksLikeRtcp, parseRtp, type RtpPacket } from '../rtp/packet.js'
import { buildRtcp, parseRtcp, type ReportBlock, type RtcpReport } from '../rtp/rtcp.js'
import type { Side } from './side.js'

/** An Ethernet frame's worth; more is no telephony. */
const maxPacket = 1500

/** Takes a datagram from a side's RTP port and passes on what may pass. */
export function relayRtp(from: Side, to: Side, data: Buffer, source: RemoteInfo): void {
  const now = performance.now()
  if (from.facts === undefined || data.length > maxPacket || !from.withinBudget(now)) return
  if (from.facts.rtcpMux && looksLikeRtcp(data)) {
    if (from.rtpLatch.knows(source)) bridge(from, to, data)
    return
  }
  const packet = parseRtp(data)
  if (packet === undefined || from.codecOf(packet.payloadType) === undefined || !from.rtpLatch.accept(source)) return
  from.heardAt = now
  if (from.codecOf(packet.payloadType)?.name === 'telephone-event') from.press(packet.payload, packet.timestamp)
  if (!from.speaks || !to.listens || to.apart || to.player.playing) {
    // Whatever follows a gap of ours starts anew; the other side must not see it as loss.
    if (!to.player.playing) to.out.pause()
    return
  }
  overhear(from, packet)
  const out = outgoing(from, to, packet)
  const relayed = out === undefined ? undefined : to.out.relay(packet, out, now)
  if (relayed !== undefined) to.sendRtp(relayed)
}

/** Only what passes to the other side is ever overheard. */
function overhear(from: Side, packet: RtpPacket): void {
  const codec = from.codecOf(packet.payloadType)!
  if (from.onVoice !== undefined && isG711(codec)) from.onVoice(decodeG711(codec.name as G711, packet.payload))
}

function outgoing(from: Side, to: Side, packet: RtpPacket): Outgoing | undefined {
  const codec = from.codecOf(packet.payloadType)!
  const same = to.sendAs(codecKey(codec))
  if (same !== undefined) return { payloadType: same.payloadType, clockRate: codec.clockRate, payload: packet.payload }
  const law = isG711(codec) ? to.law : undefined
  if (law === undefined) return undefined
  const { payloadType } = to.sendAs(`${law}/8000`)!
  return { payloadType, clockRate: 8000, payload: transcodeG711(law satisfies G711, packet.payload) }
}

/** Takes a datagram from a side's RTCP port. Only from a host that the side is known by. */
export function relayRtcp(from: Side, to: Side, data: Buffer, source: RemoteInfo): void {
  if (from.facts === undefined || data.length > maxPacket || !from.withinBudget(performance.now())) return
  const known = source.address === from.facts.address || source.address === from.rtpLatch.lockedHost
  if (known && parseRtcp(data) !== undefined && from.rtcpLatch.accept(source)) bridge(from, to, data)
}

/**
 * RTCP ends here: the reports are written anew about our own streams and under our own names, and of
 * anything else (SDES, BYE with its reason, APP, feedback) nothing goes on.
 */
function bridge(from: Side, to: Side, data: Buffer): void {
  if (to.facts === undefined) return
  for (const report of parseRtcp(data) ?? []) to.sendRtcp(buildRtcp(translate(report, from, to), to.cname))
}

function translate(report: RtcpReport, from: Side, to: Side): RtcpReport {
  const blocks = report.blocks.filter((block) => block.ssrc === from.out.ssrc).slice(0, 1).flatMap((block) => aboutSource(block, from, to))
  const ssrc = to.out.ssrc
  if (report.sender === undefined || to.out.source !== report.ssrc) return { ssrc, blocks }
  const { packets, octets } = to.out
  const ntp = BigInt.asUintN(64, report.sender.ntp + (BigInt(from.ntpShift) << 16n))
  return { ssrc, blocks, sender: { ntp, timestamp: to.out.toOwnTimestamp(report.sender.timestamp), packets, octets } }
}

/** What `from` says about our stream, as a word about the stream that `to` sends. */
function aboutSource(block: ReportBlock, from: Side, to: Side): ReportBlock[] {
  const ssrc = from.out.source
  if (ssrc === undefined) return []
  const lastSenderReport = block.lastSenderReport === 0 ? 0 : (block.lastSenderReport - to.ntpShift) >>> 0
  return [{ ...block, ssrc, highestSequence: from.out.toSourceSequence(block.highestSequence), lastSenderReport }]
}
