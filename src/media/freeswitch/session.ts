import { MaskError } from '../../errors.js'
import { errorFields, type Log } from '../../telemetry/log.js'
import { isAudio, isG711, ownNumbering, type Codec } from '../codecs.js'
import { Descriptions, type MediaPlace } from '../descriptions.js'
import { agreedCodecs, firstOffer } from '../negotiate.js'
import { readSdp, rejected, type MediaDirection, type MediaFacts } from '../sdp.js'
import { writeSdp } from '../sdp-write.js'
import type { MediaSession, Playback, PlayOptions, Prompt, Side, VoiceControl } from '../types.js'
import type { Endpoint, Key } from './endpoint.js'
import { Watcher } from '../watcher.js'

export interface SessionOptions {
  readonly log: Log
  /** What FreeSWITCH may play for a prompt, best first. */
  readonly sounds: (prompt: Prompt, options: PlayOptions) => readonly string[]
  readonly silenceTimeoutMs: number
  readonly onClose: () => void
}

/** Codecs that a channel is opened with before its phone has said anything. */
const any: readonly Codec[] = (['PCMA', 'PCMU', 'opus'] as const).map((name) => ownNumbering({ name, clockRate: name === 'opus' ? 48000 : 8000, payloadType: 0 }))
const digits: Codec = ownNumbering({ name: 'telephone-event', clockRate: 8000, payloadType: 0 })

/**
 * What is said to FreeSWITCH on behalf of a side until that has spoken: the discard port of its own machine. Not
 * on hold, as FreeSWITCH would end that with a re-INVITE of its own just when ours comes.
 */
export const nobody = describe({ host: '127.0.0.1', rtpPort: 9, rtcpMux: false, codecs: [...any, digits], direction: 'sendrecv', ptime: 20 })

/** A phone's description in our words, reduced to what FreeSWITCH serves. @throws MaskError media_rejected without audio */
export function describeSide(facts: MediaFacts, codecs: readonly Codec[] = facts.codecs): string {
  const served = codecs.filter((codec) => isAudio(codec) || codec.clockRate === 8000)
  if (!served.some(isAudio)) throw rejected('no_codec')
  const { address, rtpPort, rtcpMux, direction, ptime } = facts
  return describe({ host: address ?? '127.0.0.1', rtpPort, rtcpMux, codecs: served, direction, ptime: ptime ?? 20 })
}

function describe(what: MediaPlace & { codecs: readonly Codec[], direction: MediaDirection, ptime: number }): string {
  return writeSdp({ sessionId: '1', version: 1, ...what })
}

/**
 * One call's media in FreeSWITCH: a channel for each side, bridged when both are there. FreeSWITCH turns any
 * codec into any other, so A's answer is known from the start.
 */
export class FreeswitchSession implements MediaSession {
  readonly engine = 'freeswitch'
  readonly silent: Promise<void>
  readonly voice: VoiceControl = {
    onDigit: (side, listener) => this.sides[side].onKey(({ digit }) => listener(digit)),
    allowTalk: (allowed) => {
      this.mayTalk = allowed
      if (this.joined !== undefined) this.joined = this.joined.then(() => this.attempt(() => this.letTalk()))
    }
  }

  private readonly descriptions = new Descriptions()
  private readonly watcher: Watcher
  private readonly directions: Record<Side, MediaDirection>
  /** The joining of both sides, and all that changed about it; undefined before. Never rejects. */
  private joined: Promise<void> | undefined
  private mayTalk = true
  private bridged = false
  private closing: Promise<void> | undefined

  constructor(private readonly sides: Readonly<Record<Side, Endpoint>>, private offerOfA: MediaFacts | undefined, private readonly options: SessionOptions) {
    this.directions = { a: offerOfA?.direction ?? 'sendrecv', b: 'sendrecv' }
    this.watcher = new Watcher({ packets: () => this.packets(), onHold: () => !this.speaks('a') && !this.speaks('b'), timeoutMs: options.silenceTimeoutMs })
    this.silent = this.watcher.silent
    // A channel that FreeSWITCH ended by itself carries nobody's voice any more.
    for (const { ended } of Object.values(sides)) void ended.then(() => this.watcher.report())
    for (const [from, to] of [[sides.a, sides.b], [sides.b, sides.a]] as const) from.onKey((key) => this.passOn(key, to))
  }

  async offerForA(): Promise<string> {
    this.needOpen()
    if (this.descriptions.has('a')) return this.descriptions.last('a')
    if (this.offerOfA !== undefined) throw new MaskError('internal', { reason: 'order' })
    // B's own law first, so that nothing need be turned.
    const first = this.descriptions.has('b') ? this.sides.b.described.codecs.filter(isG711).map(ownNumbering) : []
    return this.descriptions.offer('a', placeOf(this.sides.a.described), [...first, ...firstOffer.filter(({ name }) => !first.some((codec) => codec.name === name))], undefined)
  }

  async acceptFromA(answer: string): Promise<void> {
    this.needOpen()
    this.descriptions.last('a')
    if (this.offerOfA !== undefined) throw new MaskError('internal', { reason: 'order' })
    const facts = readSdp(answer)
    const codecs = agreedCodecs(firstOffer, facts.codecs)
    await this.joined
    await this.sides.a.modify(describeSide(facts, codecs))
    this.needOpen()
    this.directions.a = facts.direction
    this.offerOfA = { ...facts, codecs }
  }

  async answerEarly(): Promise<string | undefined> {
    return this.offerOfA === undefined ? undefined : this.answerToA(this.offerOfA)
  }

  async answerAlone(): Promise<string> {
    if (this.offerOfA === undefined) throw rejected('no_offer')
    return this.answerToA(this.offerOfA)
  }

  async offerForB(): Promise<string> {
    this.needOpen()
    if (this.descriptions.has('b')) return this.descriptions.last('b')
    return this.descriptions.offer('b', placeOf(this.sides.b.described), this.codecsForB(), this.offerOfA?.ptime)
  }

  /** Resolves at once: while A is being answered, FreeSWITCH learns of B and joins the two. */
  async connect(answerOfB: string): Promise<string> {
    this.needOpen()
    this.descriptions.last('b')
    const facts = readSdp(answerOfB)
    const codecs = agreedCodecs(this.codecsForB(), facts.codecs)
    const text = describeSide(facts, codecs)
    const forA = this.offerOfA === undefined ? undefined : this.answerToA(this.offerOfA)
    this.directions.b = facts.direction
    this.joined ??= this.attempt(() => this.join(text))
    if (forA !== undefined) return forA
    // Our offer names B's law first, so FreeSWITCH has to know it.
    await this.joined
    return this.offerForA()
  }

  async renegotiate(side: Side, offer: string): Promise<string> {
    this.needOpen()
    const facts = readSdp(offer)
    const text = describeSide(facts)
    this.descriptions.last(side)
    await this.joined
    const ours = await this.sides[side].modify(text)
    this.needOpen()
    this.directions[side] = facts.direction
    return this.descriptions.answer(side, placeOf(ours), ours.codecs, facts)
  }

  localDescription(side: Side): string {
    return this.descriptions.last(side)
  }

  play(side: Side, prompt: Prompt, options: PlayOptions = {}): Playback {
    if (this.closing !== undefined) return { done: Promise.resolve(), stop: () => undefined }
    return this.sides[side].play(this.options.sounds(prompt, options), options.loop ?? false)
  }

  close(): Promise<void> {
    return this.closing ??= this.free()
  }

  private answerToA(offer: MediaFacts): string {
    this.needOpen()
    if (this.descriptions.has('a')) return this.descriptions.last('a')
    const ours = this.sides.a.described
    return this.descriptions.answer('a', placeOf(ours), ours.codecs, offer)
  }

  /** A's own codec first, so that nothing need be turned; opus only when A has it, as turning it costs most. */
  private codecsForB(): Codec[] {
    const first = this.sides.a.described.codecs.filter(isAudio)
    const rest = any.filter((codec) => isG711(codec) && !first.some(({ name }) => name === codec.name))
    const events = this.offerOfA?.codecs.some((codec) => !isAudio(codec)) === false ? [] : [digits]
    return [...first.map(ownNumbering), ...rest, ...events]
  }

  private async join(textOfB: string): Promise<void> {
    const { a, b } = this.sides
    await a.settled()
    // Each takes FreeSWITCH a while, and neither needs the other.
    await Promise.all([b.modify(textOfB), this.letTalk()])
    this.watcher.start()
  }

  /** A key that was pressed while the bridge was being made would be lost: FreeSWITCH gives it to us alone. */
  private passOn({ digit, unheard }: Key, to: Endpoint): void {
    if (unheard && this.mayTalk && this.joined !== undefined) this.joined = this.joined.then(() => to.sendKey(digit).catch(() => undefined))
  }

  /** Brings the bridge to what is wanted now. */
  private async letTalk(): Promise<void> {
    const { a, b } = this.sides
    if (this.mayTalk === this.bridged || this.closing !== undefined) return
    this.bridged = this.mayTalk
    await (this.mayTalk ? a.bridge(b) : a.unbridge())
  }

  /** A call whose sides cannot be joined is reported silent, and so ended. */
  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (this.closing !== undefined) return
      this.options.log.warn('media.join_failed', errorFields(error))
      this.watcher.report()
    }
  }

  private async packets(): Promise<number | undefined> {
    const [a, b] = await Promise.all([this.sides.a.packets(), this.sides.b.packets()])
    return a === undefined || b === undefined ? undefined : a + b
  }

  private speaks(side: Side): boolean {
    return this.directions[side] === 'sendrecv' || this.directions[side] === 'sendonly'
  }

  private async free(): Promise<void> {
    this.watcher.stop()
    await Promise.all([this.sides.a.hangUp(), this.sides.b.hangUp()])
    this.options.onClose()
  }

  private needOpen(): void {
    if (this.closing !== undefined) throw new MaskError('media_unavailable', { reason: 'closed' })
  }
}

function placeOf({ address, rtpPort, rtcpMux }: MediaFacts): MediaPlace {
  if (address === undefined) throw new MaskError('media_unavailable', { reason: 'reply' })
  return { host: address, rtpPort, rtcpMux }
}
