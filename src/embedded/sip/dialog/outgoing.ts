import { randomUUID } from 'node:crypto'
import type { SipRequest, SipResponse } from '../message/index.js'
import type { ClientTransaction } from '../transaction/index.js'
import type { Remote } from '../transport/index.js'
import type { AgentContext } from './context.js'
import type { Dialog } from './dialog.js'

export interface OutgoingUser {
  /**
   * Provisional responses from 101 on, then one final response. `from` is undefined for a 408, 487 or 503 that
   * we made because nobody answered or nothing could be sent.
   */
  onResponse: (response: SipResponse, from: Remote | undefined) => void
}

/** A request of ours. `request` is as sent, with Via. */
export class Outgoing {
  readonly id = randomUUID()
  protected transaction!: ClientTransaction

  constructor(readonly request: SipRequest, readonly to: Remote, public dialog: Dialog | undefined, protected readonly user: OutgoingUser, protected readonly context: AgentContext) {}

  /** @param hold make the transaction, start it with `release` */
  start(hold = false): this {
    this.transaction = this.context.send(this.request, this.to, {
      onResponse: (response, from) => this.receive(response, from), onEnd: () => this.ended()
    }, hold)
    return this
  }

  release(): void {
    this.transaction.start()
  }

  protected receive(response: SipResponse, from: Remote | undefined): void {
    if (response.status === 100) return
    if (response.status >= 200) this.#final(response)
    this.user.onResponse(response, from)
  }

  protected ended(): void {
    // Nothing is kept for a plain request.
  }

  #final(response: SipResponse): void {
    const { dialog } = this
    if (dialog === undefined) return
    if (dialog.clientUpdate === this) dialog.clientUpdate = undefined
    if (this.request.method === 'UPDATE' && response.status < 300) dialog.refresh(response)
    // A challenged BYE is sent again with credentials; any other answer ends the dialog (§15.1.1).
    if (this.request.method === 'BYE' && response.status !== 401 && response.status !== 407) this.context.remove(dialog)
  }
}
