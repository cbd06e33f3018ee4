import { newId } from '../ids.js'
import { MaskError } from '../errors.js'
import type { BegunCall, Party } from '../line/types.js'
import { otherParty } from '../line/people.js'
import type { MediaSession, PlayOptions, Side } from '../media/types.js'
import type { E164 } from '../phone/types.js'
import type { ShopSettings } from '../shop/settings.js'
import type { TrunkOrder } from '../sip/gateways.js'
import { CallerGone, type AnsweredLeg, type Leg } from '../sip/types.js'
import { accepts, mustAccept } from './acceptance.js'
import { Account } from './account.js'
import { CallClock } from './call-clock.js'
import type { CallDeps } from './deps.js'
import { listenTo, mediaStep, takeAnswer } from './media.js'
import { appOf, reach } from './reach.js'
import { ringing } from './ringing.js'
import { negotiateLocally, talk, talkLimitMs } from './talk.js'
import { announceAndRecord } from './recording.js'
import { Trace } from './trace.js'
import { tracedDial, tracedMedia } from './traced.js'
import { EndCall, ofFirst, promptOf, terminationOf, type Termination } from './termination.js'
import { unlessAborted } from './wait.js'

/** Who is to be connected, and for which delivery. */
export interface CallbackOrder {
  readonly shopId: string
  readonly deliveryId: string
  /** Who is rung first. */
  readonly first: Party
}

/** A call that is under way. */
export interface Callback {
  readonly callId: string
  /** How it ended, when its record is written and everything is given back. Never rejects. */
  readonly done: Promise<Termination>
  /** Ends it from our side, whatever it is doing. */
  stop(): void
}

/**
 * A call that the shop starts: rings one party, then the other, and connects the two. Both see the proxy
 * number. Counted in and journalled when this resolves; the first INVITE is then on its way.
 * @throws MaskError delivery_not_found, delivery_ended, call_limited, phone_not_allowed (a number may not be
 *   dialled any more), store_unavailable, store_full; nothing is left behind then
 */
export async function startCallback(deps: CallDeps, order: CallbackOrder): Promise<Callback> {
  const callId = newId()
  const begun = await deps.lines.begin(order.shopId, order.deliveryId, order.first, callId)
  try {
    if (!deps.mayDial(begun.first) || !deps.mayDial(begun.second)) throw new MaskError('phone_not_allowed')
    const { shopId, deliveryId, first } = order
    const callee = otherParty(first)
    const phones = { [first]: begun.first, [callee]: begun.second }
    const time = new CallClock(deps)
    const trace = new Trace(time)
    const account = await Account.open(deps, { id: callId, shopId, deliveryId, reference: begun.reference, startedBy: 'shop', callee, phones }, time, trace)
    const session = new CallbackSession(deps, order, begun, { callId, account, trace, time })
    return { callId, done: session.run(), stop: () => session.stop() }
  } catch (error) {
    await deps.lines.release(order.deliveryId, callId).catch(() => undefined)
    throw error
  }
}

/** What is one call's own. */
interface Own {
  readonly callId: string
  readonly account: Account
  readonly trace: Trace
  readonly time: CallClock
}

class CallbackSession {
  readonly #stop = new AbortController()
  readonly #firstGone = new AbortController()
  /** Aborts when nobody is there to be connected any more: the first hung up, or we stop. */
  readonly #over = AbortSignal.any([this.#stop.signal, this.#firstGone.signal])
  readonly #cleanup: (() => Promise<void> | void)[]
  #settings: ShopSettings
  /** When the first phone answered. */
  #answeredAt: number | undefined

  constructor(private readonly deps: CallDeps, private readonly order: CallbackOrder, private readonly begun: BegunCall, private readonly own: Own) {
    this.#cleanup = [() => deps.lines.release(order.deliveryId, own.callId, this.#spentMs())]
    this.#settings = deps.settings.defaults
  }

  stop(): void {
    this.#stop.abort(new EndCall('shutting_down'))
  }

  async run(): Promise<Termination> {
    const termination = await this.#connect().catch((error: unknown) => {
      const end = terminationOf(error)
      if (end.reason === 'internal') this.deps.onInternalError(this.own.callId, error)
      return end
    })
    await Promise.allSettled(this.#cleanup.reverse().map(async (giveBack) => giveBack()))
    this.own.trace.note('end', termination.reason)
    await this.own.account.finish(termination)
    return termination
  }

  async #connect(): Promise<Termination> {
    const { shopId, deliveryId } = this.order
    this.#settings = await this.deps.settings.of(shopId)
    const { callId, trace } = this.own
    const verdict = await unlessAborted(this.#over, this.deps.gate({ shopId, deliveryId, callId, caller: 'shop' }))
    trace.note('gate', verdict)
    if (verdict !== 'allow') throw new EndCall('gate_denied')
    const opened = await mediaStep(this.deps.media.open(callId, undefined, { voice: true, record: this.#settings.recording }), (late) => void late.close())
    this.#cleanup.push(() => opened.close())
    const media = tracedMedia(opened, trace)
    const a = await this.#reachFirst(media).catch((error: unknown) => { throw ofFirst(error) })
    const b = await this.#reachSecond(media)
    await this.#record(media)
    media.voice?.allowTalk(true)
    trace.note('state', 'talking')
    this.own.account.answered()
    return talk({ a, b, media, limitMs: talkLimitMs(this.#settings, this.begun.longestMs), voice: this.#voice(), stopped: this.#stop.signal })
  }

  /** From the answer of the first phone on somebody pays. */
  #spentMs(): number {
    return this.#answeredAt === undefined ? 0 : this.own.time.now() - this.#answeredAt
  }

  async #record(media: MediaSession): Promise<void> {
    if (!this.#settings.recording) return
    const call = { id: this.own.callId, shopId: this.order.shopId, startedAt: this.deps.clock() }
    this.#cleanup.push(await announceAndRecord({ recordings: this.deps.recordings, media, call, voice: this.#voice(), signal: this.#over }))
  }

  /** Rings the first and makes sure that it is a person: a voicemail would be connected otherwise. */
  async #reachFirst(media: MediaSession): Promise<Leg> {
    const { leg, answer } = await this.#ring('a', this.order.first, this.begun.first, media, await mediaStep(media.offerForA()))
    this.#answeredAt = this.own.time.now()
    this.#cleanup.push(() => leg.hangUp())
    negotiateLocally(leg, 'a', media)
    await takeAnswer(media.acceptFromA(answer))
    await this.#confirm(media, 'a', leg, media.voice !== undefined)
    void leg.ended.then((end) => this.#firstGone.abort(end === 'lost' ? new EndCall('signalling_lost') : new CallerGone()))
    return leg
  }

  /** Rings the other while the first hears ringing; what comes of it, if it is no talk, is said to the first. */
  async #reachSecond(media: MediaSession): Promise<Leg> {
    const ringback = media.play('a', 'ringback', { loop: true })
    try {
      const { leg, answer } = await this.#ring('b', otherParty(this.order.first), this.begun.second, media, await mediaStep(media.offerForB()))
      this.#cleanup.push(() => leg.hangUp())
      negotiateLocally(leg, 'b', media)
      media.voice?.allowTalk(false)
      await takeAnswer(media.connect(answer))
      await this.#confirm(media, 'b', leg, mustAccept(otherParty(this.order.first), this.#settings))
      if (this.#settings.hint) await unlessAborted(this.#over, media.play('b', 'hint', this.#voice()).done)
      ringback.stop()
      return leg
    } catch (error) {
      ringback.stop()
      if (!this.#over.aborted) await unlessAborted(this.#over, media.play('a', promptOf(terminationOf(error)), this.#voice()).done).catch(() => undefined)
      throw error
    }
  }

  #ring(side: Side, party: Party, to: E164, media: MediaSession, offer: string): Promise<AnsweredLeg> {
    const ways = { dial: async (order: TrunkOrder) => reach(this.deps, order, await appOf(this.deps, { deliveryId: this.order.deliveryId, party })) }
    return ringing({ over: this.#over, media, seconds: this.#settings.ringTimeoutSeconds }, (signal) => tracedDial(ways, {
      callId: this.own.callId,
      to,
      from: this.begun.number,
      offer,
      maxForwards: this.deps.config.maxForwards,
      onRinging: () => undefined,
      signal
    }, side, this.own.trace))
  }

  /** Has a party press 1. @throws EndCall not_accepted, or declined when they hang up instead */
  async #confirm(media: MediaSession, side: Side, leg: Leg, asked: boolean): Promise<void> {
    if (!asked) return
    const keys = listenTo(side, leg, media)
    this.#cleanup.push(() => keys.close())
    const hungUp = new AbortController()
    void leg.ended.then((end) => hungUp.abort(new EndCall(end === 'lost' ? 'signalling_lost' : 'declined')))
    const accepted = await unlessAborted(AbortSignal.any([this.#over, hungUp.signal]), accepts(media, keys, this.#voice(), side))
    keys.close()
    this.own.trace.note(`accept.${side}`, accepted ? 'yes' : 'no')
    if (!accepted) throw new EndCall('not_accepted')
  }

  #voice(): PlayOptions {
    return { shop: this.order.shopId, language: this.#settings.language }
  }
}
