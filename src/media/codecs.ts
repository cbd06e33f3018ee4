/**
 * The codecs that we relay, and the parameters of theirs that we understand. A parameter that is not
 * in these tables does not exist for us, so that no text of one side ever reaches the other in an fmtp line.
 */
export type CodecName = 'PCMA' | 'PCMU' | 'opus' | 'telephone-event'

export interface Codec {
  readonly name: CodecName
  /** RTP clock in Hz. Telephone events come with the clock of the audio beside them (RFC 4733 §2.1). */
  readonly clockRate: 8000 | 48000
  /** 0 to 127, as its owner numbers it. */
  readonly payloadType: number
  /** opus only: receiver preferences, see `readOpusParameters`. */
  readonly parameters?: Readonly<Record<string, number>>
}

/** Smallest and largest value of each opus parameter (RFC 7587 §6.1). */
const opusParameters: Readonly<Record<string, readonly [number, number]>> = {
  maxplaybackrate: [8000, 48000],
  'sprop-maxcapturerate': [8000, 48000],
  maxaveragebitrate: [6000, 510000],
  stereo: [0, 1],
  'sprop-stereo': [0, 1],
  cbr: [0, 1],
  useinbandfec: [0, 1],
  usedtx: [0, 1],
  minptime: [3, 120]
}

/** Payload types that we use in offers of our own; the dynamic ones are arbitrary (RFC 3551 §3). */
const ownPayloadTypes: Readonly<Record<string, number>> = {
  'PCMA/8000': 8, 'PCMU/8000': 0, 'opus/48000': 111, 'telephone-event/8000': 101, 'telephone-event/48000': 110
}

/** What makes two codecs the same for a relay, such as `PCMA/8000`. */
export function codecKey(codec: Pick<Codec, 'name' | 'clockRate'>): string {
  return `${codec.name}/${codec.clockRate}`
}

export function isG711(codec: Codec): boolean {
  return codec.name === 'PCMA' || codec.name === 'PCMU'
}

export function isAudio(codec: Codec): boolean {
  return codec.name !== 'telephone-event'
}

/** The same codec under the payload type that we give it in our own offers. */
export function ownNumbering(codec: Codec): Codec {
  return { ...codec, payloadType: ownPayloadTypes[codecKey(codec)]! }
}

/**
 * Makes a codec from the parts of an rtpmap line (RFC 8866 §6.6).
 * @returns undefined for a codec that we do not relay
 */
export function readCodec(payloadType: number, encoding: string, rate: string, channels: string, fmtp = ''): Codec | undefined {
  switch (`${encoding.toLowerCase()}/${rate}/${channels === '' ? '1' : channels}`) {
    case 'pcma/8000/1': return { name: 'PCMA', clockRate: 8000, payloadType }
    case 'pcmu/8000/1': return { name: 'PCMU', clockRate: 8000, payloadType }
    case 'telephone-event/8000/1': return { name: 'telephone-event', clockRate: 8000, payloadType }
    case 'telephone-event/48000/1': return { name: 'telephone-event', clockRate: 48000, payloadType }
    // RFC 7587 §7: the channel count of opus is always written as 2.
    case 'opus/48000/2': return { name: 'opus', clockRate: 48000, payloadType, parameters: readOpusParameters(fmtp) }
    default: return undefined
  }
}

/** The known parameters of an opus fmtp with values within their bounds; all else is left out. */
export function readOpusParameters(fmtp: string): Record<string, number> {
  const parameters: Record<string, number> = {}
  for (const part of fmtp.split(';')) {
    const match = /^\s*([a-z-]{1,24})\s*=\s*(\d{1,6})\s*$/i.exec(part)
    const name = match?.[1]?.toLowerCase() ?? ''
    const bounds = Object.hasOwn(opusParameters, name) ? opusParameters[name] : undefined
    const value = Number(match?.[2])
    if (bounds !== undefined && value >= bounds[0] && value <= bounds[1]) parameters[name] = value
  }
  return parameters
}

/** The fmtp text of a codec, written by us; undefined when it needs none. */
export function writeFmtp(codec: Codec): string | undefined {
  // RFC 4733 §2.4.1: the digits 0-9, *, # and A-D. Nothing else is asked for.
  if (codec.name === 'telephone-event') return '0-15'
  const parameters = Object.entries(codec.parameters ?? {})
  return parameters.length === 0 ? undefined : parameters.map(([name, value]) => `${name}=${value}`).join(';')
}
