import { MaskError } from '../../errors.js'
import { codecKey, isAudio, ownNumbering, type Codec } from '../codecs.js'
import { agreedCodecs, codecsToMatch, firstOffer } from '../negotiate.js'
import { Descriptions } from '../descriptions.js'
import { readSdp, rejected, type MediaDirection, type MediaFacts } from '../sdp.js'
import { mirror } from '../sdp-write.js'
import type { Log } from '../../telemetry/log.js'
import type { Sounds } from '../sounds.js'
import type { MediaSession, Playback, PlayOptions, Prompt, Side } from '../types.js'
import { Watcher } from '../watcher.js'
import type { Dictionary } from './bencode.js'
import { allotted, anew, describe, meet, nobody, speaksOpus, treatmentOf, type Allotted, type Known } from './dialect.js'
import type { Instance } from './instances.js'
import { finished, Prompter } from './prompter.js'

interface OpenOptions {
  /** Milliseconds for all requests that open a call, together. */
  readonly ms: number
  /** Whether talk in G.711 gets RTP sources of rtpengine's own. */
  readonly ownSources: boolean
  readonly silenceTimeoutMs: number
  readonly sounds: Sounds
  readonly log: Log
  readonly onClose: () => void
}

/**
 * One call's media in an rtpengine. It relays, and speaks into a talk; before that a prompt is over before it begins.
 * Dynamic payload types of A are offered to B as they are, since rtpengine does not renumber what it only passes on.
 */
export class RtpengineSession implements MediaSession {
  readonly engine = 'rtpengine'
  readonly silent: Promise<void>
  private readonly descriptions = new Descriptions()
  private readonly known: Partial<Record<Side, Known>> = {}
  private readonly watcher: Watcher
  private readonly prompter: Prompter
  private readonly underWay = new Set<Promise<unknown>>()
  private treatment: Dictionary
  private talking = false
  private closing: Promise<void> | undefined

  private constructor(private readonly callId: string, private readonly instance: Instance, private offerOfA: MediaFacts | undefined, private readonly places: Readonly<{ a?: Allotted, b: Allotted }>, private readonly options: OpenOptions) {
    this.watcher = new Watcher({ packets: () => this.packets(), onHold: () => this.onHold, timeoutMs: options.silenceTimeoutMs })
    this.silent = this.watcher.silent
    this.treatment = treatmentOf(offerOfA, options.ownSources)
    this.prompter = new Prompter((command, fields) => this.ask(command, fields), options.log)
    if (offerOfA !== undefined) this.known.a = { facts: offerOfA, codecs: offerOfA.codecs }
  }

  /** Makes the call in one instance. @throws MaskError media_unavailable; nothing stays open then */
  static async open(callId: string, instance: Instance, offerOfA: MediaFacts | undefined, options: OpenOptions): Promise<RtpengineSession> {
    const until = performance.now() + options.ms
    const request = (command: string, fields: Dictionary): Promise<Dictionary> => instance.request(command, { 'call-id': callId, ...fields }, Math.max(1, until - performance.now()))
    const ask = async (command: string, side: Known, tags: Dictionary): Promise<Allotted> => allotted(await request(command, { ...treatmentOf(offerOfA, options.ownSources), ...tags, sdp: describe(side) }))
    instance.sessions++
    try {
      const b = await ask('offer', offerOfA === undefined ? nobody : { facts: offerOfA, codecs: offerOfA.codecs }, { 'from-tag': 'a' })
      // Without a word of A both sides get a place at once, and say later who they are.
      const places = offerOfA === undefined ? { b, a: await ask('answer', nobody, { 'from-tag': 'a', 'to-tag': 'b' }) } : { b }
      // rtpengine passes on what B sends from the first offer on; nobody may hear it before the call is answered.
      await request('block media', {})
      return new RtpengineSession(callId, instance, offerOfA, places, options)
    } catch (error) {
      instance.sessions--
      // The reply may have been lost on its way, not the request.
      void remove(callId, instance)
      throw error
    }
  }

  answerEarly(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  answerAlone(): Promise<string> {
    return Promise.reject(this.offerOfA === undefined ? rejected('no_offer') : new MaskError('media_unavailable', { reason: 'voice' }))
  }

  play(side: Side, prompt: Prompt, { language, shop, loop = false }: PlayOptions = {}): Playback {
    const samples = this.talking ? this.options.sounds.pcm(prompt, language, shop) : undefined
    return samples === undefined ? finished : this.prompter.play(side, samples, loop)
  }

  async offerForA(): Promise<string> {
    this.needOpen()
    if (this.descriptions.has('a')) return this.descriptions.last('a')
    if (this.places.a === undefined) throw new MaskError('internal', { reason: 'order' })
    // B's own law first, so that nothing need be turned.
    const ofB = this.known.b?.codecs.map(ownNumbering) ?? []
    const audio = firstOffer.filter(isAudio).sort((x, y) => rank(ofB, x) - rank(ofB, y))
    const codecs = [...audio, ...firstOffer.filter((codec) => !isAudio(codec))]
    return this.descriptions.offer('a', this.places.a.place, codecs, undefined)
  }

  async acceptFromA(answer: string): Promise<void> {
    this.needOpen()
    this.descriptions.last('a')
    if (this.offerOfA !== undefined) throw new MaskError('internal', { reason: 'order' })
    const facts = readSdp(answer)
    const a = { facts, codecs: agreedCodecs(firstOffer, facts.codecs) }
    await this.update('a', a, this.known.b ?? nobody)
    this.known.a = a
    this.offerOfA = { ...facts, codecs: a.codecs }
    this.talking = this.known.b !== undefined
  }

  async offerForB(): Promise<string> {
    this.needOpen()
    if (this.descriptions.has('b')) return this.descriptions.last('b')
    return this.descriptions.offer('b', this.places.b.place, this.places.b.codecs, this.offerOfA?.ptime)
  }

  async connect(answerOfB: string): Promise<string> {
    this.needOpen()
    this.descriptions.last('b')
    const facts = readSdp(answerOfB)
    const b = { facts, codecs: agreedCodecs(this.places.b.codecs, facts.codecs) }
    // After a first exchange with nobody in it, B's answer is news and not an answer any more.
    const forA = this.places.a === undefined ? await this.answerOfB(b) : await this.update('b', b, this.known.a ?? nobody)
    await this.ask('unblock media', {})
    this.known.b = b
    this.talking = this.offerOfA !== undefined
    this.watcher.start()
    if (this.places.a !== undefined || this.offerOfA === undefined) return this.offerForA()
    this.known.a = { facts: this.offerOfA, codecs: forA.codecs }
    return this.descriptions.answer('a', forA.place, forA.codecs, this.offerOfA)
  }

  async renegotiate(side: Side, offer: string): Promise<string> {
    this.needOpen()
    const facts = readSdp(offer)
    const other = this.known[side === 'a' ? 'b' : 'a']
    if (other === undefined || !this.descriptions.has(side)) throw new MaskError('internal', { reason: 'order' })
    // Refused here, before rtpengine changes anything.
    const codecs = codecsToMatch(facts.codecs, other.codecs)
    const { place } = await this.update(side, { facts, codecs: facts.codecs }, other)
    this.known[side] = { facts, codecs }
    return this.descriptions.answer(side, place, codecs, facts)
  }

  localDescription(side: Side): string {
    return this.descriptions.last(side)
  }

  close(): Promise<void> {
    return this.closing ??= this.free()
  }

  /** Whether neither side owes a packet. */
  private get onHold(): boolean {
    const speaks = (known: Known | undefined): boolean => known?.facts.direction === 'sendrecv' || known?.facts.direction === 'sendonly'
    return !speaks(this.known.a) && !speaks(this.known.b)
  }

  private async answerOfB(b: Known): Promise<Allotted> {
    const { offerOfA } = this
    // Opus is passed on as it is. Only now is it known that it will not come to that.
    if (offerOfA !== undefined && this.treatment !== anew && this.options.ownSources && !speaksOpus(b.codecs)) {
      this.treatment = anew
      await this.command('offer', { 'from-tag': 'a', 'sdp': describe({ facts: offerOfA, codecs: offerOfA.codecs.filter(({ name }) => name !== 'opus') }) })
    }
    return this.answer('a', b, b.facts.direction)
  }

  /** Tells rtpengine what a side says now, while the other stays as it is. */
  private async update(side: Side, now: Known, other: Known): Promise<Allotted> {
    await this.command('offer', { 'from-tag': side, 'to-tag': side === 'a' ? 'b' : 'a', 'sdp': describe(now) })
    return this.answer(side, other, meet(other.facts.direction, mirror(now.facts.direction)))
  }

  /** Tells rtpengine what the other side said to `side`'s offer, and takes what `side` gets to see. */
  private async answer(side: Side, from: Known, direction: MediaDirection): Promise<Allotted> {
    const reply = await this.command('answer', { 'from-tag': side, 'to-tag': side === 'a' ? 'b' : 'a', 'sdp': describe(from, direction) })
    return allotted(reply)
  }

  /** A command with a description. */
  private command(command: string, fields: Dictionary): Promise<Dictionary> {
    return this.ask(command, { ...this.treatment, ...fields })
  }

  private async ask(command: string, fields: Dictionary): Promise<Dictionary> {
    this.needOpen()
    const asking = this.instance.request(command, { 'call-id': this.callId, ...fields })
    this.underWay.add(asking)
    try {
      return await asking
    } finally {
      this.underWay.delete(asking)
      this.needOpen()
    }
  }

  private async packets(): Promise<number | undefined> {
    try {
      return packetsOf(await this.instance.request('query', { 'call-id': this.callId }))
    } catch (error) {
      // An rtpengine that was started anew has forgotten the call.
      if (error instanceof MaskError && error.reason === 'unknown_call') return undefined
      throw error
    }
  }

  private async free(): Promise<void> {
    this.watcher.stop()
    this.prompter.close()
    // An offer that overtakes its call's removal would make the call anew.
    await Promise.allSettled(this.underWay)
    await remove(this.callId, this.instance)
    this.instance.sessions--
    this.options.onClose()
  }

  private needOpen(): void {
    if (this.closing !== undefined) throw new MaskError('media_unavailable', { reason: 'closed' })
  }
}

function packetsOf(reply: Dictionary): number {
  const totals = reply.totals as { RTP?: { packets?: unknown } } | undefined
  return Number(totals?.RTP?.packets ?? 0)
}

/** The place of a codec in a list; those that are not in it come last, in their own order. */
function rank(list: readonly Codec[], wanted: Codec): number {
  const at = list.findIndex((codec) => codecKey(codec) === codecKey(wanted))
  return at < 0 ? list.length : at
}

/** Milliseconds for a removal: nobody who hangs up waits long for a server that is gone. */
const removeMs = 1000

/** A call that cannot be removed falls to rtpengine's own timeout. */
async function remove(callId: string, instance: Instance): Promise<void> {
  await instance.request('delete', { 'call-id': callId, 'delete delay': 0 }, removeMs).catch(() => undefined)
}

