import { Headers, parseNameAddr, SipRequest, tagOf, type SipResponse } from '../message/index.js'
import type { Remote } from '../transport/index.js'
import type { Timer } from '../transaction/index.js'
import { targetOf } from './target.js'

export type DialogState = 'early' | 'confirmed' | 'terminated'

export interface Draft {
  readonly headers?: Iterable<readonly [string, string]>
  /** Text is UTF-8. */
  readonly body?: Buffer | string
}

/** What a dialog knows of an INVITE of the peer in it. */
export interface PeerInvite {
  /** Whether a PRACK names the reliable response that waits for one (RFC 3262 §3). */
  expects: (prack: SipRequest) => boolean
  pracked: () => void
  acked: () => void
  /** The dialog is over. */
  abandon: () => void
}

/** What a dialog knows of an INVITE of ours in it. */
export interface OwnInvite {
  cancel: () => SipRequest | undefined
  acknowledge: (draft?: Draft) => SipRequest
}

/** Headers that a request inside a dialog takes from the dialog, whatever anybody asks for. */
const dialogOwn = new Set(['via', 'max-forwards', 'from', 'to', 'call-id', 'cseq', 'route', 'record-route', 'rseq', 'content-length'])

/** RFC 3261 §12: one peer-to-peer relation, from our side. */
export class Dialog {
  state: DialogState = 'early'
  /** An INVITE of the peer without a final response, and one of ours. At most one of them (§14). */
  serverInvite: PeerInvite | undefined
  clientInvite: OwnInvite | undefined
  /** An UPDATE with an offer, waiting for its answer (RFC 3311 §5.2). */
  serverUpdate: object | undefined
  clientUpdate: object | undefined
  /** Our INVITE that got a 2xx and waits for the ACK that the user sends. */
  ackDue: OwnInvite | undefined
  /** INVITEs that we answered with 2xx and whose ACK has not come, by CSeq number. */
  readonly unacked = new Map<number, PeerInvite>()
  /** Requests that wait until the ACK has come: a callee's BYE (§15). */
  readonly held: (() => void)[] = []
  sessionTimer: Timer | undefined
  remoteTarget: string
  #localSeq: number
  #remoteSeq: number | undefined
  #routeSet: readonly string[]

  private constructor(
    readonly role: 'uac' | 'uas',
    readonly callId: string,
    /** Our From, with tag, as it stands in our requests; and the peer's. */
    readonly local: string,
    readonly remote: string,
    /** Our Contact header value. */
    readonly contact: string,
    /** Where its INVITE came from or went to: the way out when the URI of the next hop cannot be used. */
    readonly peer: Remote,
    start: { localSeq: number; remoteSeq?: number; routeSet: readonly string[]; target: string }
  ) {
    this.#localSeq = start.localSeq
    this.#remoteSeq = start.remoteSeq
    this.#routeSet = start.routeSet
    this.remoteTarget = start.target
  }

  /** RFC 3261 §12.1.1: we answer. */
  static answering(request: SipRequest, response: SipResponse, contact: string, peer: Remote): Dialog {
    return new Dialog('uas', request.callId, response.headers.get('to') ?? '', request.headers.get('from') ?? '', contact, peer, {
      localSeq: 0, remoteSeq: request.cseq.number, routeSet: request.headers.all('record-route'), target: contactUri(request) ?? ''
    })
  }

  /** RFC 3261 §12.1.2: we asked. */
  static asking(request: SipRequest, response: SipResponse, contact: string, peer: Remote): Dialog {
    return new Dialog('uac', request.callId, request.headers.get('from') ?? '', response.headers.get('to') ?? '', contact, peer, {
      localSeq: request.cseq.number, routeSet: response.headers.all('record-route').reverse(), target: contactUri(response) ?? request.uri
    })
  }

  get localTag(): string {
    return tagOf(this.local) ?? ''
  }

  get remoteTag(): string {
    return tagOf(this.remote) ?? ''
  }

  get key(): string {
    return dialogKey(this.callId, this.localTag, this.remoteTag)
  }

  /** Notes the number of a request of the peer. @returns false when an older one comes late (§12.2.2) */
  advance(request: SipRequest): boolean {
    const { number } = request.cseq
    if (this.#remoteSeq !== undefined && number <= this.#remoteSeq) return false
    this.#remoteSeq = number
    return true
  }

  /** Takes the peer's new Contact from a target refresh (§12.2.1.2, §12.2.2). */
  refresh(message: SipRequest | SipResponse): void {
    this.remoteTarget = contactUri(message) ?? this.remoteTarget
  }

  /** The route set of a UAC is that of the 2xx, whatever the provisional responses said (§13.2.2.4). */
  confirm(response?: SipResponse): void {
    this.state = 'confirmed'
    if (response === undefined || this.role === 'uas') return
    this.#routeSet = response.headers.all('record-route').reverse()
    this.refresh(response)
  }

  /**
   * A request inside this dialog (§12.2.1.1), with the next CSeq number or, for ACK, that of its INVITE.
   * Headers that belong to the dialog are not taken from `more`.
   */
  request(method: string, more: Iterable<readonly [string, string]> = [], body?: Buffer, number?: number): SipRequest {
    const headers = new Headers()
    const { uri, routes } = this.#path()
    for (const route of routes) headers.add('Route', route)
    headers.add('Max-Forwards', '70').add('From', this.local).add('To', this.remote).add('Call-ID', this.callId)
    headers.add('CSeq', `${number ?? ++this.#localSeq} ${method}`)
    for (const [name, value] of more) headers.add(name, value)
    return new SipRequest(method, uri, headers, body)
  }

  /** Where requests of this dialog go next. */
  get nextHop(): Remote {
    const first = this.#routeSet[0]
    try {
      return targetOf(first === undefined ? this.remoteTarget : parseNameAddr(first).uri)
    } catch {
      return this.peer
    }
  }

  /** A first route without `lr` is a strict router: it stands in the Request-URI and the target comes last. */
  #path(): { uri: string; routes: readonly string[] } {
    const [first, ...rest] = this.#routeSet
    if (first === undefined) return { uri: this.remoteTarget, routes: [] }
    const uri = /<([^>]+)>/.exec(first)?.[1] ?? first
    if (/;lr(?:[;=?]|$)/i.test(uri)) return { uri: this.remoteTarget, routes: this.#routeSet }
    return { uri, routes: [...rest, `<${this.remoteTarget}>`] }
  }
}

/** Whether a header inside a dialog is the dialog's own affair. */
export function isDialogOwn(key: string): boolean {
  return dialogOwn.has(key)
}

export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`
}

/** The URI of the first Contact; undefined when there is none that can be read. */
export function contactUri(message: SipRequest | SipResponse): string | undefined {
  const first = message.headers.list('contact')[0]
  if (first === undefined) return undefined
  try {
    return parseNameAddr(first).uri
  } catch {
    return undefined
  }
}
