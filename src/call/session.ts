import { within } from '../deadline.js'
import { newId } from '../ids.js'
import type { Belonging, Decision } from './decide.js'
import { decide } from './decide.js'
import type { CallDeps } from './deps.js'
import { transition, type CallState } from './state.js'
import { talk } from './talk.js'
import { EndCall, statusOf, terminated, terminationOf, type Termination } from './termination.js'
import { callerIdentity } from '../phone/identity.js'
import type { MediaSession, Playback, PlayOptions } from '../media/types.js'
import type { CallStart } from '../record/types.js'
import type { AnsweredLeg, InboundCall } from '../sip/types.js'
import type { Trunk } from '../sip/trunks.js'

/** Milliseconds that the media engine may take for one step. */
const mediaDeadlineMs = 4000

/** One call from its INVITE to its record. */
export class CallSession {
  readonly id = newId()
  readonly #deps: CallDeps
  readonly #inbound: InboundCall
  readonly #trunk: Trunk
  readonly #stop = new AbortController()
  readonly #startedAt: number
  /** Whoever takes something that must be given back puts the giving back here; run() does it on every path. */
  readonly #cleanup: (() => Promise<void>)[] = []
  #state: CallState = 'deciding'
  #belonging: Belonging | undefined
  #journalled: CallStart | undefined
  #answeredAt: number | undefined
  #ringing: Promise<Playback | undefined> = Promise.resolve(undefined)

  constructor(deps: CallDeps, inbound: InboundCall, trunk: Trunk) {
    this.#deps = deps
    this.#inbound = inbound
    this.#trunk = trunk
    this.#startedAt = deps.clock()
  }

  get state(): CallState {
    return this.#state
  }

  /** Ends the call from our side, whatever it is doing. */
  stop(): void {
    this.#stop.abort(new EndCall('shutting_down'))
  }

  /** Takes the call through its whole life. Never rejects. */
  async run(): Promise<Termination> {
    let termination: Termination
    try {
      const decision = await this.#decide()
      const media = await this.#openMedia()
      termination = decision.kind === 'connect' ? await this.#connect(decision, media) : await this.#announce(decision, media)
    } catch (error) {
      termination = terminationOf(error)
      if (termination.reason === 'internal') this.#deps.onInternalError(this.id, error)
    }
    const status = statusOf(termination)
    if (status !== 0) this.#inbound.reject(status, status === 503 ? 5 : undefined)
    await this.#finish(termination)
    return termination
  }

  /** Who is calling, for what, and what follows from it. */
  async #decide(): Promise<Decision> {
    const { inbound, deps } = { inbound: this.#inbound, deps: this.#deps }
    if (inbound.maxForwards === 0) throw new EndCall('too_many_hops')
    if (inbound.bodyUnsupported) throw new EndCall('body_unsupported')
    const caller = callerIdentity(inbound.identity, this.#trunk)
    const found = await deps.lines.lookup(inbound.dialled, caller.number, this.id)
    if (found.kind === 'connect') this.#cleanup.push(() => deps.lines.release(found.deliveryId, this.id))
    const decision = decide(found, deps.mayDial)
    this.#belonging = decision.belonging
    return decision
  }

  async #openMedia(): Promise<MediaSession> {
    if (this.#inbound.offer === undefined) throw new EndCall('media_rejected')
    const media = await within(mediaDeadlineMs, this.#deps.media.open(this.id, this.#inbound.offer), 'media_unavailable', (late) => void late.close())
    this.#cleanup.push(() => media.close())
    return media
  }

  /** Tells the caller in early media why there is no call, then refuses it: an unanswered call costs nothing. */
  async #announce(decision: Decision & { kind: 'announce' }, media: MediaSession): Promise<Termination> {
    this.#enter('announcing')
    await this.#journal()
    await this.#inbound.progress(await within(mediaDeadlineMs, media.answerAlone(), 'media_unavailable'))
    const playback = media.play('a', decision.prompt, this.#voice())
    await this.#unlessGone(playback.done)
    return terminated(decision.reason)
  }

  /** Whose words and which language the caller hears. */
  #voice(): PlayOptions {
    const shop = this.#belonging?.shopId
    return { shop, language: this.#deps.languageOf(shop) }
  }

  async #connect(decision: Decision & { kind: 'connect' }, media: MediaSession): Promise<Termination> {
    this.#enter('dialling')
    await this.#journal()
    const b = await this.#dial(decision, media)
    this.#cleanup.push(() => b.leg.hangUp())
    this.#enter('answering')
    ;(await this.#ringing)?.stop()
    const answer = await within(mediaDeadlineMs, media.connect(b.answer), 'media_unavailable')
      .catch((error: unknown) => { throw terminationOf(error).reason === 'media_rejected' ? new EndCall('media_incompatible') : error })
    const a = await this.#inbound.answer(answer)
    this.#cleanup.push(() => a.hangUp())
    this.#answered()
    return talk({ a, b: b.leg, media, limitMs: this.#deps.config.maxDurationSeconds * 1000, stopped: this.#stop.signal })
  }

  /** Rings the callee with an INVITE in which nothing is the caller's. */
  async #dial(decision: Decision & { kind: 'connect' }, media: MediaSession): Promise<AnsweredLeg> {
    const offer = await within(mediaDeadlineMs, media.offerForB(), 'media_unavailable')
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(new EndCall('no_answer')), this.#deps.config.ringTimeoutSeconds * 1000)
    try {
      return await this.#deps.sip.dial({
        to: decision.callee,
        from: this.#inbound.dialled,
        gateway: this.#deps.trunks.outbound.gateways[0]!,
        offer,
        maxForwards: (this.#inbound.maxForwards ?? this.#deps.config.maxForwards) - 1,
        onRinging: () => { this.#ringing = this.#ring(media) },
        signal: AbortSignal.any([this.#inbound.gone, this.#stop.signal, patience.signal])
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Lets the caller hear ringing of our own making; what the callee's side plays never gets here. */
  async #ring(media: MediaSession): Promise<Playback | undefined> {
    if (this.#state !== 'dialling') return undefined
    this.#enter('ringing')
    try {
      const sdp = await within(mediaDeadlineMs, media.answerEarly(), 'media_unavailable')
      await this.#inbound.ring(sdp)
      return sdp === undefined ? undefined : media.play('a', 'ringback', { loop: true })
    } catch {
      // Ringing is a courtesy; the call goes on without it.
      return undefined
    }
  }

  async #journal(): Promise<void> {
    if (!this.#belonging) return
    const { deliveryId, shopId, reference, caller } = this.#belonging
    const start = { id: this.id, deliveryId, shopId, reference, startedBy: caller, startedAt: this.#startedAt }
    await this.#deps.journal.open(start)
    this.#journalled = start
    this.#deps.events.emit('call.started', { callId: this.id, deliveryId, shopId, caller, at: this.#startedAt })
  }

  #answered(): void {
    this.#enter('talking')
    this.#answeredAt = this.#deps.clock()
    if (!this.#journalled) return
    const { deliveryId, shopId, startedBy } = this.#journalled
    void this.#deps.journal.answered(this.#journalled, this.#answeredAt)
    this.#deps.events.emit('call.answered', { callId: this.id, deliveryId, shopId, caller: startedBy, at: this.#answeredAt })
  }

  async #finish(termination: Termination): Promise<void> {
    this.#enter('ended')
    const at = this.#deps.clock()
    ;(await this.#ringing)?.stop()
    await Promise.allSettled(this.#cleanup.reverse().map((giveBack) => giveBack()))
    const answered = this.#answeredAt === undefined ? {} : { answeredAt: this.#answeredAt }
    if (this.#journalled) await this.#deps.journal.finish(this.#journalled, { at, ...answered, ...termination })
    const { deliveryId, shopId, caller } = this.#belonging ?? {}
    this.#deps.events.emit('call.ended', {
      callId: this.id,
      ...(deliveryId === undefined || shopId === undefined || caller === undefined ? {} : { deliveryId, shopId, caller }),
      at,
      ...termination,
      ringMs: (this.#answeredAt ?? at) - this.#startedAt,
      talkMs: this.#answeredAt === undefined ? 0 : at - this.#answeredAt
    })
  }

  #enter(state: CallState): void {
    this.#state = transition(this.#state, state)
  }

  /** Waits for `work` unless the caller gives up or we stop. */
  async #unlessGone(work: Promise<void>): Promise<void> {
    const signal = AbortSignal.any([this.#inbound.gone, this.#stop.signal])
    signal.throwIfAborted()
    let onAbort = (): void => undefined
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort)
    })
    try {
      await Promise.race([work, aborted])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}
