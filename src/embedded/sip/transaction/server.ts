import { randomUUID } from 'node:crypto'
import { newTag, serialize, type SipRequest, type SipResponse } from '../message/index.js'
import { responseTarget, type Remote, type Transport } from '../transport/index.js'
import type { Timer, Timers } from './timers.js'

export type ServerState = 'trying' | 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated'

/** What a server transaction needs around it. */
export interface ServerContext {
  readonly transport: Transport
  readonly timers: Timers
  readonly onEnd: (transaction: ServerTransaction) => void
}

/** What both kinds of server transaction share: where responses go, the last one, and the end. */
export abstract class ServerTransaction {
  readonly id = randomUUID()
  /** The tag for To in our responses, unless the application brings its own. */
  readonly toTag: string
  readonly target: Remote
  #state: ServerState
  protected last: Buffer | undefined
  readonly #timers = new Map<string, Timer>()

  constructor(readonly request: SipRequest, readonly source: Remote, readonly key: string, protected readonly context: ServerContext, state: ServerState) {
    this.toTag = request.toTag ?? newTag()
    this.target = responseTarget(request.via, source)
    this.#state = state
  }

  get state(): ServerState {
    return this.#state
  }

  /** No final response was given yet. */
  get pending(): boolean {
    return this.#state === 'trying' || this.#state === 'proceeding'
  }

  /**
   * Sends a response. @returns false, and sends nothing, when the state does not allow it (a second final one).
   * @throws SipFormatError before anything changed
   */
  abstract respond(response: SipResponse): boolean

  /** A copy of the request, or for an INVITE its ACK. */
  abstract receive(request: SipRequest): void

  /** Ends it at once, without a word. */
  end(): void {
    if (this.#state === 'terminated') return
    this.become('terminated')
    this.context.onEnd(this)
  }

  /** Enters a state; the timers of the one before it end. */
  protected become(state: ServerState): void {
    this.#state = state
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  protected timer(name: string, timer: Timer): void {
    this.#timers.get(name)?.cancel()
    this.#timers.set(name, timer)
  }

  protected get reliable(): boolean {
    return this.source.protocol !== 'udp'
  }

  protected transmit(bytes: Buffer): void {
    this.last = bytes
    this.context.transport.send(bytes, this.target)
  }

  protected again(): void {
    if (this.last !== undefined) this.context.transport.send(this.last, this.target)
  }
}

/** RFC 3261 §17.2.2: any request but INVITE and ACK. */
export class ServerRequest extends ServerTransaction {
  constructor(request: SipRequest, source: Remote, key: string, context: ServerContext) {
    super(request, source, key, context, 'trying')
    // A client gives up after Timer F; what was not answered until then is owed to nobody.
    this.timer('abandoned', context.timers.after(context.timers.long, () => this.end()))
  }

  respond(response: SipResponse): boolean {
    if (!this.pending) return false
    const bytes = serialize(response)
    if (response.status >= 200) this.#complete()
    this.transmit(bytes)
    if (response.status >= 200 && this.reliable) this.end()
    return true
  }

  receive(): void {
    this.again()
  }

  #complete(): void {
    this.become('completed')
    if (this.reliable) return
    const { timers } = this.context
    this.timer('J', timers.after(timers.long, () => this.end()))
  }
}

/**
 * RFC 3261 §17.2.1 with RFC 6026 §7.1: an INVITE. After a 2xx it stays in Accepted for 64·T1, absorbs copies
 * of the INVITE and lets `respond` send that 2xx again; when to do so is the user agent core's decision.
 */
export class ServerInvite extends ServerTransaction {
  constructor(request: SipRequest, source: Remote, key: string, context: ServerContext) {
    super(request, source, key, context, 'proceeding')
  }

  respond(response: SipResponse): boolean {
    const success = response.status >= 200 && response.status < 300
    if (this.state !== 'proceeding' && !(this.state === 'accepted' && success)) return false
    const bytes = serialize(response)
    if (success && this.state === 'proceeding') this.#accept()
    if (response.status >= 300) this.#complete()
    this.transmit(bytes)
    return true
  }

  receive(request: SipRequest): void {
    if (request.method === 'ACK') {
      if (this.state === 'completed') this.#confirm()
    } else if (this.state === 'proceeding' || this.state === 'completed') this.again()
  }

  #accept(): void {
    const { timers } = this.context
    this.become('accepted')
    this.timer('L', timers.after(timers.long, () => this.end()))
  }

  #complete(): void {
    const { timers } = this.context
    this.become('completed')
    if (!this.reliable) this.timer('G', timers.repeat(timers.t1, timers.t2, () => this.again()))
    this.timer('H', timers.after(timers.long, () => this.end()))
  }

  #confirm(): void {
    const { timers } = this.context
    this.become('confirmed')
    if (this.reliable) this.end()
    else this.timer('I', timers.after(timers.t4, () => this.end()))
  }
}
