import type { Remote } from './types.js'

/** Sockets remembered; those longest known are forgotten first. */
const most = 20_000

/** `METHOD uri SIP/2.0` of the requests with which somebody unknown may begin, and of what ends such an INVITE. */
const opening = /^(?:REGISTER|INVITE|ACK|CANCEL) sips?:(?:[^@\s]*@)?([^:;?\s]+)\S* SIP\/2\.0\r?\n/i

/**
 * Who is read although no trunk is at the address: whoever begins with a request to our own domain, which has to be
 * known, and the sockets that an application has welcomed since. For all others the port is as good as closed.
 */
export class Guests {
  readonly #until = new Map<string, number>()

  /** @param domain in lower case */
  constructor(private readonly domain: string, private readonly clock: () => number = () => performance.now()) {}

  /** Reads everything from this socket for so many milliseconds. */
  welcome(address: string, port: number, forMs: number): void {
    const key = keyOf(address, port)
    const until = Math.max(this.#until.get(key) ?? 0, this.clock() + forMs)
    this.#until.delete(key)
    this.#until.set(key, until)
    const [oldest] = this.#until.keys()
    if (this.#until.size > most && oldest !== undefined) this.#until.delete(oldest)
  }

  admits(data: Buffer, { address, port }: Pick<Remote, 'address' | 'port'>): boolean {
    if ((this.#until.get(keyOf(address, port)) ?? -Infinity) > this.clock()) return true
    return opening.exec(data.toString('latin1', 0, 512))?.[1]?.toLowerCase() === this.domain
  }
}

const keyOf = (address: string, port: number): string => `${address.replace(/^::ffff:/i, '')} ${port}`
