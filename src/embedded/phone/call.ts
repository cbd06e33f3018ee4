import { AgentError, parseNameAddr, tryParseUri, type Dialog, type Incoming, type SipResponse, type Timers, type UserAgent } from '../sip/index.js'
import { sampleRate } from '../../media/rtp/tone.js'
import type { MediaDirection } from '../../media/sdp.js'
import { PhoneAudio, type AudioPacket } from './audio.js'
import { PhoneError, type Watch } from './watch.js'
import type { Wire, WireMessage } from './wire.js'

export type HeaderLines = Iterable<readonly [string, string]>

/** What a call needs of its phone. */
export interface PhoneCore {
  readonly number: string
  readonly agent: UserAgent
  readonly wire: Wire
  readonly timers: Timers
  readonly watch: Watch
  openAudio(): Promise<PhoneAudio>
  /** Requests in this dialog go to this call from now on. */
  bind(call: PhoneCall): void
  /** Contact value with the number of the phone in it. */
  readonly contact: string
}

export type CallState = 'starting' | 'ringing' | 'talking' | 'ended'

/** How a call ended, as this phone saw it. */
export interface CallEnding {
  /** `refused`: a final response of 300 or more, ours or theirs; `cancelled`: given up before an answer; `lost`: nobody said goodbye. */
  readonly by: 'us' | 'them' | 'refused' | 'cancelled' | 'lost'
  readonly status?: number
  readonly reason?: string
}

const patienceMs = 5000

/** One call of a phone, from either end. */
export abstract class PhoneCall {
  state: CallState = 'starting'
  ending: CallEnding | undefined
  /** `performance.now()` of its end; Infinity before. */
  endedAt = Infinity
  audio: PhoneAudio | undefined
  dialog: Dialog | undefined
  /** Offers of the other side within the call are answered at once unless this is set to false; then they get 488. */
  takesOffers = true
  abstract readonly callId: string

  constructor(protected readonly core: PhoneCore) {}

  /** Who the display of this phone shows; undefined when it shows nobody. */
  abstract get shown(): string | undefined

  /** Every SIP message of this call, both ways. */
  get messages(): WireMessage[] {
    return this.core.wire.messages.filter(({ message }) => message?.callId === this.callId)
  }

  /** Every RTP and RTCP packet of this call, both ways. */
  get packets(): readonly AudioPacket[] {
    return this.audio?.packets ?? []
  }

  /** Digits that were pressed at the other end. */
  get digits(): string {
    return this.audio?.digits ?? ''
  }

  /** Says a tone, until `hush` or the end. @param frequency Hz */
  say(frequency: number): void {
    this.audio?.say(frequency)
  }

  hush(): void {
    this.audio?.hush()
  }

  /** Whether a tone is heard within the time given, judged by what arrives from now on. */
  hears(frequency: number, withinMs = patienceMs): Promise<boolean> {
    const from = this.audio?.ear.length ?? 0
    return this.until(() => this.audio?.ear.hearsTone(frequency, from) === true ? true : undefined, withinMs, 'a tone').catch(() => false)
  }

  /** Whether anything can be heard within the time given, from now on. */
  hearsSomething(withinMs = patienceMs): Promise<boolean> {
    const from = this.audio?.ear.length ?? 0
    return this.until(() => (this.audio?.ear.energy(from) ?? 0) > 1e-4 ? true : undefined, withinMs, 'a sound').catch(() => false)
  }

  /** How much of a recording was heard so far, 0 to 1; see `Ear.likeness`. */
  likeness(recording: Int16Array): number {
    return this.audio?.ear.likeness(recording) ?? 0
  }

  /** Seconds of sound that arrived so far. */
  get heardSeconds(): number {
    return (this.audio?.ear.length ?? 0) / sampleRate
  }

  /** Presses a key as telephone events in RTP (RFC 4733). */
  press(digit: string): void {
    this.audio?.press(digit)
  }

  /** Presses a key as a SIP INFO. @returns the answer to it */
  pressByInfo(digit: string): Promise<SipResponse> {
    return this.ask('INFO', [['Content-Type', 'application/dtmf-relay']], `Signal=${digit}\r\nDuration=160\r\n`)
  }

  /** A new offer within the call. @returns its final response */
  async reoffer(direction: MediaDirection, headers: HeaderLines = []): Promise<SipResponse> {
    const body = this.needAudio().describe('offer', direction)
    const response = await this.ask('INVITE', [['Content-Type', 'application/sdp'], ['Contact', this.core.contact], ...headers], body)
    if (response.status < 300) {
      this.audio?.accept(response.body.toString('latin1'))
      this.core.agent.acknowledge(this.needDialog())
    }
    return response
  }

  hold(): Promise<SipResponse> {
    return this.reoffer('sendonly')
  }

  resume(): Promise<SipResponse> {
    return this.reoffer('sendrecv')
  }

  /** Hangs up. @returns the answer to the BYE, a 408 of our own when there was none; undefined when nothing was left to end */
  async hangUp(headers: HeaderLines = []): Promise<SipResponse | undefined> {
    if (this.state === 'ended' || this.dialog === undefined) return undefined
    const answer = this.ask('BYE', headers)
    this.end({ by: 'us' })
    return answer
  }

  /** A request within the call. @returns its final response @throws PhoneError when there is no dialog */
  ask(method: string, headers: HeaderLines = [], body?: string): Promise<SipResponse> {
    const dialog = this.needDialog()
    return new Promise((resolve, reject) => {
      try {
        const draft = { headers, ...(body === undefined ? {} : { body }) }
        this.core.agent.requestIn(dialog, method, draft, { onResponse: (response) => { if (response.status >= 200) resolve(response) } })
      } catch (error) {
        reject(error instanceof AgentError ? new PhoneError(`the ${method} could not be sent`) : error as Error)
      }
    })
  }

  /** Waits until this phone talks. @throws PhoneError when the time is over or the call ended before */
  async answered(withinMs = patienceMs): Promise<this> {
    await this.until(() => this.state === 'talking' || this.state === 'ended' ? true : undefined, withinMs, 'an answer')
    if (this.ending !== undefined && this.state === 'ended') throw new PhoneError(`the call ended without an answer (${this.ending.by} ${this.ending.status ?? ''})`)
    return this
  }

  /** Waits for the end. @throws PhoneError when the time is over */
  ended(withinMs = patienceMs): Promise<CallEnding> {
    return this.until(() => this.ending, withinMs, 'the end of the call')
  }

  /** Waits until something holds, looked at anew with every message and packet. */
  until<T>(get: () => T | undefined, withinMs = patienceMs, what = 'something'): Promise<T> {
    return this.core.watch.until(get, withinMs, what)
  }

  /** A request that came in this call; the phone calls it. */
  handle(incoming: Incoming): void {
    switch (incoming.request.method) {
      case 'INVITE':
      case 'UPDATE':
        this.#offered(incoming)
        break
      case 'BYE':
        incoming.respond(200)
        this.end({ by: 'them' })
        break
      case 'INFO':
      case 'PRACK':
      case 'OPTIONS':
        incoming.respond(200)
        break
      default:
        incoming.respond(405, { headers: [['Allow', 'INVITE, ACK, BYE, CANCEL, UPDATE, INFO, PRACK, OPTIONS']] })
    }
  }

  /** The ACK to our 2xx; it may carry the answer to an offer of ours. */
  acked(body: Buffer): void {
    if (body.length > 0) this.audio?.accept(body.toString('latin1'))
    this.core.watch.changed()
  }

  /** The end, once; what comes later changes nothing. */
  end(ending: CallEnding): void {
    if (this.ending !== undefined) return
    this.ending = ending
    this.endedAt = performance.now()
    this.state = 'ended'
    void this.audio?.close()
    this.core.watch.changed()
  }

  protected enter(state: CallState): void {
    if (this.state !== 'ended') this.state = state
    this.core.watch.changed()
  }

  protected needAudio(): PhoneAudio {
    if (this.audio === undefined) throw new PhoneError('this call has no audio')
    return this.audio
  }

  protected needDialog(): Dialog {
    if (this.dialog === undefined) throw new PhoneError('this call has no dialog')
    return this.dialog
  }

  #offered(incoming: Incoming): void {
    const offer = incoming.request.body.toString('latin1')
    if (offer !== '' && (!this.takesOffers || this.audio?.accept(offer) !== true)) {
      incoming.respond(488)
      return
    }
    // An INVITE without an offer asks for ours; an UPDATE without one is a sign of life.
    const silent = offer === '' && incoming.request.method === 'UPDATE'
    const sdp = silent ? undefined : this.needAudio().describe(offer === '' ? 'offer' : 'answer')
    const headers: [string, string][] = [['Contact', this.core.contact]]
    incoming.respond(200, sdp === undefined ? { headers } : { headers: [...headers, ['Content-Type', 'application/sdp']], body: sdp })
    this.core.watch.changed()
  }
}

/** The user part of a From, Contact or identity header value; undefined when it shows nobody. */
export function userOf(value: string | undefined): string | undefined {
  try {
    const uri = value === undefined ? undefined : tryParseUri(parseNameAddr(value).uri)
    return uri?.user === undefined || uri.host === 'anonymous.invalid' ? undefined : decodeURIComponent(uri.user)
  } catch {
    return undefined
  }
}
