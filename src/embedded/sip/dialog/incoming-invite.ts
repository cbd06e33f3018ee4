import { randomInt } from 'node:crypto'
import type { ResponseDraft, SipRequest, SipResponse } from '../message/index.js'
import type { Timer } from '../transaction/index.js'
import { options, type EndReason } from './context.js'
import { Dialog, type PeerInvite } from './dialog.js'
import { AgentError } from './errors.js'
import { Incoming } from './incoming.js'
import { armSessionTimer, offerSessionTimer } from './session-timer.js'

/** A reliable provisional response until its PRACK (RFC 3262 §3). */
interface Reliable {
  readonly rseq: number
  readonly response: SipResponse
}

/**
 * An INVITE from a peer, first or in a dialog. On top of `Incoming`: the dialog it makes, reliable
 * provisional responses one after the other, and the 2xx again and again until the ACK (§13.3.1.4).
 */
export class IncomingInvite extends Incoming implements PeerInvite {
  /** Set by CANCEL; the 487 is sent already. */
  cancelled = false
  #rseq = randomInt(1, 65_536)
  /** The first is on its way, the others wait for its PRACK. */
  #reliable: Reliable[] = []
  /** A 2xx that waits for the PRACK of the last reliable response. */
  #heldAnswer: SipResponse | undefined
  #timers: Timer[] = []

  override get pending(): boolean {
    return super.pending && this.#heldAnswer === undefined
  }

  override respond(status: number, draft: ResponseDraft = {}): SipResponse {
    if (!this.pending) throw new AgentError('answered')
    const response = this.build(status, draft)
    if (status >= 300) this.#refuse(response, 'PRACK timeout')
    else if (status >= 200) this.#answer(response)
    else this.#provisional(response)
    return response
  }

  /** Whether a PRACK names the response that waits for one (RFC 3262 §3). */
  expects(prack: SipRequest): boolean {
    const first = this.#reliable[0]
    const { cseq } = this.request
    return first !== undefined && prack.headers.get('rack')?.trim().replace(/\s+/g, ' ') === `${first.rseq} ${cseq.number} INVITE`
  }

  /** The PRACK has come: on with the next reliable response or the answer. */
  pracked(): void {
    this.#stop()
    this.#reliable.shift()
    if (this.#reliable.length > 0) this.#sendReliable()
    else if (this.#heldAnswer !== undefined) this.#accept(this.#heldAnswer)
  }

  /** The ACK has come. */
  acked(): void {
    this.#stop()
    this.dialog?.unacked.delete(this.request.cseq.number)
    this.#release()
  }

  /** The dialog or the call is over: no more retransmissions; a peer still waiting hears 487 (§9.2, §15.1.2). */
  abandon(): void {
    this.#stop()
    if (super.pending) this.#refuse(this.build(487, {}), 'CANCEL after 200 OK')
  }

  #provisional(response: SipResponse): void {
    const reliable = response.status > 100 && options(response, 'require').has('100rel')
    if (reliable) this.#queueReliable(response)
    else this.transaction.respond(response)
    if (response.status > 100) this.#begin(response)
  }

  #queueReliable(response: SipResponse): void {
    const able = options(this.request, 'supported').has('100rel') || options(this.request, 'require').has('100rel')
    if (!able) throw new AgentError('no_100rel')
    const rseq = this.#rseq++
    response.headers.set('RSeq', String(rseq))
    this.#reliable.push({ rseq, response })
    if (this.#reliable.length === 1) this.#sendReliable()
  }

  #sendReliable(): void {
    const { response } = this.#reliable[0]!
    const { timers } = this.context
    const send = (): void => { this.transaction.respond(response) }
    send()
    this.#timers = [timers.repeat(timers.t1, Infinity, send), timers.after(timers.long, () => this.#prackTimeout())]
  }

  /** RFC 3262 §3: without a PRACK after 64·T1 the INVITE is rejected. */
  #prackTimeout(): void {
    this.#refuse(this.build(504, {}), 'PRACK timeout')
  }

  /** @param reason for a user who has answered already, while that answer waited for a PRACK */
  #refuse(response: SipResponse, reason: EndReason): void {
    const believed = this.#heldAnswer !== undefined
    this.#stop()
    this.#reliable = []
    this.#heldAnswer = undefined
    this.transaction.respond(response)
    const { dialog } = this
    if (dialog === undefined) return
    if (dialog.serverInvite === this) dialog.serverInvite = undefined
    if (dialog.state === 'early') this.context.remove(dialog)
    if (believed) this.context.lost(dialog, reason)
  }

  #answer(response: SipResponse): void {
    offerSessionTimer(this.request, response)
    this.#begin(response)
    // RFC 3262 §3: the 2xx waits for outstanding PRACKs, one of which may carry an answer.
    if (this.#reliable.length > 0) this.#heldAnswer = response
    else this.#accept(response)
  }

  #accept(response: SipResponse): void {
    this.#heldAnswer = undefined
    this.transaction.respond(response)
    const dialog = this.#begin(response)
    const { timers } = this.context
    dialog.confirm()
    dialog.serverInvite = undefined
    dialog.unacked.set(this.request.cseq.number, this)
    armSessionTimer(dialog, response, this.context)
    this.#timers = [
      timers.repeat(timers.t1, timers.t2, () => this.transaction.respond(response)),
      timers.after(timers.long, () => this.#ackTimeout())
    ]
  }

  #ackTimeout(): void {
    const { dialog } = this
    this.#stop()
    if (dialog === undefined) return
    dialog.unacked.delete(this.request.cseq.number)
    // A BYE that only waited for the ACK may go now (§15); it ends the dialog as well.
    if (dialog.held.length > 0) this.#release()
    else this.context.end(dialog, 'ACK timeout')
  }

  #release(): void {
    if (this.dialog?.unacked.size !== 0) return
    for (const send of this.dialog.held.splice(0)) send()
  }

  #begin(response: SipResponse): Dialog {
    if (this.dialog === undefined) {
      const contact = response.headers.get('contact') ?? this.context.contact(this.source.protocol)
      this.dialog = Dialog.answering(this.request, response, contact, this.source)
      this.dialog.serverInvite = this
      this.context.add(this.dialog)
    }
    return this.dialog
  }

  #stop(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
  }
}
