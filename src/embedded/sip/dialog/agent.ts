import { randomInt } from 'node:crypto'
import { bodyBytes, createResponse, Headers, hostPort, newCallId, newTag, parseNameAddr, SipParseError, SipRequest, withTag } from '../message/index.js'
import { ServerInvite, type LayerUser, type ServerTransaction, type Timers, type TransactionLayer } from '../transaction/index.js'
import type { Protocol, Remote, Transport } from '../transport/index.js'
import type { AgentContext, EndReason } from './context.js'
import { contactUri, dialogKey, isDialogOwn, type Dialog, type Draft } from './dialog.js'
import { AgentError } from './errors.js'
import { Incoming } from './incoming.js'
import { IncomingInvite } from './incoming-invite.js'
import { Outgoing, type OutgoingUser } from './outgoing.js'
import { OutgoingInvite } from './outgoing-invite.js'
import { intervalTooSmall, minSessionSeconds } from './session-timer.js'
import { targetOf } from './target.js'

/** What the agent tells its one user. */
export interface AgentUser {
  /**
   * A request to answer; an INVITE is an `IncomingInvite` and has got its 100. `incoming.dialog` is set in a
   * dialog. A BYE has already ended its dialog.
   */
  onRequest: (incoming: Incoming) => void
  /** The caller gave up, by CANCEL or by BYE in an early dialog; both sides are answered already. */
  onCancel: (invite: IncomingInvite, cancel: SipRequest, from: Remote) => void
  /** The ACK to a 2xx of ours, once. */
  onAck: (dialog: Dialog, ack: SipRequest, from: Remote) => void
  /** A dialog ended without the user or the peer asking for it; `bye` says why in its Reason header. */
  onEnded: (dialog: Dialog, reason: EndReason, bye: SipRequest) => void
  /** Dialogs as they come and go, early ones too. */
  onDialogAdded?: (dialog: Dialog) => void
  onDialogRemoved?: (dialog: Dialog) => void
  /** The transaction of an `Incoming` with this id is over. */
  onGone?: (id: string) => void
  onError: (error: unknown) => void
}

export interface AgentOptions {
  readonly transport: Transport
  readonly layer: TransactionLayer
  readonly timers: Timers
  /** Dialogs kept at once; beyond it new calls get 503 with Retry-After. Default 20 000. */
  readonly maxDialogs?: number
}

export interface RequestOptions {
  /** URI of the next hop instead of the first Route or the Request-URI. */
  readonly proxy?: string
}

/**
 * The user agent core of RFC 3261 §8, §12–15, with RFC 3262 (100rel), RFC 3311 (UPDATE), the answering half of
 * RFC 4028 (session timers) and RFC 6026. It leaves all decisions about calls to its user.
 */
export class UserAgent implements LayerUser {
  readonly #layer: TransactionLayer
  readonly #transport: Transport
  readonly #maxDialogs: number
  readonly #dialogs = new Map<string, Dialog>()
  readonly #invites = new WeakMap<ServerInvite, IncomingInvite>()
  readonly #context: AgentContext
  #user: AgentUser | undefined
  #closed = false

  constructor(options: AgentOptions) {
    this.#layer = options.layer
    this.#transport = options.transport
    this.#maxDialogs = options.maxDialogs ?? 20_000
    this.#context = {
      timers: options.timers,
      contact: (protocol) => this.contact(protocol),
      send: (request, to, user, hold) => this.#layer.send(request, to, user, hold),
      sendAck: (ack, to) => this.#layer.sendAck(ack, to),
      resend: (bytes, to) => this.#layer.resend(bytes, to),
      add: (dialog) => this.#add(dialog),
      remove: (dialog) => this.#remove(dialog),
      end: (dialog, reason) => this.end(dialog, reason),
      lost: (dialog, reason) => this.#user?.onEnded(dialog, reason, farewell(dialog, reason))
    }
    options.layer.use(this)
  }

  /** Names the one who decides about calls from now on. */
  use(user: AgentUser): void {
    this.#user = user
  }

  get dialogs(): number {
    return this.#dialogs.size
  }

  /** A Contact header value of ours. */
  contact(protocol: Protocol): string {
    const port = protocol === 'tls' ? this.#transport.tlsPort ?? this.#transport.port : this.#transport.port
    return `<sip:${hostPort(this.#transport.host, port)}${protocol === 'udp' ? '' : `;transport=${protocol}`}>`
  }

  /**
   * Sends a request outside any dialog. What it lacks of Max-Forwards, From with tag, To, Call-ID, CSeq and,
   * for INVITE, SUBSCRIBE and REFER, Contact is added.
   * @throws AgentError `not_routable`; SipParseError when From, To or CSeq cannot be read; SipFormatError
   */
  request(request: SipRequest, user: OutgoingUser, options: RequestOptions = {}): Outgoing {
    const route = request.headers.get('route')
    const to = targetOf(options.proxy ?? (route === undefined ? request.uri : parseNameAddr(route).uri))
    if (to.protocol === 'tls' && this.#transport.tlsPort === undefined) throw new AgentError('not_routable')
    this.#complete(request, to.protocol)
    const kind = request.method === 'INVITE' ? OutgoingInvite : Outgoing
    return new kind(request, to, undefined, user, this.#context).start()
  }

  /**
   * Sends a request in a dialog. Of `draft.headers` those that the dialog rules (From, Route …) are left out.
   * A BYE waits for the ACK to our 2xx (§15); one during a re-INVITE of ours cancels that first.
   * @throws AgentError `dialog_gone`, `invite_pending`; SipFormatError
   */
  requestIn(dialog: Dialog, method: string, draft: Draft, user: OutgoingUser): Outgoing {
    if (dialog.state === 'terminated') throw new AgentError('dialog_gone')
    if (method === 'INVITE' && (dialog.clientInvite !== undefined || dialog.serverInvite !== undefined)) throw new AgentError('invite_pending')
    const to = dialog.nextHop
    const headers = new Headers([...draft.headers ?? []].filter(([name]) => !isDialogOwn(name.toLowerCase())))
    if (/^(?:INVITE|UPDATE|SUBSCRIBE|REFER)$/.test(method) && !headers.has('contact')) headers.add('Contact', dialog.contact)
    const lines = [...headers].map((line) => [line.name, line.value] as const)
    const request = dialog.request(method, lines, bodyBytes(draft.body))
    if (method === 'INVITE') return new OutgoingInvite(request, to, dialog, user, this.#context).start()
    if (method === 'BYE') return this.#bye(dialog, new Outgoing(request, to, dialog, user, this.#context))
    const outgoing = new Outgoing(request, to, dialog, user, this.#context)
    if (method === 'UPDATE' && request.body.length > 0) dialog.clientUpdate = outgoing
    return outgoing.start()
  }

  /** Acknowledges the 2xx to our INVITE. @returns the ACK as sent @throws AgentError `no_ack_due` */
  acknowledge(dialog: Dialog, draft: Draft = {}): SipRequest {
    if (dialog.ackDue === undefined) throw new AgentError('no_ack_due')
    const headers = [...draft.headers ?? []].filter(([name]) => !isDialogOwn(name.toLowerCase()))
    return dialog.ackDue.acknowledge({ ...draft, headers })
  }

  /** Ends a dialog with a BYE of the agent's own and tells the user why; an early one of ours is cancelled. */
  end(dialog: Dialog, reason: EndReason): void {
    if (this.#closed || dialog.state === 'terminated') return
    if (dialog.state === 'early') {
      dialog.clientInvite?.cancel()
      return
    }
    const due = dialog.ackDue
    if (due !== undefined) {
      due.acknowledge()
      return this.end(dialog, reason)
    }
    const bye = farewell(dialog, reason)
    this.#remove(dialog)
    this.#layer.send(bye, dialog.nextHop, { onResponse: () => undefined })
    this.#user?.onEnded(dialog, reason, bye)
  }

  /** Forgets everything without a word. */
  close(): void {
    this.#closed = true
    for (const dialog of this.#dialogs.values()) {
      dialog.state = 'terminated'
      dialog.held.length = 0
    }
    this.#dialogs.clear()
  }

  onRequest(transaction: ServerTransaction): void {
    if (transaction.request.toTag === undefined) this.#fresh(transaction)
    else this.#inDialog(transaction)
  }

  onAck(ack: SipRequest, from: Remote): void {
    const dialog = this.#find(ack)
    const invite = dialog?.unacked.get(ack.cseq.number)
    if (dialog === undefined || invite === undefined) return
    invite.acked()
    this.#user?.onAck(dialog, ack, from)
  }

  onCancel(transaction: ServerInvite, cancel: SipRequest, from: Remote): void {
    const invite = this.#invites.get(transaction)
    if (invite === undefined) return
    const wanted = invite.pending
    invite.cancelled = true
    invite.abandon()
    if (wanted) this.#user?.onCancel(invite, cancel, from)
  }

  onServerEnd(transaction: ServerTransaction): void {
    this.#user?.onGone?.(transaction.id)
  }

  onError(error: unknown): void {
    this.#user?.onError(error)
  }

  #fresh(transaction: ServerTransaction): void {
    const { request } = transaction
    // These exist in dialogs only.
    if (/^(?:BYE|PRACK|UPDATE|INFO)$/.test(request.method)) return reply(transaction, 481)
    if (!(transaction instanceof ServerInvite)) {
      this.#user?.onRequest(new Incoming(transaction, undefined, this.#context))
      return
    }
    if (this.#dialogs.size >= this.#maxDialogs) return reply(transaction, 503, [['Retry-After', '5']])
    // RFC 3261 §8.1.1.8: without a Contact no dialog could be made.
    if (contactUri(request) === undefined) return reply(transaction, 400)
    if (intervalTooSmall(request)) return reply(transaction, 422, [['Min-SE', String(minSessionSeconds)]])
    this.#invite(transaction, undefined)
  }

  #inDialog(transaction: ServerTransaction): void {
    const { request } = transaction
    const dialog = this.#find(request)
    if (dialog === undefined) return reply(transaction, 481)
    if (!dialog.advance(request)) return reply(transaction, 500, retryAfter())
    if (request.method === 'BYE') return this.#byeFrom(dialog, transaction)
    if (request.method === 'PRACK') return this.#prack(dialog, transaction)
    if (request.method === 'INVITE' || request.method === 'UPDATE') {
      if (!this.#admitOffer(dialog, transaction)) return
      dialog.refresh(request)
    }
    if (transaction instanceof ServerInvite) this.#invite(transaction, dialog)
    else this.#deliver(transaction, dialog)
  }

  #deliver(transaction: ServerTransaction, dialog: Dialog): void {
    const incoming = new Incoming(transaction, dialog, this.#context)
    if (transaction.request.method === 'UPDATE' && transaction.request.body.length > 0) dialog.serverUpdate = incoming
    this.#user?.onRequest(incoming)
  }

  #invite(transaction: ServerInvite, dialog: Dialog | undefined): void {
    const invite = new IncomingInvite(transaction, dialog, this.#context)
    if (dialog !== undefined) dialog.serverInvite = invite
    this.#invites.set(transaction, invite)
    invite.respond(100)
    this.#user?.onRequest(invite)
  }

  /** Whether a new offer may be made now (RFC 3261 §14.2, RFC 3311 §5.2). */
  #admitOffer(dialog: Dialog, transaction: ServerTransaction): boolean {
    const { request } = transaction
    const invite = request.method === 'INVITE'
    const ours = dialog.clientInvite !== undefined && (invite || dialog.state === 'confirmed')
    const update = request.body.length > 0
    if (ours || (update && dialog.clientUpdate !== undefined)) reply(transaction, 491)
    else if ((invite && dialog.serverInvite !== undefined) || (update && dialog.serverUpdate !== undefined)) reply(transaction, 500, retryAfter())
    else if (intervalTooSmall(request)) reply(transaction, 422, [['Min-SE', String(minSessionSeconds)]])
    else return true
    return false
  }

  #prack(dialog: Dialog, transaction: ServerTransaction): void {
    const invite = dialog.serverInvite
    if (invite?.expects(transaction.request) !== true) return reply(transaction, 481)
    this.#deliver(transaction, dialog)
    invite.pracked()
  }

  #byeFrom(dialog: Dialog, transaction: ServerTransaction): void {
    const invite = dialog.serverInvite
    const early = dialog.state === 'early' && invite instanceof IncomingInvite && invite.pending
    dialog.ackDue?.acknowledge()
    this.#remove(dialog)
    if (early) {
      // RFC 3261 §15: a caller may end an early dialog so; to our user it is a caller who gave up.
      invite.cancelled = true
      reply(transaction, 200)
      this.#user?.onCancel(invite, transaction.request, transaction.source)
    } else this.#deliver(transaction, dialog)
  }

  #bye(dialog: Dialog, bye: Outgoing): Outgoing {
    // In an early dialog the BYE itself ends the INVITE.
    if (dialog.state === 'confirmed') dialog.clientInvite?.cancel()
    if (dialog.unacked.size === 0) return bye.start()
    dialog.held.push(() => bye.release())
    return bye.start(true)
  }

  #complete(request: SipRequest, protocol: Protocol): void {
    const { headers } = request
    const contact = headers.get('contact') ?? this.contact(protocol)
    for (const name of ['from', 'to']) if (headers.has(name)) parseNameAddr(headers.get(name)!)
    if (!headers.has('max-forwards')) headers.add('Max-Forwards', '70')
    headers.set('From', withTag(headers.get('from') ?? contact, newTag()))
    if (!headers.has('to')) headers.add('To', `<${request.uri}>`)
    if (!headers.has('call-id')) headers.add('Call-ID', newCallId())
    if (!headers.has('cseq')) headers.add('CSeq', `${randomInt(1, 65_536)} ${request.method}`)
    if (request.cseq.method !== request.method) throw new SipParseError('cseq')
    if (/^(?:INVITE|SUBSCRIBE|REFER)$/.test(request.method) && !headers.has('contact')) headers.add('Contact', contact)
  }

  #find(request: SipRequest): Dialog | undefined {
    return this.#dialogs.get(dialogKey(request.callId, request.toTag ?? '', request.fromTag ?? ''))
  }

  #add(dialog: Dialog): void {
    this.#dialogs.set(dialog.key, dialog)
    this.#user?.onDialogAdded?.(dialog)
  }

  #remove(dialog: Dialog): void {
    if (dialog.state === 'terminated') return
    dialog.state = 'terminated'
    this.#dialogs.delete(dialog.key)
    dialog.sessionTimer?.cancel()
    dialog.serverInvite?.abandon()
    for (const invite of dialog.unacked.values()) invite.abandon()
    dialog.unacked.clear()
    for (const send of dialog.held.splice(0)) send()
    this.#user?.onDialogRemoved?.(dialog)
  }
}

function reply(transaction: ServerTransaction, status: number, headers: Iterable<readonly [string, string]> = []): void {
  transaction.respond(createResponse(transaction.request, status, { toTag: transaction.toTag, headers }))
}

/** RFC 3261 §14.2: between 0 and 10 seconds. */
function retryAfter(): [string, string][] {
  return [['Retry-After', String(randomInt(0, 11))]]
}

function farewell(dialog: Dialog, reason: EndReason): SipRequest {
  return dialog.request('BYE', [['Reason', `SIP ;cause=200 ;text="${reason}"`]])
}
