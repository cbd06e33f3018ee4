import type { InboundCall, Leg } from './types.js'

/** The same INVITE, of which some is done otherwise. */
export function inboundOtherwise(call: InboundCall, changed: Partial<InboundCall>): InboundCall {
  return {
    source: call.source, uri: call.uri, authorization: call.authorization, dialled: call.dialled, identity: call.identity, maxForwards: call.maxForwards,
    offer: call.offer, bodyUnsupported: call.bodyUnsupported, gone: call.gone,
    ring: (sdp) => call.ring(sdp),
    progress: (sdp) => call.progress(sdp),
    reject: (status, retryAfterSeconds) => call.reject(status, retryAfterSeconds),
    challenge: (challenge) => call.challenge(challenge),
    answer: (sdp) => call.answer(sdp),
    answerWithOffer: (offer) => call.answerWithOffer(offer),
    ...changed
  }
}

/** The same dialog, of which some is done otherwise. */
export function legOtherwise(leg: Leg, changed: Partial<Leg>): Leg {
  return {
    ended: leg.ended,
    ...(leg.acked === undefined ? {} : { acked: leg.acked }),
    hangUp: () => leg.hangUp(),
    onOffer: (handler) => leg.onOffer(handler),
    onDigit: (listener) => leg.onDigit(listener),
    ...changed
  }
}
