import { MaskError } from '../../errors.js'
import type { Codec } from '../codecs.js'
import type { MediaPlace } from '../descriptions.js'
import { firstOffer } from '../negotiate.js'
import { readSdp, type MediaDirection, type MediaFacts } from '../sdp.js'
import { writeSdp } from '../sdp-write.js'
import type { Dictionary } from './bencode.js'

/**
 * rtpengine learns for three seconds where a phone is, and takes nothing from elsewhere afterwards. Meanwhile whoever sends
 * from the address in the description is preferred (`heuristic`); as it comes, sound would go to whoever sent last.
 */
const flags = ['strict-source', 'endpoint-learning-heuristic', 'port-latching', 'no-rtcp-attribute', 'trust-address']

/**
 * What every description is to be treated with. The text that rtpengine gets was written by us from facts
 * alone, and its reply is read for facts alone; the flags below make sure of it a second time.
 */
export const treatment: Dictionary = {
  flags,
  'replace': ['origin', 'session-connection', 'username', 'session-name', 'zero-address'],
  'ICE': 'remove',
  'DTLS': 'off',
  'SDES': ['off'],
  'transport-protocol': 'RTP/AVP',
  'rtcp-mux': ['demux'],
  // Ends RTCP of either side here: a source description holds a user, host or phone name (RFC 3550 §6.5).
  'generate RTCP': 'on',
  'codec': { transcode: ['PCMA', 'PCMU'] }
}

/**
 * The same, with all audio decoded and coded anew, also into the same codec: rtpengine makes such talk ready for
 * keys of its own, and with that RTP sources, times and headers are its own too. It lasts for the whole call.
 */
export const anew: Dictionary = { ...treatment, flags: [...flags, 'inject-DTMF'] }

/** A side as it stands after its last description. */
export interface Known {
  readonly facts: MediaFacts
  /** Under the numbers of the side's own description. */
  readonly codecs: readonly Codec[]
}

export interface Allotted {
  readonly place: MediaPlace
  readonly codecs: readonly Codec[]
}

/** Stands for a side that has not spoken yet: no address, and nothing to be sent there. */
export const nobody: Known = {
  facts: { address: undefined, rtpPort: 9, rtcpPort: 10, rtcpMux: false, codecs: firstOffer, direction: 'inactive', ptime: undefined, streams: [], audioIndex: 0 },
  codecs: firstOffer
}

export function speaksOpus(codecs: readonly Codec[]): boolean {
  return codecs.some(({ name }) => name === 'opus')
}

/** Opus is decoded and coded anew for no one: that costs more than twenty times what passing it on does. */
export function treatmentOf(offerOfA: MediaFacts | undefined, ownSources: boolean): Dictionary {
  return ownSources && !speaksOpus(offerOfA?.codecs ?? []) ? anew : treatment
}

/** A side's facts in our words. */
export function describe({ facts, codecs }: Known, direction = facts.direction): string {
  const { address, rtpPort, rtcpPort, rtcpMux, ptime } = facts
  // rtpengine leaves it to the phones to keep to a direction; to one without an address it sends nothing.
  const listens = direction === 'sendrecv' || direction === 'recvonly'
  const text = writeSdp({ sessionId: '1', version: 1, host: listens && address !== undefined ? address : '0.0.0.0', rtpPort, rtcpMux, codecs, direction, ptime: ptime ?? 20 })
  return rtcpMux || rtcpPort === rtpPort + 1 ? text : `${text}a=rtcp:${rtcpPort}\r\n`
}

/** What rtpengine says, as facts: where it listens, and which codecs it will take there. */
export function allotted(reply: Dictionary): Allotted {
  try {
    const { address, rtpPort, rtcpMux, codecs } = readSdp(typeof reply.sdp === 'string' ? reply.sdp : '')
    if (address === undefined) throw new MaskError('media_unavailable', { reason: 'reply' })
    return { place: { host: address, rtpPort, rtcpMux }, codecs }
  } catch (cause) {
    throw new MaskError('media_unavailable', { reason: 'reply', cause })
  }
}

/** Both must want a direction for it to be open. */
export function meet(a: MediaDirection, b: MediaDirection): MediaDirection {
  const sends = [a, b].every((one) => one === 'sendrecv' || one === 'sendonly')
  const hears = [a, b].every((one) => one === 'sendrecv' || one === 'recvonly')
  if (sends && hears) return 'sendrecv'
  if (sends) return 'sendonly'
  return hears ? 'recvonly' : 'inactive'
}
