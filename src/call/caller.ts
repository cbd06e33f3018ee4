import type { InboundCall, Leg } from '../sip/types.js'
import { CallerGone } from '../sip/types.js'

/** The A side of a call: an INVITE that waits, then perhaps an answered leg. */
export class Caller {
  readonly inbound: InboundCall
  /** Aborts with CallerGone when the caller gives up, by CANCEL or by hanging up before there is anybody to talk to. */
  readonly gone: AbortSignal
  readonly #hungUp = new AbortController()
  #leg: Leg | undefined

  constructor(inbound: InboundCall) {
    this.inbound = inbound
    this.gone = AbortSignal.any([inbound.gone, this.#hungUp.signal])
  }

  /** The leg, once answered. */
  get leg(): Leg | undefined {
    return this.#leg
  }

  /** Answers, unless that was done before. @throws CallerGone when a CANCEL crosses it */
  async answer(sdp: string): Promise<Leg> {
    if (this.#leg) return this.#leg
    const leg = await this.inbound.answer(sdp)
    this.#leg = leg
    void leg.ended.then(() => this.#hungUp.abort(new CallerGone()))
    return leg
  }
}
