import { randomUUID } from 'node:crypto'
import { createResponse, Headers, serialize, SipRequest, type SipResponse } from '../message/index.js'
import type { Remote, Transport } from '../transport/index.js'
import type { Timer, Timers } from './timers.js'

export type ClientState = 'calling' | 'trying' | 'proceeding' | 'completed' | 'accepted' | 'terminated'

export interface ClientUser {
  /**
   * A response: provisional ones, then a final one; for an INVITE also each 2xx that comes after it.
   * `from` is undefined when the transaction made the response itself: 408 when nobody answered,
   * 503 when the request could not be sent (RFC 3261 §8.1.3.1), 487 when a CANCEL had no effect in 64·T1.
   */
  onResponse: (response: SipResponse, from: Remote | undefined) => void
  /** The transaction is gone; nothing more comes. */
  onEnd?: () => void
}

export interface ClientContext {
  readonly transport: Transport
  readonly timers: Timers
  readonly onEnd: (transaction: ClientTransaction) => void
  /** Starts the transaction of a CANCEL, which has the branch of its INVITE. */
  readonly sendCancel: (cancel: SipRequest, branch: string, to: Remote) => void
}

/** What both kinds of client transaction share. `request` already has its Via. */
export abstract class ClientTransaction {
  readonly id = randomUUID()
  #state: ClientState
  protected readonly bytes: Buffer
  readonly #timers = new Map<string, Timer>()

  constructor(readonly request: SipRequest, readonly to: Remote, readonly branch: string, protected readonly user: ClientUser, protected readonly context: ClientContext, state: ClientState) {
    this.#state = state
    this.bytes = serialize(request)
  }

  get state(): ClientState {
    return this.#state
  }

  get key(): string {
    return `${this.request.method} ${this.branch}`
  }

  /** No final response came yet. */
  get pending(): boolean {
    return this.#state === 'calling' || this.#state === 'trying' || this.#state === 'proceeding'
  }

  /** Sends the request for the first time. */
  abstract start(): void
  abstract receive(response: SipResponse, from: Remote): void

  end(): void {
    if (this.#state === 'terminated') return
    this.become('terminated')
    this.context.onEnd(this)
    this.user.onEnd?.()
  }

  protected get reliable(): boolean {
    return this.to.protocol !== 'udp'
  }

  protected become(state: ClientState): void {
    this.#state = state
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  protected timer(name: string, timer: Timer): void {
    this.#timers.get(name)?.cancel()
    this.#timers.set(name, timer)
  }

  protected transmit(bytes: Buffer): void {
    this.context.transport.send(bytes, this.to, () => {
      if (this.pending) this.fail(503)
    })
  }

  /** Ends it with a final response that nobody sent. */
  protected fail(status: 408 | 487 | 503): void {
    this.become('completed')
    this.last(createResponse(this.request, status), undefined)
  }

  /** Hands up a final response after which nothing is left to do; the end does not depend on who receives it. */
  protected last(response: SipResponse, from: Remote | undefined): void {
    try {
      this.user.onResponse(response, from)
    } finally {
      this.end()
    }
  }
}

/** RFC 3261 §17.1.2: any request but INVITE and ACK. */
export class ClientRequest extends ClientTransaction {
  constructor(request: SipRequest, to: Remote, branch: string, user: ClientUser, context: ClientContext) {
    super(request, to, branch, user, context, 'trying')
  }

  start(): void {
    if (this.state === 'terminated') return
    const { timers } = this.context
    if (!this.reliable) this.timer('E', timers.repeat(timers.t1, timers.t2, () => this.transmit(this.bytes)))
    this.timer('F', timers.after(timers.long, () => this.fail(408)))
    this.transmit(this.bytes)
  }

  receive(response: SipResponse, from: Remote): void {
    if (!this.pending) return
    if (response.status < 200) this.#provisional(response, from)
    else this.#final(response, from)
  }

  #provisional(response: SipResponse, from: Remote): void {
    const { timers } = this.context
    if (!this.reliable) this.timer('E', timers.repeat(timers.t2, timers.t2, () => this.transmit(this.bytes)))
    this.user.onResponse(response, from)
  }

  #final(response: SipResponse, from: Remote): void {
    const { timers } = this.context
    this.become('completed')
    if (this.reliable) return this.last(response, from)
    this.timer('K', timers.after(timers.t4, () => this.end()))
    this.user.onResponse(response, from)
  }
}

/** RFC 3261 §17.1.1 with RFC 6026 §7.2: an INVITE. ACKs to 3xx–6xx are its own, those to 2xx the user's. */
export class ClientInvite extends ClientTransaction {
  #ack: Buffer | undefined
  #cancel: SipRequest | undefined
  #cancelSent = false

  constructor(request: SipRequest, to: Remote, branch: string, user: ClientUser, context: ClientContext) {
    super(request, to, branch, user, context, 'calling')
  }

  start(): void {
    if (this.state === 'terminated') return
    const { timers } = this.context
    if (!this.reliable) this.timer('A', timers.repeat(timers.t1, Infinity, () => this.transmit(this.bytes)))
    this.timer('B', timers.after(timers.long, () => this.fail(408)))
    this.transmit(this.bytes)
  }

  receive(response: SipResponse, from: Remote): void {
    if (response.status < 200) this.#provisional(response, from)
    else if (response.status < 300) this.#success(response, from)
    else this.#failure(response, from)
  }

  /**
   * Cancels the call. The CANCEL leaves when a provisional response has come (RFC 3261 §9.1).
   * @param headers further headers, such as Reason
   * @returns the CANCEL, or undefined when it is too late
   */
  cancel(headers: Iterable<readonly [string, string]> = []): SipRequest | undefined {
    if (!this.pending) return undefined
    if (this.#cancel === undefined) {
      this.#cancel = this.#follower('CANCEL', this.request.headers.get('to') ?? '', headers)
      if (this.state === 'proceeding') this.#sendCancel()
    }
    return this.#cancel
  }

  /** Whether `cancel` was called. */
  get cancelled(): boolean {
    return this.#cancel !== undefined
  }

  #provisional(response: SipResponse, from: Remote): void {
    if (!this.pending) return
    if (this.state === 'calling') {
      this.become('proceeding')
      if (this.#cancel !== undefined) this.#sendCancel()
    }
    this.user.onResponse(response, from)
  }

  #sendCancel(): void {
    if (this.#cancel === undefined || this.#cancelSent) return
    this.#cancelSent = true
    const { timers } = this.context
    this.context.sendCancel(this.#cancel, this.branch, this.to)
    this.timer('cancelled', timers.after(timers.long, () => this.fail(487)))
  }

  #success(response: SipResponse, from: Remote): void {
    if (this.pending) {
      const { timers } = this.context
      this.become('accepted')
      this.timer('M', timers.after(timers.long, () => this.end()))
    }
    if (this.state === 'accepted') this.user.onResponse(response, from)
  }

  #failure(response: SipResponse, from: Remote): void {
    if (this.state === 'completed' && this.#ack !== undefined) this.transmit(this.#ack)
    if (!this.pending) return
    const { timers } = this.context
    this.become('completed')
    this.#ack = serialize(this.#follower('ACK', response.headers.get('to') ?? '', []))
    this.transmit(this.#ack)
    if (this.reliable) return this.last(response, from)
    this.timer('D', timers.after(timers.long, () => this.end()))
    this.user.onResponse(response, from)
  }

  /** An ACK or CANCEL of this INVITE: same Via, URI, From, Call-ID, number and route (RFC 3261 §9.1, §17.1.1.3). */
  #follower(method: 'ACK' | 'CANCEL', to: string, more: Iterable<readonly [string, string]>): SipRequest {
    const { headers } = this.request
    const copy = new Headers([['Via', headers.get('via') ?? '']])
    for (const line of headers) if (line.key === 'route') copy.add(line.name, line.value)
    copy.add('Max-Forwards', '70').add('From', headers.get('from') ?? '').add('To', to)
    copy.add('Call-ID', this.request.callId).add('CSeq', `${this.request.cseq.number} ${method}`)
    for (const [name, value] of more) copy.add(name, value)
    return new SipRequest(method, this.request.uri, copy)
  }
}
