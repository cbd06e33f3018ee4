import { bodyBytes, type SipRequest, type SipResponse } from '../message/index.js'
import { ClientInvite } from '../transaction/index.js'
import type { Remote } from '../transport/index.js'
import { options } from './context.js'
import { contactUri, Dialog, type Draft } from './dialog.js'
import { AgentError } from './errors.js'
import { Outgoing } from './outgoing.js'

/** One answering side of a forked INVITE. */
interface Branch {
  readonly dialog: Dialog
  /** The last RSeq that was handed up. */
  rseq: number | undefined
  /** The ACK to its 2xx. */
  ack: Buffer | undefined
  ackTo: Remote | undefined
}

/**
 * An INVITE of ours, first or in a dialog. On top of `Outgoing`: a dialog for each To tag; the first 2xx
 * wins, others get ACK and BYE (§13.2.2.4); the ACK is the user's and is repeated for each copy of the 2xx.
 */
export class OutgoingInvite extends Outgoing {
  readonly #branches = new Map<string, Branch>()
  #winner: Branch | undefined
  #answer: SipResponse | undefined

  override start(hold = false): this {
    if (this.dialog !== undefined) this.dialog.clientInvite = this
    return super.start(hold)
  }

  get pending(): boolean {
    return this.#winner === undefined && this.transaction.pending
  }

  get cancelled(): boolean {
    return this.transaction instanceof ClientInvite && this.transaction.cancelled
  }

  /** Cancels. @returns the CANCEL; it is sent when a provisional response has come. Undefined after a final one. */
  cancel(headers: Iterable<readonly [string, string]> = []): SipRequest | undefined {
    return this.transaction instanceof ClientInvite ? this.transaction.cancel(headers) : undefined
  }

  /** The early dialog whose reliable response a PRACK with this RAck value acknowledges. */
  dialogFor(rack: string): Dialog | undefined {
    const rseq = Number(/^\s*(\d+)/.exec(rack)?.[1])
    for (const branch of this.#branches.values()) if (branch.rseq === rseq) return branch.dialog
    return undefined
  }

  /**
   * Acknowledges the 2xx.
   * @returns the ACK as sent
   * @throws AgentError `no_ack_due`
   */
  acknowledge(draft: Draft = {}): SipRequest {
    const branch = this.#winner
    if (branch?.dialog.ackDue !== this) throw new AgentError('no_ack_due')
    branch.dialog.ackDue = undefined
    const ack = this.#ack(branch, draft)
    if (this.cancelled) this.context.end(branch.dialog, 'ACK-BYE due to cancel race condition')
    else if (contactUri(this.#answer!) === undefined) this.context.end(branch.dialog, 'no Contact in the answer')
    return ack
  }

  protected override receive(response: SipResponse, from: Remote | undefined): void {
    if (response.status < 200) this.#provisional(response, from)
    else if (response.status < 300) this.#success(response, from)
    else this.#failure(response, from)
  }

  /** The transaction forgets the 2xx now, so nobody will ask for the ACK any more. */
  protected override ended(): void {
    const dialog = this.#winner?.dialog
    if (dialog?.ackDue !== this) return
    dialog.ackDue = undefined
    this.#ack(this.#winner!, {})
    this.context.end(dialog, 'no ACK from the application')
  }

  #provisional(response: SipResponse, from: Remote | undefined): void {
    if (response.status === 100) return
    const branch = this.dialog === undefined && response.toTag !== undefined ? this.#branch(response) : undefined
    const rseq = options(response, 'require').has('100rel') ? Number(response.headers.get('rseq')) : undefined
    if (branch !== undefined && rseq !== undefined) {
      // RFC 3262 §4: copies and responses out of order are not acknowledged.
      if (branch.rseq !== undefined && rseq !== branch.rseq + 1) return
      branch.rseq = rseq
    }
    this.user.onResponse(response, from)
  }

  #success(response: SipResponse, from: Remote | undefined): void {
    const known = this.#branches.get(response.toTag ?? '')
    if (this.#winner === undefined) this.#win(response, from)
    else if (known?.ack !== undefined) this.context.resend(known.ack, known.ackTo!)
    else if (known !== this.#winner) this.#decline(response)
  }

  #win(response: SipResponse, from: Remote | undefined): void {
    const branch = this.#branch(response)
    this.#winner = branch
    this.#answer = response
    for (const other of this.#branches.values()) if (other !== branch) this.context.remove(other.dialog)
    const { dialog } = branch
    this.dialog = dialog
    dialog.clientInvite = undefined
    dialog.ackDue = this
    if (dialog.state === 'early') dialog.confirm(response)
    else dialog.refresh(response)
    this.user.onResponse(response, from)
  }

  /** Another fork answered too. */
  #decline(response: SipResponse): void {
    const branch = this.#branch(response)
    branch.dialog.confirm(response)
    this.#ack(branch, {})
    const bye = branch.dialog.request('BYE')
    const to = branch.dialog.nextHop
    this.context.send(bye, to, { onResponse: () => undefined })
    this.context.remove(branch.dialog)
  }

  #failure(response: SipResponse, from: Remote | undefined): void {
    if (this.dialog?.clientInvite === this) this.dialog.clientInvite = undefined
    for (const branch of this.#branches.values()) if (branch.dialog.state === 'early') this.context.remove(branch.dialog)
    this.user.onResponse(response, from)
  }

  /** The ACK has the number and the credentials of the INVITE (§13.2.2.4, §22.1). */
  #ack(branch: Branch, draft: Draft): SipRequest {
    const headers: [string, string][] = [...draft.headers ?? []].map(([name, value]) => [name, value])
    for (const line of this.request.headers) {
      if (line.key === 'authorization' || line.key === 'proxy-authorization') headers.push([line.name, line.value])
    }
    const ack = branch.dialog.request('ACK', headers, bodyBytes(draft.body), this.request.cseq.number)
    branch.ackTo = branch.dialog.nextHop
    branch.ack = this.context.sendAck(ack, branch.ackTo)
    return ack
  }

  #branch(response: SipResponse): Branch {
    const tag = response.toTag ?? ''
    let branch = this.#branches.get(tag)
    if (branch === undefined) {
      branch = { dialog: this.dialog ?? this.#newDialog(response), rseq: undefined, ack: undefined, ackTo: undefined }
      this.#branches.set(tag, branch)
    }
    return branch
  }

  #newDialog(response: SipResponse): Dialog {
    const dialog = Dialog.asking(this.request, response, this.request.headers.get('contact') ?? '', this.to)
    dialog.clientInvite = this
    this.context.add(dialog)
    return dialog
  }
}
