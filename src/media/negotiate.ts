import { codecKey, isAudio, isG711, ownNumbering, type Codec } from './codecs.js'
import { rejected } from './sdp.js'

/** Which codecs each side of a relay gets to see (RFC 3264 §5.1 and §6.1). All lists are in order of preference. */

/** For an offer of our own before anybody has said anything. */
export const firstOffer: readonly Codec[] = (['PCMA', 'PCMU', 'telephone-event'] as const).map((name) => ownNumbering({ name, clockRate: 8000, payloadType: 0 }))

/** For our offer to B: what A can do, and both laws of G.711 if A has one, since we turn one into the other. */
export function codecsForB(offerOfA: readonly Codec[]): Codec[] {
  const audio = offerOfA.filter(isAudio)
  const laws: Codec[] = (['PCMA', 'PCMU'] as const).map((name) => ({ name, clockRate: 8000, payloadType: 0 }))
  const missing = audio.some(isG711) ? laws.filter((law) => !audio.some((codec) => codec.name === law.name)) : []
  return [...audio, ...missing, ...offerOfA.filter((codec) => !isAudio(codec))].map(ownNumbering)
}

/** For an answer to A before B has chosen; undefined when it would take opus away from both. */
export function earlyCodecs(offerOfA: readonly Codec[]): Codec[] | undefined {
  return offerOfA.some((codec) => codec.name === 'opus') ? undefined : codecsForVoice(offerOfA)
}

/** For an answer to somebody who hears only us: G.711, which we speak, unless there is none. */
export function codecsForVoice(offer: readonly Codec[]): Codec[] {
  const spoken = offer.filter((codec) => isG711(codec) || (!isAudio(codec) && codec.clockRate === 8000))
  return spoken.some(isAudio) ? spoken : [...offer]
}

/** What an answer keeps of our offer. @throws MaskError media_rejected when no audio is left */
export function agreedCodecs(ourOffer: readonly Codec[], answer: readonly Codec[]): Codec[] {
  return needAudio(answer.filter((codec) => has(ourOffer, codec)))
}

/**
 * For an answer to one side when the other's codecs are settled: those that both have, in the other side's
 * order; when that leaves no audio, a law of G.711 that we can turn into the other side's.
 * Each codec carries the offerer's number and the other side's parameters.
 * @throws MaskError media_rejected when nothing fits
 */
export function codecsToMatch(offer: readonly Codec[], other: readonly Codec[]): Codec[] {
  const shared = other.flatMap((wanted) => {
    const own = offer.find((codec) => codecKey(codec) === codecKey(wanted))
    return own === undefined ? [] : [{ ...wanted, payloadType: own.payloadType }]
  })
  const events = shared.filter((codec) => !isAudio(codec))
  const audio = shared.filter(isAudio)
  const turned = audio.length === 0 && other.some(isG711) ? offer.filter(isG711) : []
  return needAudio([...audio, ...turned, ...events])
}

function has(list: readonly Codec[], wanted: Codec): boolean {
  return list.some((codec) => codecKey(codec) === codecKey(wanted))
}

function needAudio(codecs: Codec[]): Codec[] {
  if (!codecs.some(isAudio)) throw rejected('no_codec')
  return codecs
}
