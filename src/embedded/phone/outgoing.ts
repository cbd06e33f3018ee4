import { newCallId, OutgoingInvite, SipRequest, type SipResponse } from '../sip/index.js'
import { PhoneCall, userOf, type HeaderLines, type PhoneCore } from './call.js'
import { PhoneError } from './watch.js'

export interface CallOptions {
  /** Where the INVITE goes, such as `sip:127.0.0.1:5060`: a server, or a gateway. */
  readonly via: string
  /** Number for a P-Asserted-Identity header, as a carrier adds it; without it there is none. */
  readonly identity?: string
  /** Default: none. */
  readonly displayName?: string
  /** The whole From value without tag instead of the phone's own. */
  readonly from?: string
  /** More headers. */
  readonly headers?: HeaderLines
  /** Changes the description before it is sent; undefined sends none, so that the other side has to offer. */
  readonly sdp?: ((own: string) => string | undefined) | undefined
  /** `never` loses every ACK of the call on its way; a number of milliseconds makes it late; `by hand` leaves it to `acknowledge`. */
  readonly ack?: 'at once' | 'never' | 'by hand' | number
  /** Called in the instant after the ACK, before anything else can happen. */
  readonly onAnswer?: (call: OutgoingCall) => void
}

export interface AckBody {
  readonly type: string
  readonly text: string
}

/** A call that this phone makes. */
export class OutgoingCall extends PhoneCall {
  readonly callId = newCallId()
  /** Provisional responses from 101 on. */
  readonly progress: SipResponse[] = []
  /** The final response. */
  final: SipResponse | undefined
  /** Resolves when the INVITE is on its way. */
  readonly sent: Promise<void>
  #invite: OutgoingInvite | undefined
  #offered = true

  constructor(core: PhoneCore, readonly dialled: string, private readonly options: CallOptions) {
    super(core)
    this.sent = this.#start()
    this.sent.catch(() => this.end({ by: 'lost' }))
  }

  get shown(): string | undefined {
    return this.dialled
  }

  /** Waits for the first provisional response that says so. @param status 180 or 183; left out, either */
  ringing(withinMs?: number, status?: number): Promise<SipResponse> {
    return this.until(() => this.progress.find((response) => status === undefined || response.status === status), withinMs, 'ringing')
  }

  /** Waits for a refusal. @throws PhoneError when the time is over or the call was answered */
  async refused(withinMs?: number): Promise<SipResponse> {
    const final = await this.until(() => this.final, withinMs, 'a refusal')
    if (final.status < 300) throw new PhoneError('the call was answered')
    return final
  }

  /** Gives up before the answer. */
  async cancel(headers: HeaderLines = []): Promise<void> {
    await this.sent
    this.#invite?.cancel(headers)
  }

  /** Acknowledges the answer, when `ack` did not. @param body what the ACK carries; its own answer to an offer unless told */
  acknowledge(body: AckBody | 'none' | undefined = this.#offered ? 'none' : undefined): void {
    if (this.dialog?.ackDue === undefined) return
    const { type, text } = body === undefined ? { type: 'application/sdp', text: this.needAudio().describe('answer') } : body === 'none' ? { type: '', text: '' } : body
    this.core.agent.acknowledge(this.dialog, text === '' ? {} : { headers: [['Content-Type', type]], body: text })
    this.options.onAnswer?.(this)
  }

  override async hangUp(headers: HeaderLines = []): Promise<SipResponse | undefined> {
    if (this.final === undefined && this.state !== 'ended') {
      await this.cancel(headers)
      return undefined
    }
    this.acknowledge()
    return super.hangUp(headers)
  }

  async #start(): Promise<void> {
    const { core, options } = this
    this.audio = await core.openAudio()
    if (this.state === 'ended') return this.audio.close()
    const own = this.audio.describe('offer')
    const body = options.sdp === undefined ? own : options.sdp(own)
    this.#offered = body !== undefined
    const request = new SipRequest('INVITE', `sip:${this.dialled}@${options.via.replace(/^sip:/, '')}`)
    for (const [name, value] of this.#headers()) request.headers.add(name, value)
    if (body !== undefined) {
      request.headers.add('Content-Type', 'application/sdp')
      request.body = Buffer.from(body, 'latin1')
    }
    if (options.ack === 'never') core.wire.lose({ direction: 'out', method: 'ACK', callId: this.callId }, Infinity)
    core.bind(this)
    const sent = core.agent.request(request, { onResponse: (response) => this.#response(response) })
    if (sent instanceof OutgoingInvite) this.#invite = sent
  }

  #headers(): [string, string][] {
    const { options, core } = this
    const number = `<sip:${core.number}@${core.wire.host}>`
    return [
      ['From', options.from ?? (options.displayName === undefined ? number : `"${options.displayName}" ${number}`)],
      ['Contact', core.contact],
      ['Call-ID', this.callId],
      ['User-Agent', `Phone ${core.number}`],
      ...(options.identity === undefined ? [] : [['P-Asserted-Identity', `<sip:${options.identity}@${core.wire.host}>`] as [string, string]]),
      ...[...options.headers ?? []].map(([name, value]): [string, string] => [name, value])
    ]
  }

  #response(response: SipResponse): void {
    if (response.body.length > 0) this.audio?.accept(response.body.toString('latin1'))
    if (response.status < 200) {
      this.progress.push(response)
      this.enter('ringing')
    } else if (this.final === undefined) {
      this.final = response
      if (response.status < 300) this.#answer()
      else this.end({ by: this.#invite?.cancelled === true ? 'cancelled' : 'refused', status: response.status, reason: response.reason })
    }
  }

  #answer(): void {
    this.dialog = this.#invite?.dialog
    const { ack = 'at once' } = this.options
    if (typeof ack === 'number') this.core.timers.after(ack, () => this.acknowledge())
    else if (ack !== 'by hand') this.acknowledge()
    this.enter('talking')
  }
}

/** What the other side asserts of itself in its answer, such as a connected number. */
export function assertedBy(response: SipResponse): string | undefined {
  return userOf(response.headers.get('p-asserted-identity'))
}
