import { createPacingClock } from '../../media/embedded/clock.js'
import { errorFields, type Log } from '../../telemetry/log.js'
import { hostPort, IncomingInvite, Timers, TransactionLayer, UserAgent, type AgentUser, type Incoming } from '../sip/index.js'
import { PhoneAudio, type AudioPacket } from './audio.js'
import type { PhoneCall, PhoneCore } from './call.js'
import { IncomingCall } from './incoming.js'
import { OutgoingCall, type CallOptions } from './outgoing.js'
import { Watch } from './watch.js'
import { Wire, type Loss } from './wire.js'

export interface PhoneOptions {
  /** E.164, such as `+46701740605`. It stands wherever SIP, SDP and RTCP have room for it: this phone keeps no secrets. */
  readonly number: string
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default: any free one. UDP. */
  readonly port?: number
  /** T1 of RFC 3261 in milliseconds, default 500; all timers scale with it. */
  readonly t1?: number
  /** Hears of what should not happen. */
  readonly log?: Log
}

/** A telephone for tests and the demo: a SIP user agent with RTP on real sockets that remembers all it saw. */
export class Phone {
  readonly calls: PhoneCall[] = []
  readonly #core: PhoneCore
  readonly #byId = new Map<string, PhoneCall>()
  readonly #audios: PhoneAudio[] = []
  readonly #clock = createPacingClock()
  readonly #unclaimed: IncomingCall[] = []
  readonly #layer: TransactionLayer
  #handler: ((call: IncomingCall) => void) | undefined
  #closed = false

  constructor(readonly number: string, readonly wire: Wire, timers: Timers, private readonly log: Log | undefined) {
    this.#layer = new TransactionLayer({ transport: wire, timers })
    wire.use(this.#layer)
    const agent = new UserAgent({ transport: wire, layer: this.#layer, timers })
    agent.use(this.#user())
    const watch = new Watch()
    // Later, when those above the wire have dealt with the message.
    wire.onMessage = () => setImmediate(() => watch.changed())
    this.#core = {
      number, agent, wire, timers, watch,
      contact: `<sip:${number}@${hostPort(wire.host, wire.port)}>`,
      openAudio: () => this.#openAudio(),
      bind: (call) => { this.#byId.set(call.callId, call) }
    }
  }

  get host(): string {
    return this.wire.host
  }

  get port(): number {
    return this.wire.port
  }

  /** `sip:<number>@host:port`: where this phone can be called. */
  get uri(): string {
    return `sip:${this.number}@${hostPort(this.host, this.port)}`
  }

  /** Calls a number. The INVITE leaves as soon as the sockets for its audio are open. */
  call(number: string, options: CallOptions): OutgoingCall {
    const call = new OutgoingCall(this.#core, number, options)
    this.calls.push(call)
    return call
  }

  /** Hands every call that comes to `handler`, at once; without one they wait for `nextCall`. */
  onCall(handler: (call: IncomingCall) => void): void {
    this.#handler = handler
    for (const call of this.#unclaimed.splice(0)) handler(call)
  }

  /** The next call that comes, or that waits already. @throws PhoneError when the time is over */
  nextCall(withinMs = 5000): Promise<IncomingCall> {
    return this.#core.watch.until(() => this.#unclaimed.shift(), withinMs, 'a call')
  }

  /** Calls that came and that nobody took yet. */
  get waiting(): number {
    return this.#unclaimed.length
  }

  /** Loses the next messages that fit, on their way in or out. @param times how many; Infinity for all */
  lose(loss: Loss, times = 1): void {
    this.wire.lose(loss, times)
  }

  /** All bytes that ever arrived: SIP, RTP and RTCP, one after the other. */
  get seen(): Buffer {
    return this.#bytes('in')
  }

  /** All bytes that ever left. */
  get sent(): Buffer {
    return this.#bytes('out')
  }

  /** Every RTP and RTCP packet of all calls. */
  get packets(): AudioPacket[] {
    return this.#audios.flatMap(({ packets }) => packets)
  }

  /** Forgets calls that ended long ago, and what passed before, for phones that live long. @param beforeMs of `performance.now()` */
  forget(beforeMs: number): void {
    this.wire.forget(beforeMs)
    const old = this.calls.filter(({ endedAt }) => endedAt < beforeMs)
    for (const call of old) this.#byId.delete(call.callId)
    keep(this.calls, (call) => !old.includes(call))
    keep(this.#audios, (audio) => !old.some((call) => call.audio === audio))
  }

  /** What is still going on: all zero when the last call is over and its timers have run out. */
  get busy(): { readonly transactions: number, readonly dialogs: number, readonly timers: number } {
    return { transactions: this.#layer.transactions, dialogs: this.#core.agent.dialogs, timers: this.#core.timers.running }
  }

  /** Falls silent at once, without a goodbye to anybody. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#core.agent.close()
    this.#layer.close()
    this.#core.timers.cancelAll()
    await Promise.all([this.wire.close(), ...this.#audios.map((audio) => audio.close())])
  }

  async #openAudio(): Promise<PhoneAudio> {
    const audio = await PhoneAudio.open({ host: this.host, number: this.number, clock: this.#clock, changed: () => this.#core.watch.changed() })
    this.#audios.push(audio)
    if (this.#closed) await audio.close()
    return audio
  }

  #bytes(direction: 'in' | 'out'): Buffer {
    const all = [...this.wire.messages, ...this.packets].filter((one) => one.direction === direction)
    return Buffer.concat(all.map(({ data }) => data))
  }

  #user(): AgentUser {
    return {
      onRequest: (incoming) => this.#request(incoming),
      onCancel: (invite) => this.#byId.get(invite.request.callId)?.end({ by: 'cancelled', status: 487 }),
      onAck: (dialog, ack) => this.#byId.get(dialog.callId)?.acked(ack.body),
      onEnded: (dialog) => this.#byId.get(dialog.callId)?.end({ by: 'lost' }),
      onError: (error) => this.log?.error('phone.unexpected', errorFields(error))
    }
  }

  #request(incoming: Incoming): void {
    const { dialog } = incoming
    if (dialog !== undefined) this.#byId.get(dialog.callId)?.handle(incoming)
    else if (incoming instanceof IncomingInvite) this.#ring(incoming)
    else incoming.respond(incoming.request.method === 'OPTIONS' ? 200 : 405)
  }

  #ring(invite: IncomingInvite): void {
    const call = new IncomingCall(this.#core, invite)
    this.calls.push(call)
    if (this.#handler === undefined) this.#unclaimed.push(call)
    else this.#handler(call)
    this.#core.watch.changed()
  }
}

/** Leaves in a list, in its place, what fits. */
function keep<T>(list: T[], fits: (one: T) => boolean): void {
  list.splice(0, Infinity, ...list.filter(fits))
}

/** Switches a phone on. @throws the system's error with its `code` when the port is taken */
export async function createPhone({ number, host = '127.0.0.1', port = 0, t1 = 500, log }: PhoneOptions): Promise<Phone> {
  const wire = await Wire.listen(host, port)
  const timers = new Timers({ t1 }, (error) => log?.error('phone.unexpected', errorFields(error)))
  return new Phone(number, wire, timers, log)
}
