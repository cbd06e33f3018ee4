import { noAccounts } from '../../src/account/accounts.js'
import type { Whereabouts } from '../../src/account/types.js'
import { fromTrunk } from '../../src/call/origin.js'
import { createEvents, type Events } from '../../src/events.js'
import type { CallDeps } from '../../src/call/deps.js'
import type { CodeAnswer, Lines, Lookup } from '../../src/line/types.js'
import type { MediaEngine, MediaSession, Playback, PlayOptions, Prompt, Side, VoiceControl } from '../../src/media/types.js'
import type { IdentityHeaders } from '../../src/phone/identity.js'
import type { E164 } from '../../src/phone/types.js'
import type { CallEnd, CallStart } from '../../src/record/types.js'
import type { ShopSettings } from '../../src/shop/settings.js'
import type { TrunkOrder } from '../../src/sip/gateways.js'
import { CallerGone, type AnsweredLeg, type InboundCall, type Leg, type LegEnd, type OfferedLeg, type OfferHandler, type Source } from '../../src/sip/types.js'

/** A leg whose far end the test plays. */
export class ScriptedLeg implements Leg {
  readonly ended: Promise<LegEnd>
  hungUp = 0
  digits: ((digit: string) => void) | undefined
  offers: ((offer: string | undefined, source?: Source) => Promise<string>) | undefined
  #end!: (end: LegEnd) => void

  constructor() {
    this.ended = new Promise((resolve) => { this.#end = resolve })
  }

  end(how: LegEnd = 'bye'): void {
    this.#end(how)
  }

  async hangUp(): Promise<void> {
    this.hungUp++
    this.#end('hung_up')
  }

  onDigit(listener: (digit: string) => void): () => void {
    this.digits = listener
    return () => { this.digits = undefined }
  }

  onOffer(handler: OfferHandler): void {
    this.offers = (offer, source = { address: '127.0.0.1', port: 5071 }) => handler(offer, source)
  }
}

/** An INVITE that the test sent. */
export class ScriptedInbound implements InboundCall {
  readonly source = { address: '127.0.0.1', port: 5071, protocol: 'udp' }
  readonly uri: string = 'sip:+442079460000@127.0.0.1'
  readonly authorization: string | undefined = undefined
  readonly dialled: string = '+442079460000'
  readonly identity: IdentityHeaders = { pai: ['<sip:+46701740605@127.0.0.1>'], from: '<sip:+46701740605@127.0.0.1>', privacy: [] }
  readonly bodyUnsupported: boolean = false
  readonly leg = new ScriptedLeg()
  readonly sent: string[] = []
  readonly #cancel = new AbortController()
  readonly gone = this.#cancel.signal
  /** Runs when the 200 is about to be sent. */
  beforeAnswer: () => void = () => undefined

  constructor(readonly maxForwards: number | undefined = 70, readonly offer: string | undefined = 'offer of a') {}

  cancel(): void {
    this.#cancel.abort(new CallerGone())
  }

  async ring(sdp?: string): Promise<void> {
    this.sent.push(sdp === undefined ? '180' : '180 with sdp')
  }

  async progress(): Promise<void> {
    this.sent.push('183')
  }

  reject(status: number): void {
    if (!this.gone.aborted) this.sent.push(String(status))
  }

  challenge(): void {
    this.sent.push('401')
  }

  async answer(sdp: string): Promise<Leg> {
    this.beforeAnswer()
    if (this.gone.aborted) throw new CallerGone()
    this.sent.push(`200 ${sdp}`)
    return this.leg
  }

  /** The caller's ACK to an offer of ours. */
  ack: Promise<string> = Promise.resolve('answer of a')

  async answerWithOffer(offer: string): Promise<OfferedLeg> {
    this.ack.catch(() => undefined)
    return { leg: await this.answer(offer), answer: this.ack }
  }
}

/** The parties of the delivery that the stage finds. */
export const partyPhones = { courier: '+46701740605' as E164, customer: '+46701740606' as E164 }

/** Everything around a call, played by the test, with a list of what the call did. */
export class CallStage {
  readonly b = new ScriptedLeg()
  readonly did: string[] = []
  readonly events: (Events['call.ended'] & { name: string })[] = []
  readonly records: { start: CallStart, end?: CallEnd }[] = []
  readonly defaults: ShopSettings = { language: 'en', ringTimeoutSeconds: 45, maxDurationSeconds: 900, acceptance: 'off', hint: false, quarantineSeconds: 86400, numberCountries: [], numberCountryStrict: false, recording: false, withheldCallers: 'allow', callsAtOnce: null, callsPerHour: null, minutesPerDay: null, supportPhone: null }
  /** What the shop has set. */
  settings: Partial<ShopSettings> = { language: 'et' }
  found: Lookup = { kind: 'connect', deliveryId: 'demo-abc', shopId: 'demo', reference: 'order-1', caller: 'courier', phones: partyPhones, callee: '+46701740606' as E164 }
  /** What the callee does; the default answers at once. */
  callee: (order: TrunkOrder) => Promise<AnsweredLeg> = async () => ({ leg: this.b, answer: 'answer of b' })
  early: string | undefined = 'early answer'
  /** Where the courier's app is registered. */
  app: Whereabouts | undefined
  /** What the app does when it is rung. */
  ringApp: (order: TrunkOrder, target: Whereabouts) => Promise<AnsweredLeg> = async () => ({ leg: this.b, answer: 'answer of b' })
  prompt: Promise<void> = Promise.resolve()
  /** Errors that the named step throws. */
  readonly fail = new Map<string, Error>()
  /** How each prompt was asked for. */
  readonly voices: PlayOptions[] = []
  dialled: TrunkOrder | undefined
  silence: () => void = () => undefined
  /** Whether the engine has a voice. */
  speaks = false
  private readonly voice: VoiceControl = {
    onDigit: (side, listener) => {
      if (side === 'a') this.press = listener
      return () => undefined
    },
    allowTalk: () => undefined
  }

  /** What the shop's system is asked before two are connected, and what it says. */
  readonly asked: object[] = []
  verdict: 'allow' | 'deny' | 'announce' = 'allow'
  /** Whether the engine can hand the talk to us. */
  audible = true
  /** Pieces that were recorded, and the end. */
  readonly recorded: string[] = []
  private readonly recording = {
    write: (sound: Buffer) => { this.recorded.push(sound.toString()) },
    finish: async () => { this.recorded.push('end') }
  }

  /** Presses a key of the caller's phone. */
  press: (digit: string) => void = () => undefined
  /** What an entered code opens. */
  redeem: () => Promise<CodeAnswer> = async () => ({ kind: 'wrong', left: 1 })

  /** For how long phones were called, of each call that was counted out. */
  readonly spent: number[] = []

  step(name: string): void {
    this.did.push(name)
    const error = this.fail.get(name)
    if (error) throw error
  }

  deps(config: Partial<CallDeps['config']> = {}): CallDeps {
    const events = createEvents((error) => { throw error })
    events.on('call.ended', (event) => this.events.push({ name: 'call.ended', ...event }))
    return {
      trunk: { dial: (order) => this.#dial(order), stats: () => ({ calls: 0, waiting: 0, silent: 0 }) },
      media: this.#engine(),
      lines: this.#lines(),
      journal: {
        open: async (start) => { this.step('journal.open'); this.records.push({ start }) },
        answered: async () => this.step('journal.answered'),
        finish: async (start, end) => {
          this.records.find((record) => record.start.id === start.id)!.end = end
          return { attempt: 1, firstReached: end.answeredAt !== undefined }
        }
      },
      recordings: { begin: async () => { this.step('recording.begin'); return this.recording } },
      gate: async (question) => { this.asked.push(question); return this.verdict },
      trunks: { recognise: () => undefined },
      accounts: { ...noAccounts, whereabouts: async () => { this.step('whereabouts'); return this.app } },
      dialApp: (order, target) => this.ringApp(order, target),
      events,
      config: { ringTimeoutSeconds: 45, maxDurationSeconds: 900, maxForwards: 70, drainSeconds: 0, ...config },
      mayDial: () => true,
      settings: { defaults: this.defaults, of: async () => ({ ...this.defaults, ringTimeoutSeconds: 45, maxDurationSeconds: 900, ...config, ...this.settings }) },
      clock: Date.now,
      onInternalError: (_id, error) => this.did.push(`internal ${(error as Error).message}`)
    }
  }

  readonly origin = fromTrunk({ id: 'demo', asksCode: false, identity: ['pai', 'from'], country: 'EE' })

  async #dial(order: TrunkOrder): Promise<AnsweredLeg> {
    this.step('dial')
    this.dialled = order
    const aborted = new Promise<never>((_, reject) => order.signal.addEventListener('abort', () => reject(order.signal.reason as Error)))
    return Promise.race([this.callee(order), aborted])
  }

  #lines(): Lines {
    const lookup = async (): Promise<Lookup> => { this.step('lookup'); return this.found }
    return { lookup, enter: lookup, redeem: () => this.redeem(), count: async () => this.step('count'), release: async (_delivery: string, _call: string, spentMs = 0) => { this.step('release'); this.spent.push(spentMs) } } as unknown as Lines
  }

  #engine(): MediaEngine {
    const session: MediaSession = {
      silent: new Promise((resolve) => { this.silence = resolve }),
      offerForA: async () => { this.step('offerForA'); return 'offer for a' },
      acceptFromA: async () => this.step('acceptFromA'),
      answerEarly: async () => { this.step('answerEarly'); return this.early },
      answerAlone: async () => { this.step('answerAlone'); return 'announcement' },
      offerForB: async () => { this.step('offerForB'); return 'offer for b' },
      connect: async () => { this.step('connect'); return 'answer for a' },
      renegotiate: async (side: Side) => { this.step(`renegotiate ${side}`); return `new answer for ${side}` },
      localDescription: (side: Side) => `description of ${side}`,
      play: (side: Side, prompt: Prompt, options: PlayOptions = {}): Playback => {
        this.voices.push(options)
        this.step(`play ${prompt} to ${side}`)
        return { done: this.prompt, stop: () => this.step(`stop ${prompt}`) }
      },
      voice: this.speaks ? this.voice : undefined,
      record: this.audible ? (listener) => { this.step('record'); listener(Buffer.from('talk')); return () => this.step('stop record') } : undefined,
      close: async () => this.step('media.close')
    }
    return {
      name: 'embedded', abilities: { relay: true, voice: true, record: true }, stats: () => ({ sessions: 0, portsInUse: 0 }), ping: async () => undefined, close: async () => undefined,
      open: async () => { this.step('media.open'); return session }
    }
  }
}
