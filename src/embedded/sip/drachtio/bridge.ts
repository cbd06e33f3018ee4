import { randomUUID } from 'node:crypto'
import { AgentError, IncomingInvite, type AgentUser, type Dialog, type EndReason, type Incoming, type UserAgent } from '../dialog/index.js'
import { Headers, serialize, SipRequest } from '../message/index.js'
import type { Timer, Timers } from '../transaction/index.js'
import type { Remote } from '../transport/index.js'
import type { App } from './app.js'
import type { Calls } from './calls.js'
import { dialogIdFrom, dialogIdOf, eventLeader, meta, newRequestLeader } from './leader.js'
import type { Routes } from './routes.js'

/** A request that an application was given to answer. */
export interface GivenRequest {
  readonly incoming: Incoming
  readonly app: App
  patience: Timer | undefined
}

/** How long an application may leave an INVITE without any response, in multiples of T1 (64 s). */
const patience = 128

export interface BridgeParts {
  readonly agent: UserAgent
  readonly timers: Timers
  readonly routes: Routes
  readonly calls: Calls
  readonly here: { readonly host: string; readonly port: number }
  readonly onError: (error: unknown) => void
}

/**
 * From the network to the applications. A new request goes to one that asked for its method, in turn; without
 * one it gets 503. What belongs to a dialog goes to the application that has it.
 */
export class Bridge implements AgentUser {
  /** By transaction id; as long as the transaction lives. */
  readonly #given = new Map<string, GivenRequest>()

  constructor(private readonly parts: BridgeParts) {}

  given(transactionId: string): GivenRequest | undefined {
    return this.#given.get(transactionId)
  }

  onRequest(incoming: Incoming): void {
    const { dialog } = incoming
    if (dialog === undefined) this.#fresh(incoming)
    else this.#inDialog(incoming, dialog)
  }

  onCancel(invite: IncomingInvite, cancel: SipRequest, from: Remote): void {
    const given = this.#given.get(invite.id)
    if (given === undefined) return
    given.patience?.cancel()
    this.#decided(invite)
    const bytes = serialize(asCancel(cancel))
    const id = invite.dialog === undefined ? '' : dialogIdOf(invite.dialog)
    given.app.send(newRequestLeader(meta('network', bytes.length, from), invite.id, id, this.parts.here), bytes)
  }

  onAck(dialog: Dialog, ack: SipRequest, from: Remote): void {
    const bytes = serialize(ack)
    this.parts.calls.owner(dialog)?.app.send(eventLeader(meta('network', bytes.length, from), randomUUID(), dialogIdOf(dialog)), bytes)
  }

  onEnded(dialog: Dialog, _reason: EndReason, bye: SipRequest): void {
    const bytes = serialize(bye)
    this.parts.calls.owner(dialog)?.app.send(eventLeader(meta('application', bytes.length, dialog.nextHop), 'unsolicited', dialogIdOf(dialog)), bytes)
  }

  onDialogAdded(dialog: Dialog): void {
    this.parts.calls.add(dialog)
  }

  onDialogRemoved(dialog: Dialog): void {
    this.parts.calls.remove(dialog)
  }

  onGone(transactionId: string): void {
    const given = this.#given.get(transactionId)
    if (given === undefined) return
    this.#given.delete(transactionId)
    given.patience?.cancel()
    if (given.incoming instanceof IncomingInvite) this.#decided(given.incoming)
  }

  onError(error: unknown): void {
    this.parts.onError(error)
  }

  /** An application answered finally, so its INVITE is no longer open. */
  answered(incoming: Incoming): void {
    if (incoming instanceof IncomingInvite) this.#decided(incoming)
  }

  /** Requests that a lost application had still to answer. */
  abandoned(app: App): void {
    for (const { incoming, app: owner } of [...this.#given.values()]) {
      if (owner === app && incoming.pending) this.#refuse(incoming)
    }
  }

  #fresh(incoming: Incoming): void {
    const { request, source } = incoming
    const app = this.parts.routes.next(request.method)
    if (app === undefined) return this.#refuse(incoming)
    if (incoming instanceof IncomingInvite) this.parts.calls.open(dialogIdFrom(request), app)
    this.#give(incoming, app)
    const bytes = serialize(request)
    app.send(newRequestLeader(meta('network', bytes.length, source), incoming.id, '', this.parts.here), bytes)
  }

  #inDialog(incoming: Incoming, dialog: Dialog): void {
    const app = this.parts.calls.owner(dialog)?.app
    if (app?.open !== true) {
      incoming.respond(incoming.request.method === 'BYE' ? 200 : 481)
      return
    }
    this.#give(incoming, app)
    const bytes = serialize(incoming.request)
    app.send(eventLeader(meta('network', bytes.length, incoming.source), incoming.id, dialogIdOf(dialog)), bytes)
  }

  #give(incoming: Incoming, app: App): void {
    const { timers } = this.parts
    const wait = incoming instanceof IncomingInvite ? timers.after(patience * timers.t1, () => this.#refuse(incoming)) : undefined
    this.#given.set(incoming.id, { incoming, app, patience: wait })
  }

  #refuse(incoming: Incoming): void {
    try {
      incoming.respond(503, { headers: [['Retry-After', '5']] })
    } catch (error) {
      if (!(error instanceof AgentError)) throw error
    }
    this.answered(incoming)
  }

  #decided(invite: IncomingInvite): void {
    if (invite.request.toTag !== undefined) return
    const call = this.parts.calls.get(dialogIdFrom(invite.request))
    if (call?.outgoing === undefined && call?.inviting === true) this.parts.calls.decided(call)
  }
}

/** A caller who ends an early dialog by BYE is, to the application, one who cancels. */
function asCancel(request: SipRequest): SipRequest {
  if (request.method === 'CANCEL') return request
  const headers = new Headers()
  for (const line of request.headers) headers.add(line.name, line.key === 'cseq' ? `${request.cseq.number} CANCEL` : line.value)
  return new SipRequest('CANCEL', request.uri, headers)
}
