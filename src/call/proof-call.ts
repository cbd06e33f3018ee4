import { MaskError } from '../errors.js'
import { newId } from '../ids.js'
import type { MediaSession, PlayOptions, Prompt } from '../media/types.js'
import type { E164 } from '../phone/types.js'
import type { ProofOrder, ProofOutcome } from '../record/rights/types.js'
import type { ShopSettings } from '../shop/settings.js'
import type { Leg } from '../sip/types.js'
import { CallClock } from './call-clock.js'
import type { CallDeps } from './deps.js'
import type { Keys } from './keys.js'
import { listenTo, mediaStep, takeAnswer } from './media.js'
import { ringing } from './ringing.js'
import { negotiateLocally } from './talk.js'
import { EndCall, terminationOf } from './termination.js'
import { unlessAborted } from './wait.js'

/** How often the person is asked whether it is them, and milliseconds to wait for the key after each question. */
const questions = 2
const waitMs = 5000

const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'] as const

/** A call that is under way. */
export interface ProofCall {
  /** How it ended, when everything is given back. Never rejects. */
  readonly done: Promise<ProofOutcome>
  /** Ends it from our side, whatever it is doing. */
  stop(): void
}

/** What such a call needs. It belongs to no delivery: no line, no record; the audit trail knows of it. */
export type ProofDeps = Pick<CallDeps, 'media' | 'lines' | 'trunk' | 'clock' | 'monotonic' | 'settings' | 'config' | 'mayDial' | 'onInternalError'>

/**
 * Rings a phone from a number of the shop and says a code to whoever presses 1 there, so that they can show that this
 * phone is theirs. The code is said in digits, each a sound of its own, and kept nowhere.
 * It counts towards what the shop may call.
 * @throws MaskError phone_not_allowed when this number may not be dialled, call_limited, store_unavailable
 */
export async function startProofCall(deps: ProofDeps, order: ProofOrder): Promise<ProofCall> {
  if (!deps.mayDial(order.phone)) throw new MaskError('phone_not_allowed')
  const callId = newId()
  await deps.lines.count(order.shopId, order.number, callId)
  const session = new ProofSession(deps, order, callId)
  return { done: session.run(), stop: () => session.stop() }
}

class ProofSession {
  readonly #over = new AbortController()
  readonly #cleanup: (() => Promise<void> | void)[] = [() => this.deps.lines.release(undefined, this.callId, this.#spentMs())]
  readonly #time: CallClock
  #answeredAt: number | undefined
  #settings: ShopSettings

  constructor(private readonly deps: ProofDeps, private readonly order: ProofOrder, private readonly callId: string) {
    this.#time = new CallClock(deps)
    this.#settings = deps.settings.defaults
  }

  stop(): void {
    this.#over.abort(new EndCall('shutting_down'))
  }

  async run(): Promise<ProofOutcome> {
    const outcome = await this.#tell().catch((error: unknown): ProofOutcome => {
      const { reason } = terminationOf(error)
      if (reason === 'internal') this.deps.onInternalError(this.callId, error)
      return { told: false, reason }
    })
    await Promise.allSettled(this.#cleanup.reverse().map(async (giveBack) => giveBack()))
    return outcome
  }

  async #tell(): Promise<ProofOutcome> {
    this.#settings = await this.deps.settings.of(this.order.shopId)
    const media = await mediaStep(this.deps.media.open(this.callId, undefined, { voice: true }), (late) => void late.close())
    this.#cleanup.push(() => media.close())
    const leg = await this.#ring(this.order.phone, media)
    const keys = listenTo('a', leg, media)
    this.#cleanup.push(() => keys.close())
    void leg.ended.then(() => this.#over.abort(new EndCall('declined')))
    // A voicemail presses nothing, so the code is not left there for whoever comes by.
    if (!await this.#isThere(media, keys)) throw new EndCall('not_accepted')
    await this.#say(media, 'proof-code')
    await this.#spell(media)
    // Once is enough; whoever hangs up now has heard it.
    await this.#again(media).catch(() => undefined)
    return { told: true }
  }

  async #isThere(media: MediaSession, keys: Keys): Promise<boolean> {
    for (let asked = 0; asked < questions; asked++) {
      const question = media.play('a', 'proof-ask', this.#voice())
      await unlessAborted(this.#over.signal, Promise.race([question.done, keys.pressed()]))
      question.stop()
      if (await unlessAborted(this.#over.signal, keys.entry({ max: 1, firstMs: waitMs, nextMs: 0 })) === '1') return true
    }
    return false
  }

  async #again(media: MediaSession): Promise<void> {
    await this.#say(media, 'proof-again')
    await this.#spell(media)
    await this.#say(media, 'goodbye')
  }

  async #spell(media: MediaSession): Promise<void> {
    for (const digit of this.order.code) await this.#say(media, `digit-${digits[Number(digit)]!}`)
  }

  async #say(media: MediaSession, prompt: Prompt): Promise<void> {
    await unlessAborted(this.#over.signal, media.play('a', prompt, this.#voice()).done)
  }

  async #ring(to: E164, media: MediaSession): Promise<Leg> {
    const offer = await mediaStep(media.offerForA())
    const { leg, answer } = await ringing({ over: this.#over.signal, media, seconds: this.#settings.ringTimeoutSeconds }, (signal) => this.deps.trunk.dial({
      callId: this.callId,
      to,
      from: this.order.number,
      offer,
      maxForwards: this.deps.config.maxForwards,
      onRinging: () => undefined,
      signal
    }))
    this.#answeredAt = this.#time.now()
    this.#cleanup.push(() => leg.hangUp())
    negotiateLocally(leg, 'a', media)
    await takeAnswer(media.acceptFromA(answer))
    return leg
  }

  #spentMs(): number {
    return this.#answeredAt === undefined ? 0 : this.#time.now() - this.#answeredAt
  }

  #voice(): PlayOptions {
    return { shop: this.order.shopId, language: this.#settings.language }
  }
}
