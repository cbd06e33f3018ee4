import { setMaxListeners } from 'node:events'
import { MaskError } from '../errors.js'
import { within } from '../deadline.js'
import { errorFields, type Log } from '../telemetry/log.js'
import { answerHeaders, refusalHeaders } from './headers.js'
import { DrachtioInbound, type Connection } from './inbound.js'
import type { DrachtioLeg } from './leg.js'
import { watchHeartbeat } from './heartbeat.js'
import { answers } from './options.js'
import { dial } from './outbound.js'
import { registerRequest } from './register.js'
import { createSrf, type SrfClient, type SrfRequest, type SrfResponse } from './srf.js'
import type { AnsweredLeg, Dial, InboundCall, RegisterRequest, SipPort } from './types.js'

export interface DrachtioOptions {
  /** `drachtio://:secret@host:port` */
  readonly url: string
  /** Milliseconds that the server may take to accept a message. */
  readonly deadlineMs: number
  readonly log: Log
}

/** Methods outside a dialog that we answer and never forward (RFC 3261 §8.2.1: 405). */
const refusedMethods = ['message', 'subscribe', 'notify', 'publish', 'refer', 'info', 'update', 'bye'] as const

/**
 * Connects to a SIP server that speaks the drachtio protocol and keeps the connection: when it is lost,
 * calls being set up fail at once, established legs stay, and drachtio-srf dials the server again.
 * @throws MaskError sip_unavailable when there is no connection within the deadline, or the secret is wrong
 */
export async function connectDrachtio(options: DrachtioOptions): Promise<SipPort> {
  const port = new Drachtio(options)
  try {
    await within(options.deadlineMs, port.connect(), 'sip_unavailable')
  } catch (error) {
    await port.close()
    throw error
  }
  return port
}

class Drachtio implements SipPort {
  readonly #options: DrachtioOptions
  readonly #srf: SrfClient = createSrf()
  readonly #legs = new Set<DrachtioLeg>()
  #lost = lossSignal()
  #connected = false
  #addresses: readonly string[] = []
  #closing = false
  #draining = false
  #stopHeartbeat: () => void = () => undefined
  #handler: (call: InboundCall) => void = (call) => call.reject(503, 5)
  #registrar: (request: RegisterRequest) => void = (request) => request.answer({ kind: 'reject', status: 405 })

  constructor(options: DrachtioOptions) {
    this.#options = options
  }

  get library(): unknown {
    return this.#srf
  }

  get connected(): boolean {
    return this.#connected
  }

  get addresses(): readonly string[] {
    return this.#addresses
  }

  onCall(handler: (call: InboundCall) => void): void {
    this.#handler = handler
  }

  onRegister(handler: (request: RegisterRequest) => void): void {
    this.#registrar = handler
  }

  async dial(order: Dial): Promise<AnsweredLeg> {
    if (!this.#connected) throw new MaskError('sip_unavailable')
    return dial(order, this.#connection())
  }

  answers(gateway: string, withinMs: number): Promise<boolean> {
    return answers(this.#srf, gateway, withinMs)
  }

  connect(): Promise<void> {
    const { hostname, port, password } = new URL(this.#options.url)
    return new Promise((resolve, reject) => {
      // Without a listener a refused connection would end the process.
      this.#srf.on('error', () => undefined)
      this.#srf.on('close', () => this.#onLost())
      this.#srf.on('connect', (error, hostports) => {
        if (error) { reject(new MaskError('sip_unavailable', { reason: 'secret' })); return; }
        this.#onConnected(hostports)
        resolve()
      })
      this.#route()
      this.#srf.connect({ host: hostname, port: Number(port), secret: decodeURIComponent(password), enablePing: false, reconnect: { retryMaxDelay: 2000 } })
      this.#stopHeartbeat = watchHeartbeat(this.#srf, this.#options.deadlineMs, () => this.#options.log.warn('sip.server_hangs'))
    })
  }

  drain(): void {
    this.#draining = true
    try {
      this.#srf.unregisterForMessages('invite')
    } catch {
      // Asked a second time.
    }
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#stopHeartbeat()
    this.#onLost()
    for (const leg of this.#legs) leg.lose()
    try {
      this.#srf.disconnect()
    } catch {
      // Not connected: nothing to close.
    }
  }

  #route(): void {
    this.#srf.use('invite', (req, res) => this.#take(req, res))
    this.#srf.use('options', (_req, res) => res.send(200, { headers: answerHeaders() }))
    this.#srf.use('register', (req, res) => this.#registrar(registerRequest(req, res)))
    for (const method of refusedMethods) {
      this.#srf.use(method, (_req, res) => { if (!res.finalResponseSent) res.send(405, { headers: refusalHeaders() }) })
    }
  }

  #take(req: SrfRequest, res: SrfResponse): void {
    let call: DrachtioInbound | undefined
    try {
      call = new DrachtioInbound(req, res, this.#connection())
      this.#handler(call)
    } catch (error) {
      this.#options.log.error('sip.invite_failed', errorFields(error))
      if (call) call.reject(500)
      else res.send(500, { headers: refusalHeaders() })
    }
  }

  #connection(): Connection {
    return { srf: this.#srf, deadlineMs: this.#options.deadlineMs, lost: this.#lost.signal, track: (leg) => this.#track(leg) }
  }

  #track(leg: DrachtioLeg): void {
    this.#legs.add(leg)
    void leg.ended.then(() => this.#legs.delete(leg))
  }

  #onConnected(hostports = ''): void {
    this.#addresses = hostports.split(',').filter(Boolean)
    this.#lost = lossSignal()
    this.#connected = true
    this.#options.log.info('sip.connected')
    // drachtio-srf asks for all methods again when it connects.
    if (this.#draining) this.drain()
  }

  #onLost(): void {
    if (!this.#connected) return
    this.#connected = false
    this.#lost.abort(new MaskError('sip_unavailable'))
    if (!this.#closing) this.#options.log.warn('sip.connection_lost')
  }
}

/** Every call that is being set up listens; Node would take more than ten for a leak. */
function lossSignal(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}
