import { MaskError } from '../errors.js'
import { inviteHeaders } from './headers.js'
import type { Connection } from './inbound.js'
import { DrachtioLeg } from './leg.js'
import { sipStatusOf, type SrfDialog, type SrfRequest } from './srf.js'
import { CallFailed, type AnsweredLeg, type Dial } from './types.js'

/**
 * One INVITE of ours from the request to its answer, refusal or abandonment. Settles exactly once,
 * also when the SIP server is lost while drachtio-srf waits for ever.
 */
export function dial(order: Dial, connection: Connection): Promise<AnsweredLeg> {
  return new OutboundCall(order, connection).start()
}

class OutboundCall {
  readonly #order: Dial
  readonly #connection: Connection
  #invite: SrfRequest | undefined
  #settled = false
  #rang = false
  #resolve: (leg: AnsweredLeg) => void = () => undefined
  #reject: (error: unknown) => void = () => undefined

  constructor(order: Dial, connection: Connection) {
    this.#order = order
    this.#connection = connection
  }

  start(): Promise<AnsweredLeg> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      const { signal } = this.#order
      const { lost } = this.#connection
      if (lost.aborted) { this.#fail(new MaskError('sip_unavailable')); return; }
      if (signal.aborted) { this.#fail(signal.reason); return; }
      signal.addEventListener('abort', this.#abandon)
      lost.addEventListener('abort', this.#lose)
      this.#send()
    })
  }

  #send(): void {
    const { to, from, gateway, offer, maxForwards } = this.#order
    const uri = `sip:${to}@${gateway.replace(/^sip:/, '')}`
    try {
      this.#connection.srf.createUAC(uri, { localSdp: offer, headers: inviteHeaders(from, maxForwards) }, {
        cbRequest: (_error, req) => this.#sent(req),
        cbProvisional: (res) => this.#provisional(res.status)
      }, (error, dialog) => this.#final(error, dialog))
    } catch (error) {
      this.#fail(new MaskError('sip_unavailable', { cause: error }))
    }
  }

  #sent(req: SrfRequest | undefined): void {
    this.#invite = req
    if (this.#settled) this.#cancel()
  }

  #provisional(status: number): void {
    if (status <= 100 || this.#rang || this.#settled) return
    this.#rang = true
    this.#order.onRinging()
  }

  #final(error: unknown, dialog: SrfDialog | undefined): void {
    if (!dialog) {
      const status = sipStatusOf(error)
      this.#fail(status === undefined ? new MaskError('sip_unavailable', { cause: error }) : new CallFailed(status)); return;
    }
    const leg = new DrachtioLeg(dialog, this.#connection.deadlineMs)
    this.#connection.track(leg)
    // Nobody waits any more: the answer crossed our CANCEL (RFC 3261 §9.1), so the dialog is ended at once.
    if (this.#settled) return void leg.hangUp()
    this.#done()
    this.#resolve({ leg, answer: dialog.remote.sdp ?? '' })
  }

  readonly #abandon = (): void => {
    this.#cancel()
    this.#fail(this.#order.signal.reason)
  }

  readonly #lose = (): void => this.#fail(new MaskError('sip_unavailable'))

  #cancel(): void {
    try {
      // Without the request's echo there is nothing to cancel yet; #sent does it then.
      this.#invite?.cancel(() => undefined)
    } catch {
      // The connection is gone; the SIP server ends the transaction by its own timer.
    }
  }

  #fail(error: unknown): void {
    if (this.#settled) return
    this.#done()
    this.#reject(error)
  }

  #done(): void {
    this.#settled = true
    this.#order.signal.removeEventListener('abort', this.#abandon)
    this.#connection.lost.removeEventListener('abort', this.#lose)
  }
}
