import { follow } from '../follow.js'
import { newId } from '../ids.js'
import type { MediaSession, PlayOptions, Playback } from '../media/types.js'
import type { CallerIdentity } from '../phone/identity.js'
import type { E164 } from '../phone/types.js'
import type { ShopSettings } from '../shop/settings.js'
import type { AnsweredLeg, InboundCall, Leg } from '../sip/types.js'
import { otherParty } from '../line/people.js'
import type { Lookup } from '../line/types.js'
import { accepts, mustAccept } from './acceptance.js'
import { Account } from './account.js'
import { CallClock } from './call-clock.js'
import { askForCode } from './ask-code.js'
import { Caller } from './caller.js'
import { decide, type Belonging, type Decision } from './decide.js'
import type { CallDeps } from './deps.js'
import type { Keys } from './keys.js'
import { listenTo, mediaStep, takeAnswer } from './media.js'
import type { Origin } from './origin.js'
import { appOf, reach } from './reach.js'
import { ringing } from './ringing.js'
import { transition, type CallState } from './state.js'
import { negotiateLocally, talk, talkLimitMs } from './talk.js'
import { announceAndRecord } from './recording.js'
import { Trace } from './trace.js'
import { tracedDial, tracedInbound, tracedMedia } from './traced.js'
import { EndCall, promptOf, statusOf, terminated, terminationOf, type Termination } from './termination.js'
import { unlessAborted } from './wait.js'

type Connect = Extract<Decision, { kind: 'connect' }>
type Announce = Extract<Decision, { kind: 'announce' }>
/** How somebody is rung. */
type Ways = Pick<CallDeps['trunk'], 'dial'>

/** One call from its INVITE to its record. */
export class CallSession {
  readonly id = newId()
  readonly #deps: CallDeps
  readonly #caller: Caller
  readonly #origin: Origin
  readonly #stop = new AbortController()
  /** Aborts when the caller is gone, and when we stop. */
  readonly #over: AbortSignal
  readonly #time: CallClock
  readonly #trace: Trace
  /** Whoever takes something that must be given back puts the giving back here; run() does it on every path. */
  readonly #cleanup: (() => Promise<void> | void)[] = []
  #state: CallState = 'deciding'
  #identity: CallerIdentity = { number: undefined, withheld: true }
  #settings: ShopSettings
  #belonging: Belonging | undefined
  #account: Account | undefined
  /** Resolves when the record is there. */
  #opening: Promise<void> = Promise.resolve()
  /** What the shop's caps leave for the talk. */
  #longestMs: number | undefined
  /** A shop's system or a gateway has the next word. */
  #waits = false
  /** When the callee answered. */
  #dialledAt: number | undefined
  #ringing: Promise<Playback | undefined> = Promise.resolve(undefined)

  constructor(deps: CallDeps, inbound: InboundCall, origin: Origin) {
    this.#deps = deps
    this.#time = new CallClock(deps)
    this.#trace = new Trace(this.#time, origin.trunkId)
    this.#caller = new Caller(tracedInbound(inbound, this.#trace))
    this.#origin = origin
    this.#settings = deps.settings.defaults
    const over = new AbortController()
    this.#over = over.signal
    for (const end of [this.#caller.gone, this.#stop.signal]) follow(over, end)
  }

  get state(): CallState {
    return this.#state
  }

  /** Whether its set-up waits for us, and not for a person, the shop's system or a gateway. */
  get atWork(): boolean {
    return !this.#waits && (this.#state === 'deciding' || this.#state === 'dialling')
  }

  /** Ends the call from our side, whatever it is doing. */
  stop(): void {
    this.#stop.abort(new EndCall('shutting_down'))
  }

  /** Takes the call through its whole life. Never rejects. */
  async run(): Promise<Termination> {
    let termination: Termination
    try {
      const found = await this.#lookUp()
      const decision = await this.#decide(found)
      const media = await this.#openMedia(decision)
      termination = await this.#follow(decision.kind === 'ask' ? await this.#askForCode(media) : decision, media)
    } catch (error) {
      termination = terminationOf(error)
      if (termination.reason === 'internal') this.#deps.onInternalError(this.id, error)
    }
    const status = statusOf(termination)
    if (status !== 0) this.#caller.inbound.reject(status, status === 503 ? 5 : undefined)
    await this.#finish(termination)
    return termination
  }

  /** Who is calling, and which delivery is theirs at this number. */
  async #lookUp(): Promise<Lookup> {
    const { inbound } = this.#caller
    if (inbound.maxForwards === 0) throw new EndCall('too_many_hops')
    if (inbound.bodyUnsupported) throw new EndCall('body_unsupported')
    this.#identity = this.#origin.identity(inbound)
    const found = await this.#origin.lookup(this.#deps.lines, inbound, this.#identity, this.id)
    this.#trace.note('lookup', found.kind)
    return found
  }

  /** What follows from a look-up, or from a right code. */
  async #decide(found: Lookup, asksCode = this.#origin.asksCode): Promise<Decision> {
    if (found.kind === 'connect' || found.kind === 'over') {
      this.#cleanup.push(() => this.#deps.lines.release(found.deliveryId, this.id, this.#spentMs()))
      this.#longestMs = found.longestMs
    }
    if (found.kind !== 'unknown') this.#settings = await this.#deps.settings.of(found.shopId)
    const support = this.#settings.supportPhone as E164 | null ?? undefined
    const refusesWithheld = this.#identity.withheld && this.#settings.withheldCallers === 'refuse'
    const decision = decide(found, { mayDial: this.#deps.mayDial, asksCode, refusesWithheld, support })
    if (decision.kind === 'ask') return decision
    this.#belonging = decision.belonging
    // Before anything that may last or fail, so that whatever becomes of the call is in it; nothing but the callee waits for it.
    this.#opening = this.#journal(decision)
    this.#opening.catch(() => undefined)
    return decision.kind === 'connect' && !decision.support ? this.#atTheGate(decision) : decision
  }

  /** The shop's own system may have the last word. */
  async #atTheGate(decision: Connect): Promise<Decision> {
    const { belonging } = decision
    const { shopId, deliveryId, caller } = belonging
    this.#waits = true
    const verdict = await unlessAborted(this.#over, this.#deps.gate({ shopId, deliveryId, caller, callId: this.id }))
    this.#waits = false
    this.#trace.note('gate', verdict)
    if (verdict === 'allow') return decision
    await this.#opening
    if (verdict === 'announce') return { kind: 'announce', prompt: 'unavailable', reason: 'gate_denied', belonging }
    throw new EndCall('gate_denied')
  }

  async #openMedia(decision: Decision): Promise<MediaSession> {
    const connects = decision.kind === 'connect'
    const record = connects && this.#recorded(decision)
    const voice = decision.kind === 'ask' || record || (connects && (this.#mustAccept(decision) || this.#settings.hint))
    const media = await mediaStep(this.#deps.media.open(this.id, this.#caller.inbound.offer, { voice, record }), (late) => void late.close())
    this.#cleanup.push(() => media.close())
    return tracedMedia(media, this.#trace)
  }

  /** Answers a caller whom we do not know and lets a right code decide. */
  async #askForCode(media: MediaSession): Promise<Exclude<Decision, { kind: 'ask' }>> {
    this.#enter('asking')
    const leg = await this.#answerCaller(await mediaStep(this.#caller.late ? media.offerForA() : media.answerAlone()), media)
    const keys = this.#listen('a', leg, media)
    const { dialled: number } = this.#caller.inbound
    const dialogue = askForCode({ lines: this.#deps.lines, media, keys, voice: this.#voice(), number, caller: this.#identity.number, callId: this.id })
    const found = await unlessAborted(this.#over, dialogue).catch((error: unknown) => {
      // A code may be found right in the instant in which the caller hangs up: that call was counted in, too.
      void dialogue.then((late) => late?.kind === 'connect' || late?.kind === 'over' ? this.#deps.lines.release(late.deliveryId, this.id) : undefined).catch(() => undefined)
      throw error
    })
    this.#trace.note('code.a', found === undefined ? 'refused' : 'right')
    const decision = found && await this.#decide(found, false)
    if (decision === undefined || decision.kind === 'ask') return { kind: 'announce', prompt: 'unavailable', reason: 'code_refused' }
    if (decision.kind === 'connect') await unlessAborted(this.#over, media.play('a', 'connecting', this.#voice()).done)
    return decision
  }

  #follow(decision: Exclude<Decision, { kind: 'ask' }>, media: MediaSession): Promise<Termination> {
    return decision.kind === 'connect' ? this.#connect(decision, media) : this.#announce(decision, media)
  }

  /** Tells the caller why there is no call. Who was not answered hears it in early media: an unanswered call costs nothing. */
  async #announce(decision: Announce, media: MediaSession): Promise<Termination> {
    this.#enter('announcing')
    await this.#opening
    // Without an offer there is no early media to hear it in; the status has to say it.
    if (!this.#caller.leg && this.#caller.late) return terminated(decision.reason)
    if (!this.#caller.leg) await this.#caller.inbound.progress(await mediaStep(media.answerAlone()))
    await unlessAborted(this.#over, media.play('a', decision.prompt, this.#voice()).done)
    return terminated(decision.reason)
  }

  async #connect(decision: Connect, media: MediaSession): Promise<Termination> {
    this.#enter('dialling')
    // Neither needs the other, nor the record that is being written; the INVITE waits for all three.
    const ways = this.#waysTo(decision)
    const offer = mediaStep(media.offerForB())
    offer.catch(() => undefined)
    await this.#opening
    try {
      const b = await this.#dial(decision, media, await offer, await ways)
      this.#dialledAt = this.#time.now()
      this.#cleanup.push(() => b.leg.hangUp())
      return await this.#join(decision, b, media)
    } catch (error) {
      await this.#regret(terminationOf(error), media)
      throw error
    }
  }

  /** From the callee's answer to the end of the talk. */
  async #join(decision: Connect, b: AnsweredLeg, media: MediaSession): Promise<Termination> {
    this.#enter('answering')
    negotiateLocally(b.leg, 'b', media)
    media.voice?.allowTalk(false)
    const answer = await takeAnswer(media.connect(b.answer))
    await this.#greetCallee(decision, b.leg, media)
    ;(await this.#ringing)?.stop()
    const a = await this.#answerCaller(answer, media)
    await this.#record(decision, media)
    media.voice?.allowTalk(true)
    this.#talkBegins()
    return talk({ a, b: b.leg, media, limitMs: talkLimitMs(this.#settings, this.#longestMs), voice: this.#voice(), stopped: this.#stop.signal })
  }

  /** Rings the callee with an INVITE in which nothing is the caller's. */
  #dial(decision: Connect, media: MediaSession, offer: string, ways: Ways): Promise<AnsweredLeg> {
    const { inbound } = this.#caller
    this.#waits = true
    return ringing({ over: this.#over, media, seconds: this.#settings.ringTimeoutSeconds }, (signal) => tracedDial(ways, {
      callId: this.id,
      to: decision.callee,
      from: inbound.dialled,
      offer,
      maxForwards: (inbound.maxForwards ?? this.#deps.config.maxForwards) - 1,
      // A second phone or gateway may ring after the first; the caller hears one ringing, and that is what is stopped.
      onRinging: () => { if (this.#state === 'dialling') this.#ringing = this.#ring(media) },
      signal
    }, 'b', this.#trace))
  }

  /** The shop's support line has a phone only; a party may have an app. */
  async #waysTo({ support, belonging: { deliveryId, caller } }: Connect): Promise<Ways> {
    if (support) return this.#deps.trunk
    const app = await appOf(this.#deps, { deliveryId, party: otherParty(caller) })
    return { dial: (order) => reach(this.#deps, order, app) }
  }

  /** For how long the callee's phone was connected, which somebody pays for. */
  #spentMs(): number {
    return this.#dialledAt === undefined ? 0 : this.#time.now() - this.#dialledAt
  }

  /** Lets the caller hear ringing of our own making; what the callee's side plays never gets here. */
  async #ring(media: MediaSession): Promise<Playback | undefined> {
    this.#enter('ringing')
    try {
      if (this.#caller.leg) return media.play('a', 'ringback', { loop: true })
      const sdp = await mediaStep(media.answerEarly())
      await this.#caller.inbound.ring(sdp)
      return sdp === undefined ? undefined : media.play('a', 'ringback', { loop: true })
    } catch {
      // Ringing is a courtesy; the call goes on without it.
      return undefined
    }
  }

  /** Makes sure that a person took the call, where the shop wants that, and says what it is about. */
  async #greetCallee(decision: Connect, leg: Leg, media: MediaSession): Promise<void> {
    const { hint } = this.#settings
    const asked = this.#mustAccept(decision)
    if (!asked && !hint) return
    if (!media.voice) throw new EndCall('media_unavailable')
    const hungUp = new AbortController()
    void leg.ended.then(() => hungUp.abort(new EndCall('declined')))
    const signal = AbortSignal.any([this.#over, hungUp.signal])
    if (asked) {
      const accepted = await unlessAborted(signal, accepts(media, this.#listen('b', leg, media), this.#voice(), 'b'))
      this.#trace.note('accept.b', accepted ? 'yes' : 'no')
      if (!accepted) throw new EndCall('not_accepted')
    }
    if (hint) await unlessAborted(signal, media.play('b', 'hint', this.#voice()).done)
  }

  /** The shop's own support line is no conversation of the two. */
  #recorded({ support }: Connect): boolean {
    return !support && this.#settings.recording
  }

  async #record(decision: Connect, media: MediaSession): Promise<void> {
    if (!this.#recorded(decision)) return
    const { shopId } = decision.belonging
    const call = { id: this.id, shopId, startedAt: this.#time.startedAt }
    this.#cleanup.push(await announceAndRecord({ recordings: this.#deps.recordings, media, call, voice: this.#voice(), signal: this.#over }))
  }

  #mustAccept({ support, belonging }: Connect): boolean {
    return !support && mustAccept(otherParty(belonging.caller), this.#settings)
  }

  /** Says to an answered caller that nothing came of it; an unanswered one gets a status instead. */
  async #regret(termination: Termination, media: MediaSession): Promise<void> {
    if (!this.#caller.leg || this.#over.aborted) return
    ;(await this.#ringing)?.stop()
    await unlessAborted(this.#over, media.play('a', promptOf(termination), this.#voice()).done).catch(() => undefined)
  }

  async #answerCaller(sdp: string, media: MediaSession): Promise<Leg> {
    const first = this.#caller.leg === undefined
    const leg = await this.#caller.answer(sdp, media)
    if (first) {
      this.#cleanup.push(() => leg.hangUp())
      negotiateLocally(leg, 'a', media)
    }
    return leg
  }

  /** The keys of one side, by media and by INFO. */
  #listen(side: 'a' | 'b', leg: Leg, media: MediaSession): Keys {
    const keys = listenTo(side, leg, media)
    this.#cleanup.push(() => keys.close())
    return keys
  }

  /** Whose words and which language people hear. */
  #voice(): PlayOptions {
    return { shop: this.#belonging?.shopId, language: this.#settings.language }
  }

  async #journal(decision: Connect | Announce): Promise<void> {
    if (!this.#belonging) return
    const support = decision.kind === 'connect' && decision.support
    const { deliveryId, shopId, reference, caller, phones } = this.#belonging
    const other = otherParty(caller)
    // The phone that is calling may be another than the one that is rung; a withheld one stands for that.
    const parties = { [caller]: this.#identity.number ?? phones[caller], ...(support ? {} : { [other]: phones[other] }) }
    this.#account = await Account.open(this.#deps, {
      id: this.id, deliveryId, shopId, reference, startedBy: caller, phones: parties, ...(decision.kind === 'connect' ? { callee: support ? 'support' : other } : {})
    }, this.#time, this.#trace)
  }

  #talkBegins(): void {
    this.#enter('talking')
    this.#account?.answered()
  }

  async #finish(termination: Termination): Promise<void> {
    this.#enter('ended')
    ;(await this.#ringing)?.stop()
    await Promise.allSettled(this.#cleanup.reverse().map(async (giveBack) => giveBack()))
    await this.#opening.catch(() => undefined)
    this.#trace.note('end', termination.reason)
    if (this.#account) return this.#account.finish(termination)
    // A stranger's call belongs to no shop: it is counted, and nothing of it is kept.
    const at = this.#time.now()
    this.#deps.events.emit('call.ended', { callId: this.id, at, ...termination, ringMs: at - this.#time.startedAt, talkMs: 0 })
    this.#deps.events.emit('call.traced', { callId: this.id, ...this.#trace.drawn, ...termination })
  }

  #enter(state: CallState): void {
    this.#state = transition(this.#state, state)
    this.#trace.note('state', state)
  }
}
