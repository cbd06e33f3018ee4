import type { MediaSession } from '../media/types.js'
import type { InboundCall, Leg } from '../sip/types.js'

/**
 * Answers a caller whose INVITE had no offer (RFC 3264 §4): our offer goes out in the 200, and the answer that
 * comes in the ACK settles the media. Until then the caller's phone has rung by itself, with a plain 180.
 * Rejects when no usable answer comes (MaskError media_rejected, AckMissing, CallerGone); the caller is hung up then.
 * @param offer what `connect` or `offerForA` of a session without an offer gave
 */
export async function answerLateOffer(inbound: InboundCall, media: MediaSession, offer: string): Promise<Leg> {
  const { leg, answer } = await inbound.answerWithOffer(offer)
  try {
    await media.acceptFromA(await answer)
    return leg
  } catch (error) {
    await leg.hangUp()
    throw error
  }
}
