import { MaskError } from '../errors.js'
import { connectDrachtio, type DrachtioOptions } from './drachtio.js'
import type { AnsweredLeg, Dial, InboundCall, RegisterRequest, SipPort } from './types.js'

/**
 * Connects to every SIP server that `url` names, with commas between. Calls come from all of them; a call leaves by
 * each in turn, as long as it is connected. One server is enough to go on.
 * @throws MaskError sip_unavailable when one of them is not there at the start, or a secret is wrong
 */
export async function connectSip(options: DrachtioOptions): Promise<SipPort> {
  const tries = await Promise.allSettled(options.url.split(',').map((url) => connectDrachtio({ ...options, url })))
  const ports = tries.flatMap((one) => one.status === 'fulfilled' ? [one.value] : [])
  if (ports.length < tries.length) {
    await Promise.all(ports.map((port) => port.close()))
    throw new MaskError('sip_unavailable')
  }
  return ports.length === 1 ? ports[0]! : new SipServers(ports)
}

class SipServers implements SipPort {
  #turn = 0

  constructor(private readonly ports: readonly SipPort[]) {}

  get connected(): boolean {
    return this.ports.some(({ connected }) => connected)
  }

  /** The first one's: media engines that are reached by SIP are reached by it. */
  get library(): unknown {
    return this.ports[0]!.library
  }

  get addresses(): readonly string[] {
    return this.ports.flatMap(({ addresses }) => addresses)
  }

  onCall(handler: (call: InboundCall) => void): void {
    for (const port of this.ports) port.onCall(handler)
  }

  onRegister(handler: (request: RegisterRequest) => void): void {
    for (const port of this.ports) port.onRegister(handler)
  }

  async dial(order: Dial): Promise<AnsweredLeg> {
    return this.#next().dial(order)
  }

  answers(gateway: string, withinMs: number): Promise<boolean> {
    return this.#next().answers(gateway, withinMs)
  }

  drain(): void {
    for (const port of this.ports) port.drain()
  }

  async close(): Promise<void> {
    await Promise.all(this.ports.map((port) => port.close()))
  }

  #next(): SipPort {
    const connected = this.ports.filter((port) => port.connected)
    return connected[this.#turn++ % connected.length] ?? this.ports[0]!
  }
}
