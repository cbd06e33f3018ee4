import { refusalHeaders, answerHeaders } from './headers.js'
import type { SrfDialog, SrfRequest, SrfResponse } from './srf.js'
import { flowOf } from './register.js'
import type { Leg, LegEnd, OfferHandler } from './types.js'

/**
 * In-dialog methods that end here: nothing of them is ever forwarded.
 * REFER would move the call off the proxy (603), MESSAGE and PUBLISH carry text (405), subscriptions
 * tell about presence (489, RFC 6665 §4.1.2.3).
 */
const refused: Readonly<Record<'refer' | 'message' | 'publish' | 'notify' | 'subscribe', number>> = {
  refer: 603, message: 405, publish: 405, notify: 481, subscribe: 489
}

/** One dialog of drachtio-srf, made safe: every listener is attached before anything else can run. */
export class DrachtioLeg implements Leg {
  readonly ended: Promise<LegEnd>
  /** Resolves to the ACK of our 2xx; stays open when none comes. */
  readonly acked: Promise<SrfRequest>
  readonly #dialog: SrfDialog
  readonly #deadlineMs: number
  #settle: (end: LegEnd) => void = () => undefined
  #handler: OfferHandler | undefined
  #hangUp: Promise<void> | undefined
  readonly #digitListeners = new Set<(digit: string) => void>()

  /** Must be called in the same tick in which drachtio-srf hands the dialog over, or a BYE can be missed. */
  constructor(dialog: SrfDialog, deadlineMs: number) {
    this.#dialog = dialog
    this.#deadlineMs = deadlineMs
    this.ended = new Promise((resolve) => { this.#settle = resolve })
    this.acked = new Promise((resolve) => dialog.on('ack', resolve))
    dialog.on('destroy', (_message, reason) => this.#settle(endOf(reason)))
    dialog.on('modify', (req, res) => void this.#renegotiate(req, res))
    dialog.on('update', (req, res) => void this.#renegotiate(req, res))
    dialog.on('info', (req, res) => this.#info(req, res))
    dialog.on('options', (_req, res) => res.send(200, { headers: answerHeaders() }))
    for (const [method, status] of Object.entries(refused)) {
      dialog.on(method as keyof typeof refused, (_req, res) => { if (!res.finalResponseSent) res.send(status, { headers: refusalHeaders() }) })
    }
    if (!dialog.connected) this.#settle('bye')
  }

  onOffer(handler: OfferHandler): void {
    this.#handler = handler
  }

  onDigit(listener: (digit: string) => void): () => void {
    this.#digitListeners.add(listener)
    return () => { this.#digitListeners.delete(listener) }
  }

  hangUp(): Promise<void> {
    this.#hangUp ??= this.#bye()
    return this.#hangUp
  }

  /** Called when the connection to the SIP server is gone. */
  lose(): void {
    this.#settle('lost')
  }

  async #bye(): Promise<void> {
    if (!this.#dialog.connected) return
    // drachtio-srf forgets the listeners of a dialog that we end ourselves.
    this.#settle('hung_up')
    await new Promise<void>((resolve) => {
      // The library's promise stays open for ever when its socket closes meanwhile.
      const timer = setTimeout(resolve, this.#deadlineMs)
      const done = (): void => {
        clearTimeout(timer)
        resolve()
      }
      try {
        this.#dialog.destroy({ headers: {} }, done)
      } catch {
        done()
      }
    })
  }

  /** INFO ends here (RFC 6086): of its body only a single key is looked at, for our own questions. */
  #info(req: SrfRequest, res: SrfResponse): void {
    res.send(200, { headers: answerHeaders() })
    const digit = digitOf(req.get('Content-Type') ?? '', req.body ?? '')
    if (digit !== undefined) for (const listener of this.#digitListeners) listener(digit)
  }

  async #renegotiate(req: SrfRequest, res: SrfResponse): Promise<void> {
    const offer = req.body === undefined || req.body === '' ? undefined : req.body
    // UPDATE without a body refreshes the session only (RFC 3311 §5.1); it is answered without one.
    if (offer === undefined && req.method === 'UPDATE') { res.send(200, { headers: answerHeaders() }); return; }
    try {
      if (this.#handler === undefined) throw new Error('nobody negotiates this leg')
      const answer = await this.#handler(offer, flowOf(req))
      res.send(200, { body: answer, headers: { ...answerHeaders(), Contact: this.#dialog.local.contact, 'Content-Type': 'application/sdp' } })
    } catch {
      res.send(488, { headers: refusalHeaders() })
    }
  }
}

/** `Signal=5` of application/dtmf-relay, or the bare key of application/dtmf. */
function digitOf(type: string, body: string): string | undefined {
  const pattern = /^application\/dtmf-relay\b/i.test(type) ? /^signal\s*=\s*([0-9*#a-d])\s*$/im : /^application\/dtmf\b/i.test(type) ? /^\s*([0-9*#a-d])\s*$/i : undefined
  return pattern?.exec(body)?.[1]?.toUpperCase()
}

function endOf(reason: string | undefined): LegEnd {
  if (reason === 'ACK timeout') return 'ack_missing'
  if (reason === 'Session timer expired') return 'session_expired'
  return 'bye'
}
