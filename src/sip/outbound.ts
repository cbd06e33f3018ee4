import { within } from '../deadline.js'
import { MaskError } from '../errors.js'
import { authorize } from './digest.js'
import { cameFrom } from './gateway-address.js'
import { inviteHeaders } from './headers.js'
import type { Connection } from './inbound.js'
import { DrachtioLeg } from './leg.js'
import { responseOf, sipStatusOf, type SrfDialog, type SrfRequest, type SrfResponse } from './srf.js'
import { CallFailed, type AnsweredLeg, type Dial } from './types.js'

/**
 * One INVITE of ours from the request to its answer, refusal or abandonment. Settles exactly once,
 * also when the SIP server is lost while drachtio-srf waits for ever.
 */
export function dial(order: Dial, connection: Connection): Promise<AnsweredLeg> {
  return new OutboundCall(order, connection).start()
}

/** Where a challenge stands, and where its answer goes (RFC 3261 §22.2, §22.3). */
const challenges: Readonly<Record<number, readonly [challenge: string, answer: string]>> = {
  401: ['WWW-Authenticate', 'Authorization'],
  407: ['Proxy-Authenticate', 'Proxy-Authorization']
}

class OutboundCall {
  readonly #order: Dial
  readonly #connection: Connection
  readonly #uri: string
  #invite: SrfRequest | undefined
  #settled = false
  #rang = false
  #authorized = false
  #resolve: (leg: AnsweredLeg) => void = () => undefined
  #reject: (error: unknown) => void = () => undefined

  constructor(order: Dial, connection: Connection) {
    this.#order = order
    this.#connection = connection
    this.#uri = order.target?.uri ?? `sip:${order.to}@${order.gateway.replace(/^sip:/, '')}`
  }

  start(): Promise<AnsweredLeg> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      const { signal, target } = this.#order
      const { lost } = this.#connection
      if (lost.aborted) { this.#fail(new MaskError('sip_unavailable')); return; }
      if (signal.aborted) { this.#fail(signal.reason); return; }
      signal.addEventListener('abort', this.#abandon)
      lost.addEventListener('abort', this.#lose)
      this.#send({}, target?.route)
    })
  }

  #send(more: Record<string, string> = {}, proxy?: string): void {
    const { from, offer, maxForwards } = this.#order
    const options = { localSdp: offer, headers: { ...inviteHeaders(from, maxForwards), ...more }, ...(proxy === undefined ? {} : { proxy }) }
    try {
      this.#connection.srf.createUAC(this.#uri, options, {
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
    if (status <= 100 || this.#settled) return
    this.#order.onProvisional?.(status)
    if (this.#rang) return
    this.#rang = true
    this.#order.onRinging()
  }

  #final(error: unknown, dialog: SrfDialog | undefined): void {
    if (!dialog) { this.#refused(error); return }
    const leg = new DrachtioLeg(dialog, this.#connection.deadlineMs)
    this.#connection.track(leg)
    // Nobody waits any more: the answer crossed our CANCEL (RFC 3261 §9.1), so the dialog is ended at once.
    if (this.#settled) return void leg.hangUp()
    this.#done()
    this.#resolve({ leg, answer: dialog.remote.sdp ?? '' })
  }

  #refused(error: unknown): void {
    const status = sipStatusOf(error)
    if (status === undefined) { this.#fail(new MaskError('sip_unavailable', { cause: error })); return }
    const response = responseOf(error)
    if (response === undefined || challenges[status] === undefined || this.#authorized) { this.#fail(new CallFailed(status)); return }
    this.#authorized = true
    this.#authorize(response, challenges[status]).catch((failure: unknown) => this.#fail(failure))
  }

  /**
   * Sends the INVITE again with credentials, in the same call (RFC 3261 §8.1.3.5). drachtio-srf could do it too,
   * but would answer whatever is challenged in the dialog later as well, and so the callee.
   */
  async #authorize(response: SrfResponse, [challenge, answer]: readonly [string, string]): Promise<void> {
    const { credentials, gateway } = this.#order
    const source = { address: response.source_address, port: response.source_port }
    const ours = credentials !== undefined && await within(this.#connection.deadlineMs, cameFrom(gateway, source)).catch(() => false)
    const value = ours ? authorize(response.get(challenge) ?? '', credentials, { method: 'INVITE', uri: this.#uri }) : undefined
    const [callId, from, count] = [this.#invite?.get('Call-ID'), this.#invite?.get('From'), Number.parseInt(this.#invite?.get('CSeq') ?? '', 10)]
    if (value === undefined || callId === undefined || from === undefined || Number.isNaN(count)) throw new CallFailed(response.status)
    if (this.#settled) return
    // A name may have several addresses: the answer goes where the challenge came from.
    const host = source.address.includes(':') ? `[${source.address}]` : source.address
    const transport = /;transport=\w+/i.exec(gateway)?.[0] ?? ''
    this.#send({ 'Call-ID': callId, From: from, CSeq: `${count + 1} INVITE`, [answer]: value }, `sip:${host}:${source.port}${transport}`)
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
