import type { IdentityHeaders } from '../phone/identity.js'
import type { Credentials } from './digest.js'

/** A socket address that a message came from, as the SIP server saw it; never taken from a header. */
export interface Source {
  readonly address: string
  readonly port: number
}

/** A socket address with its transport: `udp`, `tcp` or `tls`. */
export interface Flow extends Source {
  readonly protocol: string
}

/** What a REGISTER is answered (RFC 3261 §10.3). */
export type RegisterAnswer =
  /** 200 with what is registered from now on. */
  | { readonly kind: 'accept', readonly bound?: { readonly uri: string, readonly expiresSeconds: number } }
  /** 401. `challenge`: value of WWW-Authenticate. */
  | { readonly kind: 'challenge', readonly challenge: string }
  /** `minExpires`: seconds, with 423. */
  | { readonly kind: 'reject', readonly status: number, readonly minExpires?: number }

/** A REGISTER that waits for its answer. */
export interface RegisterRequest {
  readonly source: Flow
  /** The Request-URI. */
  readonly uri: string
  readonly authorization: string | undefined
  /** Value of Contact; undefined when there is none. */
  readonly contact: string | undefined
  /** Seconds of the Expires header; undefined when it is missing or unreadable. */
  readonly expires: number | undefined
  /** Harmless when the SIP server is gone. */
  answer(answer: RegisterAnswer): void
}

/** How a dialog ended: by the far end, by ours, or by the SIP server. */
export type LegEnd = 'bye' | 'hung_up' | 'ack_missing' | 'session_expired' | 'lost'

/** @param source where the offer came from @returns our answer, or our offer */
export type OfferHandler = (offer: string | undefined, source: Source) => Promise<string>

/** One established dialog. */
export interface Leg {
  /** Resolves once, when the dialog is over, whoever ended it; never rejects. */
  readonly ended: Promise<LegEnd>
  /** Sends BYE. Idempotent; resolves when answered or after the deadline; never rejects. */
  hangUp(): Promise<void>
  /**
   * Answers the offers that the far end makes within the dialog (re-INVITE, UPDATE); an undefined
   * offer asks for ours. A rejection becomes 488. Nothing of it is passed to the other leg.
   */
  onOffer(handler: OfferHandler): void
  /** Calls `listener` with every key that comes as INFO (application/dtmf-relay, application/dtmf). @returns what stops it */
  onDigit(listener: (digit: string) => void): () => void
  /** Resolves when the caller acknowledges our 200; stays open when that never comes. Only where we answered. */
  readonly acked?: Promise<unknown>
}

/** An INVITE that came in and waits for our decision. Every method rejects with MaskError only. */
export interface InboundCall {
  readonly source: Flow
  /** The Request-URI as it came. */
  readonly uri: string
  /** Value of Authorization, for callers who have to show who they are. */
  readonly authorization: string | undefined
  /** User part of the Request-URI with percent-encoding undone: the number that was dialled. */
  readonly dialled: string
  readonly identity: IdentityHeaders
  /** Undefined when the header is missing (RFC 3261 §8.1.1.6 demands it; not all send it). */
  readonly maxForwards: number | undefined
  /** The SDP offer; undefined when there is none (late offer) . */
  readonly offer: string | undefined
  /** The body is something that we do not read (not application/sdp). */
  readonly bodyUnsupported: boolean
  /** Aborts when the caller gives up before an answer (CANCEL) or the SIP server is lost. */
  readonly gone: AbortSignal
  /** 180 Ringing; with `sdp` as early media. */
  ring(sdp?: string): Promise<void>
  /** 183 Session Progress with early media. */
  progress(sdp: string): Promise<void>
  /** A final refusal with our own reason phrase. Harmless when the call is already over. */
  reject(status: number, retryAfterSeconds?: number): void
  /** 401, so that the caller tries again with credentials. @param challenge value of WWW-Authenticate */
  challenge(challenge: string): void
  /** 200 with our answer. @throws caller_gone when a CANCEL crossed it */
  answer(sdp: string): Promise<Leg>
  /**
   * 200 with our offer, for a caller who made none; the answer comes in the ACK (RFC 3261 §13.2.1). `answer`
   * rejects with MaskError media_rejected when the ACK brings none, with AckMissing when no ACK comes within
   * ten seconds, with CallerGone when the caller hangs up instead; ending the leg is the business of who called this.
   */
  answerWithOffer(offer: string): Promise<OfferedLeg>
}

/** A leg that was answered with an offer of ours. */
export interface OfferedLeg {
  readonly leg: Leg
  /** The caller's SDP answer. A rejection that nobody waits for does no harm. */
  readonly answer: Promise<string>
}

/** How the far end of an outbound call refused. */
export class CallFailed extends Error {
  /** A SIP final status (300–699), or 408 when nobody answered at all. */
  readonly status: number
  constructor(status: number) {
    super('The far end did not take the call.')
    this.name = 'CallFailed'
    this.status = status
  }
}

/** Raised by InboundCall.answer when the caller has given up. */
export class CallerGone extends Error {
  constructor() {
    super('The caller has given up.')
    this.name = 'CallerGone'
  }
}

/** Raised when a caller does not acknowledge our 200. */
export class AckMissing extends Error {
  constructor() {
    super('The caller did not acknowledge the answer.')
    this.name = 'AckMissing'
  }
}

export interface Dial {
  /** E.164 number that becomes the user of the Request-URI, unless `target` says another. */
  readonly to: string
  /** A registered phone: the Request-URI that it wants, and `sip:address:port;transport=tcp`, where the INVITE goes. */
  readonly target?: { readonly uri: string, readonly route: string }
  /** E.164 proxy number for From, Contact and P-Asserted-Identity. */
  readonly from: string
  /** `sip:host:port` of the trunk's gateway. */
  readonly gateway: string
  readonly offer: string
  readonly maxForwards: number
  /** What the gateway may ask for; it is told to nobody else, and only when the gateway names this realm. */
  readonly credentials?: Credentials
  /** Called at every provisional response above 100; lower ones stay with the SIP server. */
  readonly onProvisional?: (status: number) => void
  /** Called once, at the first provisional response above 100. */
  readonly onRinging: () => void
  /** Aborting sends CANCEL; if an answer crosses it, the new dialog is ended with BYE. */
  readonly signal: AbortSignal
}

/** A leg that was answered, with the far end's SDP answer. */
export interface AnsweredLeg {
  readonly leg: Leg
  readonly answer: string
}

/** The SIP room's outside. */
export interface SipPort {
  /** Sets who takes the calls; one handler. */
  onCall(handler: (call: InboundCall) => void): void
  /** Sets who answers REGISTERs; without one they get 405. */
  onRegister(handler: (request: RegisterRequest) => void): void
  /** Sends an INVITE in which every header is ours. @throws CallFailed, MaskError sip_unavailable, and the signal's reason when aborted */
  dial(dial: Dial): Promise<AnsweredLeg>
  /** Whether a gateway answers an OPTIONS within so many milliseconds, with whatever status. Never rejects. @param gateway `sip:host:port` */
  answers(gateway: string, withinMs: number): Promise<boolean>
  readonly connected: boolean
  /** Has the SIP server hand new calls to other applications; what still comes is given to the handler. Dialogs stay. */
  drain(): void
  /** The SIP library's own connection, opaque: for a media engine that is reached by SIP. */
  readonly library: unknown
  /** Where the SIP server listens, such as `udp/127.0.0.1:5060`; empty before the first connection. */
  readonly addresses: readonly string[]
  close(): Promise<void>
}
