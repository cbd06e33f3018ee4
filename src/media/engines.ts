import { MaskError } from '../errors.js'
import type { Log } from '../telemetry/log.js'
import { readSdp } from './sdp.js'
import type { MediaEngine, MediaNeeds, MediaSession, Playback, PlayOptions, Prompt, Side, VoiceControl } from './types.js'

export interface MediaEnginesOptions {
  /** Carries talk. */
  readonly relay: MediaEngine
  /** Speaks and listens; carries the calls in which it does, and all others while `relay` is not there. */
  readonly voice: MediaEngine
  /** Carries the calls that are recorded; when absent, one of the two if it can, else nothing is. */
  readonly recorder?: MediaEngine | undefined
  readonly log: Log
}

/**
 * One engine out of two. What a call needs decides: an announcement, a question or a call whose `needs` say
 * voice goes to the voice engine, one that is to be recorded to the recorder, every other to the relay engine. A call stays where it began.
 * Answers early only where the engine that relays can speak as well.
 * @throws MaskError config_invalid when the two together cannot serve a call
 */
export function createMediaEngines({ relay, voice, recorder = [relay, voice].find(({ abilities }) => abilities.record), log }: MediaEnginesOptions): MediaEngine {
  if (!relay.abilities.relay) throw new MaskError('config_invalid', { cause: 'The media engine for talk cannot relay.' })
  if (!voice.abilities.voice) throw new MaskError('config_invalid', { cause: 'The media engine for prompts has no voice.' })
  if (relay === voice && (recorder === undefined || recorder === relay)) return relay
  const sessions = new Set<ChoosingSession>()
  const engines = [...new Set([relay, voice, ...recorder ? [recorder] : []])]
  const state = { closed: false }

  return {
    name: relay.name,
    abilities: { relay: true, voice: true, record: engines.some(({ abilities }) => abilities.record) },
    async open(callId, offerOfA, needs = {}) {
      if (state.closed) throw new MaskError('media_unavailable', { reason: 'closed' })
      // Refused before anybody is asked, as every engine would.
      if (offerOfA !== undefined) readSdp(offerOfA)
      const session: ChoosingSession = new ChoosingSession({ relay, voice, recorder, log: log.with({ callId }), needs }, (engine) => engine.open(callId, offerOfA, needs), () => sessions.delete(session))
      sessions.add(session)
      if (needs.voice || needs.record) await session.prepare()
      return session
    },
    stats: () => ({ sessions: sessions.size, portsInUse: engines.reduce((sum, engine) => sum + engine.stats().portsInUse, 0) }),
    async ping() {
      await Promise.all(engines.map((engine) => engine.ping()))
    },
    async close() {
      state.closed = true
      await Promise.all([...sessions].map((session) => session.close()))
      await Promise.all(engines.map((engine) => engine.close()))
    }
  }
}

/** A session that becomes one of an engine's when it is first clear which. */
class ChoosingSession implements MediaSession {
  readonly silent: Promise<void>
  private reportSilence: () => void = () => undefined
  private opening: Promise<MediaSession> | undefined
  private opened: MediaSession | undefined
  private closing: Promise<void> | undefined

  constructor(private readonly options: MediaEnginesOptions & { readonly needs: MediaNeeds }, private readonly openIn: (engine: MediaEngine) => Promise<MediaSession>, private readonly onClose: () => void) {
    this.silent = new Promise((resolve) => { this.reportSilence = resolve })
  }

  /** Opens at once what is known to be needed. @throws MaskError; nothing is left then */
  async prepare(): Promise<void> {
    try {
      await this.toConnect()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  get engine(): MediaSession['engine'] {
    return this.opened?.engine
  }

  get voice(): VoiceControl | undefined {
    return this.opened?.voice
  }

  get record(): MediaSession['record'] {
    return this.opened?.record
  }

  async offerForA(): Promise<string> {
    return (await this.toConnect()).offerForA()
  }

  async acceptFromA(answer: string): Promise<void> {
    return this.needOpened().acceptFromA(answer)
  }

  async answerEarly(): Promise<string | undefined> {
    return (await this.toConnect()).answerEarly()
  }

  async answerAlone(): Promise<string> {
    const session = await this.chosen(() => this.openIn(this.options.voice))
    return session.answerAlone()
  }

  async offerForB(): Promise<string> {
    return (await this.toConnect()).offerForB()
  }

  async connect(answerOfB: string): Promise<string> {
    return this.needOpened().connect(answerOfB)
  }

  async renegotiate(side: Side, offer: string): Promise<string> {
    return this.needOpened().renegotiate(side, offer)
  }

  localDescription(side: Side): string {
    return this.needOpened().localDescription(side)
  }

  play(side: Side, prompt: Prompt, options: PlayOptions = {}): Playback {
    return this.opened?.play(side, prompt, options) ?? { done: Promise.resolve(), stop: () => undefined }
  }

  close(): Promise<void> {
    return this.closing ??= this.free()
  }

  private toConnect(): Promise<MediaSession> {
    const { needs, voice, recorder } = this.options
    return this.chosen(() => {
      if (needs.record && recorder) return this.openIn(recorder)
      return needs.voice ? this.openIn(voice) : this.openRelay()
    })
  }

  /** While the relay engine is not there, one that can do both takes its calls. */
  private async openRelay(): Promise<MediaSession> {
    const { relay, voice, log } = this.options
    try {
      return await this.openIn(relay)
    } catch (error) {
      if (!voice.abilities.relay || !(error instanceof MaskError) || error.code !== 'media_unavailable' || this.closing !== undefined) throw error
      log.warn('media.relay_replaced', { reason: error.reason ?? 'unavailable' })
      return this.openIn(voice)
    }
  }

  private async chosen(open: () => Promise<MediaSession>): Promise<MediaSession> {
    this.needOpen()
    const session = await (this.opening ??= this.take(open()))
    this.needOpen()
    return session
  }

  private async take(opening: Promise<MediaSession>): Promise<MediaSession> {
    const session = this.opened = await opening
    void session.silent.then(this.reportSilence)
    return session
  }

  private needOpened(): MediaSession {
    this.needOpen()
    if (this.opened === undefined) throw new MaskError('internal', { reason: 'order' })
    return this.opened
  }

  private needOpen(): void {
    if (this.closing !== undefined) throw new MaskError('media_unavailable', { reason: 'closed' })
  }

  private async free(): Promise<void> {
    const session = await this.opening?.catch(() => undefined)
    await session?.close()
    this.onClose()
  }
}
