import { lookup as resolve, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { Agent, request } from 'undici'
import type { AddressRules } from './address.js'
import type { Failure, Sent } from './types.js'

const connectMs = 3000
const wholeMs = 10_000
/** Bytes of an answer that are read. */
const answerBytes = 4096

export interface Message {
  readonly id: string
  readonly body: string
  readonly secrets: readonly string[]
  /** Unix ms of this try; a receiver refuses one that is more than five minutes away from its own clock. */
  readonly at: number
  readonly timeoutMs?: number
}

export interface Answer {
  readonly status: number
  /** The first 4 KB. */
  readonly text: string
}

class AddressRefused extends Error {}

/** Posts signed messages to addresses of shops, and to none that the rules forbid. */
export class Sender {
  readonly #agents: Readonly<Record<string, Agent>>

  constructor(private readonly rules: AddressRules) {
    const agent = (may: (address: string) => boolean): Agent => new Agent({ connect: { lookup: lookupWithin(may), timeout: connectMs }, pipelining: 1, connections: 8, maxHeaderSize: 8192 })
    // Without TLS anybody on the way reads along: only where the operator calls the network ours.
    this.#agents = { 'https:': agent(rules.allows), 'http:': agent(rules.isOurs) }
  }

  /** One try. Never rejects. */
  async send(url: string, message: Message): Promise<Sent> {
    try {
      const { status } = await this.post(url, message)
      if (status >= 200 && status < 300) return { ok: true, status }
      return { ok: false, reason: status === 410 ? 'gone' : 'status', status }
    } catch (error) {
      return { ok: false, reason: reasonOf(error) }
    }
  }

  /** @throws whatever kept it from being answered */
  async post(url: string, { id, body, secrets, at, timeoutMs = wholeMs }: Message): Promise<Answer> {
    const target = new URL(url)
    const dispatcher = this.#agentFor(target)
    const timestamp = new Date(at)
    const { statusCode, body: answer } = await request(target, {
      method: 'POST',
      dispatcher,
      signal: AbortSignal.timeout(timeoutMs),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      // Standard Webhooks: several signatures, so that a secret can be replaced without a pause.
      headers: {
        'content-type': 'application/json', 'user-agent': 'Maskline',
        'webhook-id': id, 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, timestamp, body)).join(' ')
      },
      body
    })
    const pieces: Buffer[] = []
    let length = 0
    for await (const piece of answer as AsyncIterable<Buffer>) {
      pieces.push(piece)
      length += piece.length
      if (length >= answerBytes) break
    }
    return { status: statusCode, text: Buffer.concat(pieces).toString('utf8', 0, answerBytes) }
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#agents).map((agent) => agent.destroy()))
  }

  /** An address in digits is not looked up, so it is checked here. @throws AddressRefused */
  #agentFor({ protocol, hostname }: URL): Agent {
    const address = hostname.replace(/^\[|\]$/g, '')
    const may = protocol === 'https:' ? this.rules.allows : this.rules.isOurs
    const agent = this.#agents[protocol]
    if (agent === undefined || (isIP(address) !== 0 && !may(address))) throw new AddressRefused()
    return agent
  }
}

/** The address that is checked is the one that is connected to: no second look-up could tell another one. */
function lookupWithin(may: (address: string) => boolean): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { all: true, verbatim: true }, (error, addresses) => {
      if (error) { done(error, ''); return }
      // One forbidden address is enough: a name that points home is no honest name.
      if (addresses.length === 0 || !addresses.every(({ address }) => may(address))) { done(new AddressRefused(), ''); return }
      if (options.all) (done as unknown as (error: null, addresses: LookupAddress[]) => void)(null, addresses)
      else done(null, addresses[0]!.address, addresses[0]!.family)
    })
  }
}

function reasonOf(error: unknown): Failure['reason'] {
  const { name, cause, code } = error as { name?: string, cause?: unknown, code?: string }
  if (error instanceof AddressRefused || cause instanceof AddressRefused) return 'address'
  return name === 'TimeoutError' || name === 'AbortError' || code?.endsWith('_TIMEOUT') === true ? 'timeout' : 'connection'
}
