import { MaskError } from '../../errors.js'
import { codecKey, isAudio, ownNumbering, type Codec } from '../codecs.js'
import { agreedCodecs, codecsToMatch, firstOffer } from '../negotiate.js'
import { Descriptions, type MediaPlace } from '../descriptions.js'
import { readSdp, rejected, type MediaDirection, type MediaFacts } from '../sdp.js'
import { mirror, writeSdp } from '../sdp-write.js'
import type { MediaSession, Playback, Side } from '../types.js'
import { Watcher } from '../watcher.js'
import type { Dictionary } from './bencode.js'
import type { Instance } from './instances.js'

/**
 * What every description is to be treated with. The text that rtpengine gets was written by us from facts
 * alone, and its reply is read for facts alone; the flags below make sure of it a second time.
 */
const treatment: Dictionary = {
  'flags': ['strict-source', 'port-latching', 'no-rtcp-attribute', 'trust-address'],
  'replace': ['origin', 'session-connection', 'username', 'session-name', 'zero-address'],
  'ICE': 'remove',
  'DTLS': 'off',
  'SDES': ['off'],
  'transport-protocol': 'RTP/AVP',
  'rtcp-mux': ['demux'],
  // Ends RTCP of either side here: a source description holds a user, host or phone name (RFC 3550 §6.5).
  'generate RTCP': 'on',
  'codec': { transcode: ['PCMA', 'PCMU'] }
}

/** A side as it stands after its last description. */
interface Known {
  readonly facts: MediaFacts
  /** Under the numbers of the side's own description. */
  readonly codecs: readonly Codec[]
}

interface Allotted {
  readonly place: MediaPlace
  readonly codecs: readonly Codec[]
}

/** Stands for a side that has not spoken yet: no address, and nothing to be sent there. */
const nobody: Known = {
  facts: { address: undefined, rtpPort: 9, rtcpPort: 10, rtcpMux: false, codecs: firstOffer, direction: 'inactive', ptime: undefined, streams: [], audioIndex: 0 },
  codecs: firstOffer
}

interface OpenOptions {
  /** Milliseconds for each request. */
  readonly ms: number
  readonly silenceTimeoutMs: number
  readonly onClose: () => void
}

/**
 * One call's media in an rtpengine. It relays and says nothing: a prompt is over before it begins.
 * Dynamic payload types of A are offered to B as they are, since rtpengine does not renumber what it only passes on.
 */
export class RtpengineSession implements MediaSession {
  readonly silent: Promise<void>
  private readonly descriptions = new Descriptions()
  private readonly known: Partial<Record<Side, Known>> = {}
  private readonly watcher: Watcher
  private readonly underWay = new Set<Promise<unknown>>()
  private readonly onClose: () => void
  private closing: Promise<void> | undefined

  private constructor(private readonly callId: string, private readonly instance: Instance, private offerOfA: MediaFacts | undefined, private readonly places: Readonly<{ a?: Allotted, b: Allotted }>, { silenceTimeoutMs, onClose }: OpenOptions) {
    this.watcher = new Watcher({ packets: () => this.packets(), onHold: () => this.onHold, timeoutMs: silenceTimeoutMs })
    this.silent = this.watcher.silent
    this.onClose = onClose
    if (offerOfA !== undefined) this.known.a = { facts: offerOfA, codecs: offerOfA.codecs }
  }

  /** Makes the call in one instance. @throws MaskError media_unavailable; nothing stays open then */
  static async open(callId: string, instance: Instance, offerOfA: MediaFacts | undefined, options: OpenOptions): Promise<RtpengineSession> {
    const ask = async (command: string, { facts, codecs }: Known, tags: Dictionary): Promise<Allotted> =>
      allotted(await instance.request(command, { 'call-id': callId, ...tags, 'sdp': describe({ facts, codecs }), ...treatment }, options.ms))
    instance.sessions++
    try {
      const b = await ask('offer', offerOfA === undefined ? nobody : { facts: offerOfA, codecs: offerOfA.codecs }, { 'from-tag': 'a' })
      // Without a word of A both sides get a place at once, and say later who they are.
      const places = offerOfA === undefined ? { b, a: await ask('answer', nobody, { 'from-tag': 'a', 'to-tag': 'b' }) } : { b }
      // rtpengine passes on what B sends from the first offer on; nobody may hear it before the call is answered.
      await instance.request('block media', { 'call-id': callId }, options.ms)
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

  play(): Playback {
    return { done: Promise.resolve(), stop: () => undefined }
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
    const forA = this.places.a === undefined ? await this.answer('a', b, facts.direction) : await this.update('b', b, this.known.a ?? nobody)
    await this.command('unblock media', {})
    this.known.b = b
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

  private async command(command: string, fields: Dictionary): Promise<Dictionary> {
    const asking = this.instance.request(command, { 'call-id': this.callId, ...treatment, ...fields })
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
    // An offer that overtakes its call's removal would make the call anew.
    await Promise.allSettled(this.underWay)
    await remove(this.callId, this.instance)
    this.instance.sessions--
    this.onClose()
  }

  private needOpen(): void {
    if (this.closing !== undefined) throw new MaskError('media_unavailable', { reason: 'closed' })
  }
}

function packetsOf(reply: Dictionary): number {
  const totals = reply.totals as { RTP?: { packets?: unknown } } | undefined
  return Number(totals?.RTP?.packets ?? 0)
}

/** A side's facts in our words. */
function describe({ facts, codecs }: Known, direction = facts.direction): string {
  const { address, rtpPort, rtcpPort, rtcpMux, ptime } = facts
  // rtpengine leaves it to the phones to keep to a direction; to one without an address it sends nothing.
  const listens = direction === 'sendrecv' || direction === 'recvonly'
  const text = writeSdp({ sessionId: '1', version: 1, host: listens && address !== undefined ? address : '0.0.0.0', rtpPort, rtcpMux, codecs, direction, ptime: ptime ?? 20 })
  return rtcpMux || rtcpPort === rtpPort + 1 ? text : `${text}a=rtcp:${rtcpPort}\r\n`
}

/** What rtpengine says, as facts: where it listens, and which codecs it will take there. */
function allotted(reply: Dictionary): Allotted {
  try {
    const { address, rtpPort, rtcpMux, codecs } = readSdp(typeof reply.sdp === 'string' ? reply.sdp : '')
    if (address === undefined) throw new MaskError('media_unavailable', { reason: 'reply' })
    return { place: { host: address, rtpPort, rtcpMux }, codecs }
  } catch (cause) {
    throw new MaskError('media_unavailable', { reason: 'reply', cause })
  }
}

/** The place of a codec in a list; those that are not in it come last, in their own order. */
function rank(list: readonly Codec[], wanted: Codec): number {
  const at = list.findIndex((codec) => codecKey(codec) === codecKey(wanted))
  return at < 0 ? list.length : at
}

/** Both must want a direction for it to be open. */
function meet(a: MediaDirection, b: MediaDirection): MediaDirection {
  const sends = [a, b].every((one) => one === 'sendrecv' || one === 'sendonly')
  const hears = [a, b].every((one) => one === 'sendrecv' || one === 'recvonly')
  if (sends && hears) return 'sendrecv'
  if (sends) return 'sendonly'
  return hears ? 'recvonly' : 'inactive'
}

/** Milliseconds for a removal: nobody who hangs up waits long for a server that is gone. */
const removeMs = 1000

/** A call that cannot be removed falls to rtpengine's own timeout. */
async function remove(callId: string, instance: Instance): Promise<void> {
  await instance.request('delete', { 'call-id': callId, 'delete delay': 0 }, removeMs).catch(() => undefined)
}

