import { createHash } from 'node:crypto'
import {
  createResponse, formatVia, hostPort, parseNameAddr, parseVia, responseTarget, serialize, SipTransport, targetOf, tryParseUri,
  type Remote, type SipMessage, type SipRequest, type SipResponse
} from '../sip/index.js'
import type { Phone } from './phone.js'

export interface GatewayOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default: any free one. */
  readonly port?: number
}

/**
 * A carrier's gateway: one port between an application and any number of phones. It hands a call to the phone
 * whose number is the user of the Request-URI, and the calls of phones to the application, with the number of
 * the phone as P-Asserted-Identity: the carrier knows its subscribers and believes no header of theirs.
 * A stateless proxy (RFC 3261 §16.11) that records its route.
 */
export class Gateway {
  readonly #phones = new Map<string, Phone>()
  #applications: readonly string[] = []

  constructor(private readonly transport: SipTransport) {
    transport.use({
      onMessage: (message, from) => this.#message(message, from),
      onMalformed: () => undefined
    })
  }

  get port(): number {
    return this.transport.port
  }

  /** `sip:host:port`: what the application has as its gateway, and phones as `via`. */
  get uri(): string {
    return `sip:${hostPort(this.transport.host, this.transport.port)}`
  }

  /** Where the calls of phones go: each to one of these, the same for all its messages. @param uris such as `sip:127.0.0.1:5060` */
  routeTo(...uris: readonly string[]): void {
    this.#applications = uris
  }

  /** Takes phones as subscribers under their numbers. */
  register(...phones: readonly Phone[]): void {
    for (const phone of phones) this.#phones.set(phone.number, phone)
  }

  close(): Promise<void> {
    return this.transport.close()
  }

  #message(message: SipMessage, from: Remote): void {
    try {
      if (message.kind === 'response') this.#response(message)
      else this.#request(message, from)
    } catch {
      // What cannot be routed is lost, as on any network.
    }
  }

  #request(request: SipRequest, from: Remote): void {
    const hops = Number(request.headers.get('max-forwards') ?? 70)
    if (hops === 0) return this.#refuse(request, from, 483)
    // The branch follows from the sender's, so that copies, CANCEL and the ACK to a refusal have the same one (§16.11).
    const branch = createHash('sha256').update(request.headers.get('via') ?? '').digest('hex').slice(0, 20)
    const to = request.toTag === undefined || !this.#dropOwnRoute(request) ? this.#routeNew(request, from) : this.#nextHop(request)
    if (to === undefined) return this.#refuse(request, from, 404)
    request.headers.set('Max-Forwards', String(hops - 1))
    request.headers.prepend('Via', formatVia({ protocol: to.protocol.toUpperCase(), host: this.transport.host, port: this.port, params: new Map([['branch', `z9hG4bK${branch}`], ['rport', undefined]]) }))
    this.transport.send(serialize(request), to)
  }

  /** A request outside a dialog: to a phone by its number, from a phone to the application. */
  #routeNew(request: SipRequest, from: Remote): Remote | undefined {
    const number = tryParseUri(request.uri)?.user ?? ''
    const called = this.#phones.get(decodeURIComponent(number))
    const caller = [...this.#phones.values()].find(({ host, port }) => host === from.address && port === from.port)
    const application = this.#applicationFor(request.callId)
    const target = called?.uri ?? (caller === undefined || application === undefined ? undefined : `sip:${number}@${application.replace(/^sip:/, '')}`)
    if (target === undefined) return undefined
    request.uri = target
    if (request.method === 'INVITE') {
      if (caller !== undefined) this.#vouch(request, caller)
      request.headers.prepend('Record-Route', `<${this.uri};lr>`)
    }
    return targetOf(target)
  }

  #applicationFor(callId: string): string | undefined {
    return this.#applications[createHash('sha256').update(callId).digest().readUInt32BE() % this.#applications.length]
  }

  #vouch(request: SipRequest, caller: Phone): void {
    request.headers.remove('p-asserted-identity').remove('p-preferred-identity').remove('remote-party-id')
    request.headers.add('P-Asserted-Identity', `<sip:${caller.number}@${this.transport.host}>`)
  }

  /** @returns whether the first Route was ours */
  #dropOwnRoute(request: SipRequest): boolean {
    const [first, ...rest] = request.headers.all('route')
    const uri = first === undefined ? undefined : tryParseUri(parseNameAddr(first).uri)
    if (uri?.host !== this.transport.host || uri.port !== this.port) return false
    request.headers.remove('route')
    for (const route of rest.reverse()) request.headers.prepend('Route', route)
    return true
  }

  #nextHop(request: SipRequest): Remote {
    const route = request.headers.get('route')
    return targetOf(route === undefined ? request.uri : parseNameAddr(route).uri)
  }

  #response(response: SipResponse): void {
    const [own, ...others] = response.headers.all('via')
    const next = others[0] === undefined ? undefined : parseVia(others[0])
    if (own === undefined || next === undefined || parseVia(own).port !== this.port) return
    response.headers.remove('via')
    for (const via of others.reverse()) response.headers.prepend('Via', via)
    const received = next.params.get('received') ?? next.host
    const port = Number(next.params.get('rport') ?? next.port ?? 5060)
    this.transport.send(serialize(response), { protocol: next.protocol === 'TCP' ? 'tcp' : 'udp', address: received, port })
  }

  #refuse(request: SipRequest, from: Remote, status: number): void {
    if (request.method === 'ACK') return
    const toTag = createHash('sha256').update(`${request.callId} ${request.fromTag}`).digest('hex').slice(0, 16)
    this.transport.send(serialize(createResponse(request, status, { toTag })), responseTarget(request.via, from))
  }
}

/** Opens a gateway. @throws the system's error with its `code` when the port is taken */
export async function createGateway({ host = '127.0.0.1', port = 0 }: GatewayOptions = {}): Promise<Gateway> {
  return new Gateway(await SipTransport.listen({ host, port }))
}
