import { MaskError } from '../errors.js'
import { within } from '../deadline.js'
import { follow } from '../follow.js'
import { answerHeaders, identityHeaders, maxForwardsOf, refusalHeaders, userOf } from './headers.js'
import { DrachtioLeg } from './leg.js'
import { flowOf } from './register.js'
import type { SrfClient, SrfDialog, SrfMessage, SrfRequest, SrfResponse } from './srf.js'
import type { IdentityHeaders } from '../phone/identity.js'
import { AckMissing, CallerGone, type InboundCall, type Leg, type Flow, type LegEnd, type OfferedLeg } from './types.js'

/** Milliseconds for the ACK: the 200 is repeated four times meanwhile (RFC 3261 §13.3.1.4), and the callee waits. */
const ackMs = 10_000

/** What an inbound call needs of the connection that it came by. */
export interface Connection {
  readonly srf: SrfClient
  /** How long the SIP server may take to accept a message. */
  readonly deadlineMs: number
  readonly lost: AbortSignal
  readonly track: (leg: DrachtioLeg) => void
}

/** An INVITE as drachtio-srf delivers it, with the promises of {@link InboundCall}. */
export class DrachtioInbound implements InboundCall {
  readonly source: Flow
  readonly uri: string
  readonly authorization: string | undefined
  readonly dialled: string
  readonly identity: IdentityHeaders
  readonly maxForwards: number | undefined
  readonly offer: string | undefined
  readonly bodyUnsupported: boolean
  readonly gone: AbortSignal
  readonly #req: SrfRequest
  readonly #res: SrfResponse
  readonly #connection: Connection
  /** Nothing is to be told of the connection any more. */
  readonly #over: () => void

  constructor(req: SrfRequest, res: SrfResponse, connection: Connection) {
    this.#req = req
    this.#res = res
    this.#connection = connection
    this.source = flowOf(req)
    this.uri = req.uri
    this.authorization = req.get('Authorization')
    this.dialled = userOf(req.uri)
    this.identity = identityHeaders(req)
    this.maxForwards = maxForwardsOf(req)
    const body = req.body ?? ''
    this.bodyUnsupported = body !== '' && !isSdp(req)
    this.offer = body === '' || this.bodyUnsupported ? undefined : body
    const gone = new AbortController()
    this.gone = gone.signal
    req.on('cancel', () => {
      this.#over()
      gone.abort(new CallerGone())
    })
    // An UPDATE before the answer would renegotiate media that is not settled yet (RFC 3311 §5.2).
    req.on('update', (_update: SrfRequest, answer: SrfResponse) => answer.send(500, { headers: refusalHeaders(2) }))
    this.#over = follow(gone, connection.lost)
  }

  ring(sdp?: string): Promise<void> {
    return this.#provisional(180, sdp)
  }

  progress(sdp: string): Promise<void> {
    return this.#provisional(183, sdp)
  }

  reject(status: number, retryAfterSeconds?: number): void {
    this.#refuse(status, refusalHeaders(retryAfterSeconds))
  }

  challenge(challenge: string): void {
    this.#refuse(401, { ...refusalHeaders(), 'WWW-Authenticate': challenge })
  }

  #refuse(status: number, headers: Record<string, string>): void {
    this.#over()
    if (this.gone.aborted || this.#res.finalResponseSent) return
    try {
      this.#res.send(status, { headers })
    } catch {
      // The connection went away between the check and the call; `gone` tells.
    }
  }

  answer(sdp: string): Promise<Leg> {
    return this.#established(sdp)
  }

  async answerWithOffer(offer: string): Promise<OfferedLeg> {
    const leg = await this.#established(offer)
    const answer = answerIn(leg)
    answer.catch(() => undefined)
    return { leg, answer }
  }

  async #established(sdp: string): Promise<DrachtioLeg> {
    if (this.gone.aborted) throw new CallerGone()
    return within(this.#connection.deadlineMs, this.#answer(sdp), 'sip_unavailable', (leg) => void leg.hangUp())
  }

  #answer(sdp: string): Promise<DrachtioLeg> {
    return new Promise((resolve, reject) => {
      let settled = false
      // The callback form runs in the tick in which the dialog is born; after an await, a BYE may have come and gone.
      const done = (error: unknown, dialog?: SrfDialog): void => {
        const leg = dialog && new DrachtioLeg(dialog, this.#connection.deadlineMs)
        if (leg) this.#connection.track(leg)
        if (leg) void leg.ended.then(this.#over)
        else this.#over()
        // A CANCEL that crosses the 200 reports failure first and the dialog afterwards.
        if (settled) return void leg?.hangUp()
        settled = true
        if (leg) resolve(leg)
        else reject(this.gone.aborted || isOver(error) ? new CallerGone() : new MaskError('sip_unavailable', { cause: error }))
      }
      try {
        this.#connection.srf.createUAS(this.#req, this.#res, { localSdp: sdp, headers: answerHeaders() }, done)
      } catch (error) {
        done(error)
      }
    })
  }

  async #provisional(status: number, sdp?: string): Promise<void> {
    if (this.gone.aborted || this.#res.finalResponseSent) return
    try {
      this.#res.send(status, sdp === undefined ? { headers: answerHeaders() } : { body: sdp, headers: { ...answerHeaders(), 'Content-Type': 'application/sdp' } })
    } catch (error) {
      throw new MaskError('sip_unavailable', { cause: error })
    }
  }
}

/** The SDP answer in the ACK of a leg that was answered with our offer. */
async function answerIn(leg: DrachtioLeg): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new AckMissing()), ackMs) })
  const gone = leg.ended.then((end) => { throw endOf(end) })
  try {
    const ack = await Promise.race([leg.acked, gone, late])
    if ((ack.body ?? '') === '' || !isSdp(ack)) throw new MaskError('media_rejected', { reason: 'no_answer' })
    return ack.body!
  } finally {
    clearTimeout(timer)
  }
}

function endOf(end: LegEnd): Error {
  if (end === 'ack_missing') return new AckMissing()
  return end === 'lost' ? new MaskError('sip_unavailable') : new CallerGone()
}

/** The SIP server has no such INVITE any more: a CANCEL came first, and drachtio-srf drops it while a response is on its way. */
function isOver(error: unknown): boolean {
  return typeof error === 'string' && error.includes('unknown transaction')
}

/** A body without a type is taken for SDP. */
function isSdp(message: SrfMessage): boolean {
  return (message.get('Content-Type') ?? 'application/sdp').split(';')[0]!.trim().toLowerCase() === 'application/sdp'
}
