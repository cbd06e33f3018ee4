import { freshBytes } from '../../ids.js'
import { MaskError } from '../../errors.js'
import { errorFields, type Log } from '../../telemetry/log.js'
import { isAudio, isG711, ownNumbering, type Codec } from '../codecs.js'
import { agreedCodecs, codecsForB, codecsForVoice, codecsToMatch, earlyCodecs, firstOffer } from '../negotiate.js'
import type { PortAllocator } from '../rtp/ports.js'
import { readSdp, rejected, type MediaFacts } from '../sdp.js'
import { mirror, writeSdp, type OwnDescription } from '../sdp-write.js'
import type { MediaNeeds, MediaSession, Playback, PlayOptions, Prompt, Side as SideName, VoiceControl } from '../types.js'
import type { PacingClock } from './clock.js'
import { Mixer } from './mixer.js'
import { finished } from './player.js'
import { relayRtcp, relayRtp } from './relay.js'
import { Side } from './side.js'
import { openPair, type PairEvents } from './sockets.js'
import type { SoundFinder } from './sounds.js'

/** What the sessions of an engine share. */
export interface Shared {
  readonly host: string
  readonly family: 4 | 6
  readonly ports: PortAllocator
  readonly clock: PacingClock
  readonly sounds: SoundFinder
  readonly log: Log
}

/** The last description that we gave to a side. */
interface Local {
  readonly own: OwnDescription
  readonly text: string
}

const defaultPtime = 20

/** One call's media in this process; see MediaSession for what the methods promise. */
export class EmbeddedSession implements MediaSession {
  readonly engine = 'embedded'
  readonly silent: Promise<void>
  readonly voice: VoiceControl = {
    onDigit: (side, listener) => {
      const { digitListeners } = this.sides[side]
      digitListeners.add(listener)
      return () => { digitListeners.delete(listener) }
    },
    allowTalk: (allowed) => {
      for (const side of Object.values(this.sides)) side.apart = !allowed
    }
  }

  /** Set while this session's codecs are all such that it understands what is said. */
  readonly record: MediaSession['record']
  private mixer: Mixer | undefined
  private readonly local: Partial<Record<SideName, Local>> = {}
  private reportSilence: () => void = () => undefined
  private watchedSince: number | undefined
  private closing: Promise<void> | undefined

  private constructor(private readonly shared: Shared, private offerOfA: MediaFacts | undefined, private readonly sides: Record<SideName, Side>, private readonly onClose: (session: EmbeddedSession) => void, recordable: boolean) {
    this.record = recordable ? (listener) => this.overhear(listener) : undefined
    this.silent = new Promise((resolve) => { this.reportSilence = resolve })
  }

  /**
   * Opens the ports of both sides.
   * @throws MaskError media_rejected for the offer, media_unavailable when ports are lacking; nothing stays open then
   */
  static async open(shared: Shared, offerOfA: string | undefined, callId: string, needs: MediaNeeds, onClose: (session: EmbeddedSession) => void): Promise<EmbeddedSession> {
    const offered = offerOfA === undefined ? undefined : readSdp(offerOfA, shared.family)
    // What is to be recorded is spoken in G.711, if the phone can.
    const facts = offered && needs.record === true ? { ...offered, codecs: codecsForVoice(offered.codecs) } : offered
    if (facts !== undefined && codecsForB(facts.codecs).length === 0) throw rejected('no_codec')
    const log = shared.log.with({ callId })
    const sides: Partial<Record<SideName, Side>> = {}
    const pairA = await openPair(shared.host, shared.ports, handlers(sides, 'a', 'b', log))
    const pairB = await openPair(shared.host, shared.ports, handlers(sides, 'b', 'a', log)).catch(async (error: unknown) => {
      await pairA.close()
      throw error
    })
    sides.a = new Side(pairA, shared.clock)
    sides.b = new Side(pairB, shared.clock)
    return new EmbeddedSession(shared, facts, sides as Record<SideName, Side>, onClose, needs.record === true && (facts?.codecs ?? firstOffer).some(isG711))
  }

  async offerForA(): Promise<string> {
    this.needOpen()
    if (this.local.a !== undefined) return this.local.a.text
    if (this.offerOfA !== undefined) throw new MaskError('internal', { reason: 'order' })
    const { agreed } = this.sides.b
    // B's own law first, so that nothing need be turned.
    return this.describe('a', { codecs: agreed.length === 0 ? firstOffer : codecsForB([...agreed.filter(isAudio), ...firstOffer.filter((codec) => !isAudio(codec))]), direction: 'sendrecv', ptime: defaultPtime, rtcpMux: false })
  }

  async acceptFromA(answer: string): Promise<void> {
    this.needOpen()
    const offered = this.local.a?.own.codecs
    if (offered === undefined || this.offerOfA !== undefined) throw new MaskError('internal', { reason: 'order' })
    const facts = readSdp(answer, this.shared.family)
    const codecs = agreedCodecs(offered, facts.codecs)
    this.sides.a.agree(facts, codecs.map(ownNumbering), codecs)
    this.offerOfA = { ...facts, codecs }
  }

  async answerEarly(): Promise<string | undefined> {
    this.needOpen()
    if (this.offerOfA === undefined) return undefined
    const codecs = earlyCodecs(this.offerOfA.codecs)
    return codecs === undefined ? undefined : this.answer('a', this.offerOfA, codecs)
  }

  async answerAlone(): Promise<string> {
    this.needOpen()
    return this.local.a?.text ?? this.answer('a', this.needOffer(), codecsForVoice(this.needOffer().codecs))
  }

  async offerForB(): Promise<string> {
    this.needOpen()
    return this.local.b?.text ?? this.describe('b', { codecs: codecsForB(this.offerOfA?.codecs ?? firstOffer), direction: 'sendrecv', ptime: this.offerOfA?.ptime ?? defaultPtime, rtcpMux: false })
  }

  async connect(answerOfB: string): Promise<string> {
    this.needOpen()
    const offered = this.local.b?.own.codecs
    if (offered === undefined) throw new MaskError('internal', { reason: 'order' })
    const facts = readSdp(answerOfB, this.shared.family)
    const agreed = agreedCodecs(offered, facts.codecs)
    const forA = this.local.a?.text ?? (this.offerOfA && this.answer('a', this.offerOfA, codecsToMatch(this.offerOfA.codecs, agreed)))
    this.sides.b.agree(facts, agreed.map(ownNumbering), agreed)
    this.watchedSince = performance.now()
    return forA ?? this.offerForA()
  }

  async renegotiate(side: SideName, offer: string): Promise<string> {
    this.needOpen()
    const facts = readSdp(offer, this.shared.family)
    const other = this.sides[side === 'a' ? 'b' : 'a']
    const codecs = other.facts === undefined ? codecsForVoice(facts.codecs) : codecsToMatch(facts.codecs, other.agreed)
    return this.answer(side, facts, codecs)
  }

  localDescription(side: SideName): string {
    const local = this.local[side]
    if (local === undefined) throw new MaskError('internal', { reason: 'order' })
    return local.text
  }

  play(side: SideName, prompt: Prompt, options: PlayOptions = {}): Playback {
    // A call that ends while a prompt is being started has nothing to fear from it.
    if (this.closing !== undefined) return finished
    const { player } = this.sides[side]
    const sound = this.shared.sounds(prompt, options)
    if (sound !== undefined) return player.play(sound, options.loop ?? false)
    player.stop()
    return finished
  }

  close(): Promise<void> {
    return this.closing ??= this.free()
  }

  /** Called by the engine now and then. @param now monotonic milliseconds */
  watch(now: number, timeoutMs: number): void {
    const { a, b } = this.sides
    if (this.watchedSince === undefined || this.closing !== undefined) return
    // On hold from both ends nobody owes a packet.
    if (!a.speaks && !b.speaks) this.watchedSince = now
    if (now - Math.max(this.watchedSince, a.heardAt, b.heardAt) >= timeoutMs) this.reportSilence()
  }

  private overhear(listener: (sound: Buffer) => void): () => void {
    if (this.closing !== undefined || this.mixer !== undefined) return () => undefined
    const mixer = this.mixer = new Mixer(this.shared.clock, listener)
    for (const name of ['a', 'b'] as const) this.sides[name].onVoice = (samples) => mixer.take(name, samples)
    return () => this.stopMixer()
  }

  private stopMixer(): void {
    this.mixer?.stop()
    this.mixer = undefined
    for (const side of Object.values(this.sides)) side.onVoice = undefined
  }

  private async free(): Promise<void> {
    this.stopMixer()
    const sides = Object.values(this.sides)
    for (const side of sides) side.player.stop()
    await Promise.all(sides.map((side) => side.pair.close()))
    this.onClose(this)
  }

  private needOffer(): MediaFacts {
    if (this.offerOfA === undefined) throw rejected('no_offer')
    return this.offerOfA
  }

  private needOpen(): void {
    if (this.closing !== undefined) throw new MaskError('media_unavailable', { reason: 'closed' })
  }

  private answer(side: SideName, facts: MediaFacts, codecs: Codec[]): string {
    this.sides[side].agree(facts, codecs, codecs)
    const { streams, audioIndex, rtcpMux } = facts
    return this.describe(side, { codecs, direction: mirror(facts.direction), ptime: facts.ptime ?? defaultPtime, rtcpMux, streams, audioIndex })
  }

  private describe(side: SideName, what: Omit<OwnDescription, 'sessionId' | 'version' | 'host' | 'rtpPort'>): string {
    const old = this.local[side]
    const sessionId = old?.own.sessionId ?? (freshBytes(8).readBigUInt64BE() >> 2n).toString()
    const next = { ...what, sessionId, version: old?.own.version ?? 1, host: this.shared.host, rtpPort: this.sides[side].pair.port }
    // RFC 3264 §8: the version stays only while not a byte changes.
    const own = old === undefined || writeSdp(next) === old.text ? next : { ...next, version: next.version + 1 }
    const text = writeSdp(own)
    this.local[side] = { own, text }
    return text
  }
}

function handlers(sides: Partial<Record<SideName, Side>>, from: SideName, to: SideName, log: Log): PairEvents {
  let told = false
  const pass = (relay: typeof relayRtp): PairEvents['onRtp'] => (data, source) => {
    if (sides[from] !== undefined && sides[to] !== undefined) relay(sides[from], sides[to], data, source)
  }
  return {
    onRtp: pass(relayRtp),
    onRtcp: pass(relayRtcp),
    onError: (error) => {
      if (!told) log.warn('media.socket', { ...errorFields(error), party: from })
      told = true
    }
  }
}
