import { createHash, randomBytes } from 'node:crypto'
import { createResponse, Headers, newBranch, reasonPhrase, serialize, SipResponse, type SipMessage, type SipParseError, type SipRequest } from '../message/index.js'
import { ownVia, replyTarget, responseTarget, viaFrom, type Remote, type Transport, type TransportUser } from '../transport/index.js'
import { ClientInvite, ClientRequest, type ClientContext, type ClientTransaction, type ClientUser } from './client.js'
import { clientKey, mergeKey, serverKey } from './keys.js'
import { ServerInvite, ServerRequest, type ServerContext, type ServerTransaction } from './server.js'
import type { Timers } from './timers.js'

/** The one who makes sense of requests: the user agent core. */
export interface LayerUser {
  /** A new request (no ACK, no CANCEL). It must be answered; a non-INVITE is forgotten after 64·T1. */
  onRequest: (transaction: ServerTransaction) => void
  /** An ACK that no transaction took: that of a 2xx. */
  onAck: (ack: SipRequest, from: Remote) => void
  /** A CANCEL reached an INVITE without a final response. The CANCEL is answered; the INVITE wants its 487. */
  onCancel: (invite: ServerInvite, cancel: SipRequest, from: Remote) => void
  /** A server transaction is over and its memory free. */
  onServerEnd?: (transaction: ServerTransaction) => void
  /** Something threw while a message was handled; the message is lost. */
  onError: (error: unknown) => void
}

export interface LayerOptions {
  readonly transport: Transport
  readonly timers: Timers
  /**
   * Transactions kept at once. Beyond it a new INVITE is refused with 503 and Retry-After; other requests are
   * still taken up to twice as many, so that calls under way can end, and dropped after that. Default 50 000.
   */
  readonly maxTransactions?: number
}

/** RFC 3261 §17 with RFC 6026: makes, finds and frees transactions, and answers statelessly where there is none. */
export class TransactionLayer implements TransportUser {
  readonly #transport: Transport
  readonly #max: number
  readonly #servers = new Map<string, ServerTransaction>()
  readonly #merge = new Map<string, ServerTransaction>()
  readonly #clients = new Map<string, ClientTransaction>()
  readonly #serverContext: ServerContext
  readonly #clientContext: ClientContext
  readonly #salt = randomBytes(16)
  #user: LayerUser | undefined

  constructor(options: LayerOptions) {
    this.#transport = options.transport
    this.#max = options.maxTransactions ?? 50_000
    const shared = { transport: options.transport, timers: options.timers }
    this.#serverContext = { ...shared, onEnd: (one) => this.#forgetServer(one) }
    this.#clientContext = {
      ...shared,
      onEnd: (one) => this.#clients.delete(one.key),
      sendCancel: (cancel, branch, to) => this.#start(new ClientRequest(cancel, to, branch, { onResponse: () => undefined }, this.#clientContext))
    }
  }

  /** Names the one who receives requests from now on. */
  use(user: LayerUser): void {
    this.#user = user
  }

  /** Transactions that are not yet terminated. */
  get transactions(): number {
    return this.#servers.size + this.#clients.size
  }

  /**
   * Starts a client transaction: puts our Via on top and sends.
   * @param hold make it, but leave its `start` to the caller
   * @throws SipFormatError, and nothing is sent
   */
  send(request: SipRequest, to: Remote, user: ClientUser, hold = false): ClientTransaction {
    const branch = newBranch()
    request.headers.prepend('Via', ownVia(this.#transport.host, this.#transport.port, to.protocol, branch))
    const kind = request.method === 'INVITE' ? ClientInvite : ClientRequest
    const transaction = new kind(request, to, branch, user, this.#clientContext)
    if (!hold) return this.#start(transaction)
    this.#clients.set(transaction.key, transaction)
    return transaction
  }

  /** Sends an ACK to a 2xx, which has no transaction. @returns its bytes, for the next copy of that 2xx */
  sendAck(ack: SipRequest, to: Remote): Buffer {
    ack.headers.prepend('Via', ownVia(this.#transport.host, this.#transport.port, to.protocol, newBranch()))
    const bytes = serialize(ack)
    this.#transport.send(bytes, to)
    return bytes
  }

  /** Sends bytes again that were sent before. */
  resend(bytes: Buffer, to: Remote): void {
    this.#transport.send(bytes, to)
  }

  onMessage(message: SipMessage, from: Remote): void {
    try {
      if (message.kind === 'response') this.#clients.get(clientKey(message))?.receive(message, from)
      else this.#request(message, from)
    } catch (error) {
      this.#user?.onError(error)
    }
  }

  onMalformed(error: SipParseError, from: Remote): void {
    const { reply } = error
    if (reply === undefined) return
    try {
      const [top, ...others] = reply.via
      const headers = new Headers([['Via', viaFrom(top!, from)], ...others.map((via) => ['Via', via] as const)])
      headers.add('From', reply.from).add('To', reply.to).add('Call-ID', reply.callId).add('CSeq', reply.cseq)
      this.#transport.send(serialize(new SipResponse(error.status, reasonPhrase(error.status), headers)), replyTarget(top!, from))
    } catch (failure) {
      this.#user?.onError(failure)
    }
  }

  /** Ends all transactions without a word. */
  close(): void {
    for (const one of [...this.#servers.values(), ...this.#clients.values()]) one.end()
  }

  /** Answers without a transaction (RFC 3261 §8.2.7); copies of the request get the same answer. */
  #stateless(request: SipRequest, from: Remote, status: number, headers: Iterable<readonly [string, string]> = []): void {
    if (request.method === 'ACK') return
    const seed = `${request.headers.get('via') ?? ''} ${request.callId}`
    const toTag = createHash('sha256').update(this.#salt).update(seed, 'latin1').digest('hex').slice(0, 16)
    this.#transport.send(serialize(createResponse(request, status, { toTag, headers })), responseTarget(request.via, from))
  }

  #request(request: SipRequest, from: Remote): void {
    if (request.method === 'ACK') return this.#ack(request, from)
    const key = serverKey(request, request.method)
    const known = this.#servers.get(key)
    if (known !== undefined) return known.receive(request)
    if (!this.#admit(request, from)) return
    if (request.method === 'CANCEL') return this.#cancel(this.#add(new ServerRequest(request, from, key, this.#serverContext)))
    if (Number(request.headers.get('max-forwards') ?? 70) === 0) return this.#stateless(request, from, 483)
    // RFC 3261 §8.2.2.2: the same request by another way.
    if (request.toTag === undefined && this.#merge.has(mergeKey(request))) return this.#stateless(request, from, 482)
    const kind = request.method === 'INVITE' ? ServerInvite : ServerRequest
    const transaction = this.#add(new kind(request, from, key, this.#serverContext))
    if (request.toTag === undefined) this.#merge.set(mergeKey(request), transaction)
    this.#user?.onRequest(transaction)
  }

  #ack(ack: SipRequest, from: Remote): void {
    const invite = this.#servers.get(serverKey(ack, 'INVITE'))
    // RFC 6026 §7.1: in Accepted the ACK is for the core, even if it wrongly has the branch of the INVITE.
    if (invite === undefined || invite.state === 'accepted') this.#user?.onAck(ack, from)
    else invite.receive(ack)
  }

  #admit(request: SipRequest, from: Remote): boolean {
    const newCall = request.method === 'INVITE' && request.toTag === undefined
    if (this.transactions < (newCall ? this.#max : 2 * this.#max)) return true
    if (newCall) this.#stateless(request, from, 503, [['Retry-After', '5']])
    return false
  }

  #cancel(transaction: ServerTransaction): void {
    const { request } = transaction
    const invite = this.#servers.get(serverKey(request, 'INVITE'))
    if (!(invite instanceof ServerInvite)) {
      transaction.respond(createResponse(request, 481, { toTag: transaction.toTag }))
      return
    }
    // RFC 3261 §9.2: the same To tag as the response to the INVITE.
    transaction.respond(createResponse(request, 200, { toTag: invite.toTag }))
    if (invite.pending) this.#user?.onCancel(invite, request, transaction.source)
  }

  #add<T extends ServerTransaction>(transaction: T): T {
    this.#servers.set(transaction.key, transaction)
    return transaction
  }

  #start<T extends ClientTransaction>(transaction: T): T {
    this.#clients.set(transaction.key, transaction)
    transaction.start()
    return transaction
  }

  #forgetServer(one: ServerTransaction): void {
    this.#servers.delete(one.key)
    this.#user?.onServerEnd?.(one)
    if (one.request.toTag !== undefined) return
    const key = mergeKey(one.request)
    if (this.#merge.get(key) === one) this.#merge.delete(key)
  }
}
