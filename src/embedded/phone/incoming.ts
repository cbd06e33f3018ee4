import { AgentError, type IncomingInvite, type ResponseDraft, type SipRequest } from '../sip/index.js'
import { PhoneCall, userOf, type HeaderLines, type PhoneCore } from './call.js'
import { PhoneError } from './watch.js'

export interface AnswerOptions {
  readonly headers?: HeaderLines
  /** Reason phrase of our own choice. */
  readonly reason?: string
  /** Changes the description before it is sent. */
  readonly sdp?: (own: string) => string
}

export interface RingOptions extends AnswerOptions {
  /** 180 unless told. */
  readonly status?: number
  /** Early media: with a description, after which `say` is heard by a caller who listens. */
  readonly early?: boolean
}

/** A call that comes to this phone. */
export class IncomingCall extends PhoneCall {
  constructor(core: PhoneCore, readonly invite: IncomingInvite) {
    super(core)
    core.bind(this)
  }

  get callId(): string {
    return this.invite.request.callId
  }

  get request(): SipRequest {
    return this.invite.request
  }

  /** The number in From: what a display shows. */
  get shown(): string | undefined {
    return userOf(this.request.headers.get('from'))
  }

  /** Rings, or says another provisional thing. */
  async ring({ status = 180, early = false, ...options }: RingOptions = {}): Promise<void> {
    const body = early ? await this.#describe(options) : undefined
    this.#respond(status, options, body)
    this.enter('ringing')
  }

  /** Takes the call. @throws PhoneError when it is over already */
  async answer(options: AnswerOptions = {}): Promise<this> {
    const body = await this.#describe(options)
    this.#respond(200, options, body)
    this.dialog = this.invite.dialog
    this.enter('talking')
    return this
  }

  /** Refuses with 486 unless told. @throws PhoneError when it is over already */
  reject(status = 486, options: Omit<AnswerOptions, 'sdp'> = {}): void {
    this.#respond(status, options, undefined)
    this.end({ by: 'refused', status })
  }

  /** Sends the caller elsewhere. @param contacts URIs */
  redirect(contacts: readonly string[], status = 302): void {
    this.reject(status, { headers: contacts.map((uri) => ['Contact', `<${uri}>`] as const) })
  }

  /** Does not hear any CANCEL of this call from now on, as if each were lost on its way. */
  missCancel(): void {
    this.core.wire.lose({ direction: 'in', method: 'CANCEL', callId: this.callId }, Infinity)
  }

  override async hangUp(headers: HeaderLines = []): ReturnType<PhoneCall['hangUp']> {
    if (this.state === 'talking') return super.hangUp(headers)
    if (this.state !== 'ended') this.reject(480, { headers })
    return undefined
  }

  async #describe({ sdp }: AnswerOptions): Promise<string> {
    const offer = this.request.body.toString('latin1')
    if (this.audio === undefined) {
      this.audio = await this.core.openAudio()
      if (offer !== '') this.audio.accept(offer)
    }
    const own = this.audio.describe(offer === '' ? 'offer' : 'answer')
    return sdp === undefined ? own : sdp(own)
  }

  #respond(status: number, { headers = [], reason }: AnswerOptions, body: string | undefined): void {
    const own: [string, string][] = status < 300 && status > 100 ? [['Contact', this.core.contact], ['User-Agent', `Phone ${this.core.number}`]] : []
    const type: [string, string][] = body === undefined ? [] : [['Content-Type', 'application/sdp']]
    const draft: ResponseDraft = { headers: [...own, ...type, ...headers], ...(reason === undefined ? {} : { reason }), ...(body === undefined ? {} : { body }) }
    try {
      this.invite.respond(status, draft)
    } catch (error) {
      if (this.ending !== undefined) void this.audio?.close()
      throw error instanceof AgentError ? new PhoneError('this call is over') : error
    }
  }
}
