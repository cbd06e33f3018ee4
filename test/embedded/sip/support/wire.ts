import { mock } from 'node:test'
import { parseMessage, stampVia, type Protocol, type Remote, type SipMessage, type Transport, type TransportUser } from '../../../../src/embedded/sip/index.js'

/** One message on the scripted network. */
export interface Hop {
  /** Virtual milliseconds since the wire was made. */
  readonly at: number
  readonly from: number
  readonly to: number
  /** `INVITE`, `200 INVITE` … */
  readonly name: string
  readonly message: SipMessage
  readonly lost: boolean
}

/**
 * A network of endpoints that are named by their port, without sockets and on a virtual clock: nothing
 * happens until `pass` lets time go by.
 */
export class Wire {
  readonly hops: Hop[] = []
  /** Decides what gets lost. */
  lose: (name: string, hop: { from: number; to: number; count: number }) => boolean = () => false
  /** Ports that refuse connections. */
  readonly refusing = new Set<number>()
  readonly #users = new Map<number, TransportUser>()
  readonly #counts = new Map<string, number>()
  #now = 0

  constructor() {
    mock.timers.enable({ apis: ['setTimeout'] })
  }

  close(): void {
    mock.timers.reset()
  }

  endpoint(port: number, user?: TransportUser): Transport {
    if (user !== undefined) this.#users.set(port, user)
    return {
      host: '127.0.0.1', port,
      send: (bytes, to, failed) => {
        if (this.refusing.has(to.port)) queueMicrotask(() => failed?.(new Error('refused')))
        else this.#carry(bytes, port, to)
      }
    }
  }

  use(port: number, user: TransportUser): void {
    this.#users.set(port, user)
  }

  /** Lets time pass in small steps and everything arrive that is on its way. */
  async pass(ms: number, step = 5): Promise<void> {
    await settle()
    for (let left = ms; left > 0; left -= step) {
      const now = Math.min(step, left)
      this.#now += now
      mock.timers.tick(now)
      await settle()
    }
  }

  /** Names of the messages that went from one port to another, lost ones in brackets. */
  sent(from: number, to: number): string[] {
    return this.hops.filter((hop) => hop.from === from && hop.to === to).map((hop) => hop.lost ? `[${hop.name}]` : hop.name)
  }

  /** When messages of this name left. */
  times(name: string, from: number): number[] {
    return this.hops.filter((hop) => hop.name === name && hop.from === from).map((hop) => hop.at)
  }

  last(name: string): SipMessage {
    const hop = this.hops.filter((one) => one.name === name).at(-1)
    if (hop === undefined) throw new Error(`no ${name} was sent`)
    return hop.message
  }

  #carry(bytes: Buffer, from: number, to: Remote): void {
    const message = parseMessage(bytes)
    const name = message.kind === 'request' ? message.method : `${message.status} ${message.cseq.method}`
    const key = `${name} ${from} ${to.port}`
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    const lost = this.lose(name, { from, to: to.port, count })
    this.hops.push({ at: this.#now, from, to: to.port, name, message, lost })
    if (!lost) queueMicrotask(() => this.#arrive(bytes, from, to))
  }

  #arrive(bytes: Buffer, port: number, to: Remote): void {
    const source: Remote = { protocol: to.protocol, address: '127.0.0.1', port }
    const message = parseMessage(bytes)
    if (message.kind === 'request') stampVia(message, source)
    this.#users.get(to.port)?.onMessage(message, source)
  }
}

async function settle(): Promise<void> {
  // Each message may cause others; setImmediate is not mocked and runs after all microtasks.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export function remote(port: number, protocol: Protocol = 'udp'): Remote {
  return { protocol, address: '127.0.0.1', port }
}
