import { follow } from '../follow.js'
import type { MediaSession } from '../media/types.js'
import { CallerGone, type InboundCall, type Leg } from '../sip/types.js'
import { answerLateOffer } from './late-offer.js'

/** The A side of a call: an INVITE that waits, then perhaps an answered leg. */
export class Caller {
  readonly inbound: InboundCall
  /** Aborts with CallerGone when the caller gives up, by CANCEL or by hanging up before there is anybody to talk to. */
  readonly gone: AbortSignal
  readonly #gone = new AbortController()
  #leg: Leg | undefined

  constructor(inbound: InboundCall) {
    this.inbound = inbound
    this.gone = this.#gone.signal
    follow(this.#gone, inbound.gone)
  }

  /** The leg, once answered. */
  get leg(): Leg | undefined {
    return this.#leg
  }

  /** Whether the INVITE came without an offer: then ours goes out with the answer, and nothing can be heard before. */
  get late(): boolean {
    return this.inbound.offer === undefined
  }

  /** Answers, unless that was done before. @throws CallerGone when a CANCEL crosses it */
  async answer(sdp: string, media: MediaSession): Promise<Leg> {
    if (this.#leg) return this.#leg
    const leg = this.late ? await answerLateOffer(this.inbound, media, sdp) : await this.inbound.answer(sdp)
    this.#leg = leg
    void leg.ended.then(() => this.#gone.abort(new CallerGone()))
    return leg
  }
}
