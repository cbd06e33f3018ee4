import { createResponse, type ResponseDraft, type SipRequest, type SipResponse } from '../message/index.js'
import type { ServerTransaction } from '../transaction/index.js'
import type { Remote } from '../transport/index.js'
import type { AgentContext } from './context.js'
import type { Dialog } from './dialog.js'
import { AgentError } from './errors.js'
import { armSessionTimer, offerSessionTimer } from './session-timer.js'

/** A request from a peer that wants an answer. */
export class Incoming {
  /** The tag of To in our responses; the first response with a tag fixes it. */
  protected toTag: string
  #tagFixed: boolean

  constructor(protected readonly transaction: ServerTransaction, public dialog: Dialog | undefined, protected readonly context: AgentContext) {
    this.toTag = transaction.toTag
    this.#tagFixed = transaction.request.toTag !== undefined
  }

  /** Unique among all transactions. */
  get id(): string {
    return this.transaction.id
  }

  get request(): SipRequest {
    return this.transaction.request
  }

  get source(): Remote {
    return this.transaction.source
  }

  /** Where our responses go. */
  get target(): Remote {
    return this.transaction.target
  }

  /** No final response was given. */
  get pending(): boolean {
    return this.transaction.pending
  }

  /**
   * Answers. Via, From, To with our tag, Call-ID, CSeq, Record-Route and where needed Contact are added.
   * @returns the response as sent
   * @throws AgentError `answered` after a final response; SipFormatError. Nothing is sent then.
   */
  respond(status: number, draft: ResponseDraft = {}): SipResponse {
    if (!this.pending) throw new AgentError('answered')
    const response = this.build(status, draft)
    const { dialog } = this
    if (dialog !== undefined && this.request.method === 'UPDATE' && status >= 200) this.#updated(dialog, response)
    this.transaction.respond(response)
    return response
  }

  #updated(dialog: Dialog, response: SipResponse): void {
    if (dialog.serverUpdate === this) dialog.serverUpdate = undefined
    if (response.status >= 300) return
    offerSessionTimer(this.request, response)
    armSessionTimer(dialog, response, this.context)
  }

  protected build(status: number, draft: ResponseDraft): SipResponse {
    if (status > 100 && !this.#tagFixed) {
      this.toTag = draft.toTag ?? this.toTag
      this.#tagFixed = true
    }
    const response = createResponse(this.request, status, status === 100 ? draft : { ...draft, toTag: this.toTag })
    if (this.#wantsContact(status) && !response.headers.has('contact')) response.headers.add('Contact', this.context.contact(this.source.protocol))
    return response
  }

  /** RFC 3261 table 2, RFC 3311 §5.2: where a dialog begins or its target is refreshed. */
  #wantsContact(status: number): boolean {
    const { method } = this.request
    if (method === 'INVITE') return status > 100 && status < 300
    return (method === 'UPDATE' || method === 'SUBSCRIBE') && status >= 200 && status < 300
  }
}
