import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect as connectTcp, type Socket as Stream } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { newId } from '../../src/ids.js'
import { authorize } from '../../src/sip/digest.js'
import { Message } from '../privacy/carrier.js'

export type Protocol = 'udp' | 'tcp' | 'tls'
/** Not 127.0.0.1, where the carrier of the tests is: whoever is here is a stranger. */
export const appAddress = '127.0.0.2'

export interface Secret {
  readonly username: string
  readonly password: string
  readonly domain: string
}

export interface Dialog {
  readonly callId: string
  readonly local: string
  readonly remote: string
  readonly target: string
  cseq: number
}

type Lines = Readonly<Record<string, string | number>>

export interface Draft {
  readonly secret?: Secret
  readonly body?: string
  /** A header that every request has is replaced by one of its name. */
  readonly headers?: Lines
  readonly from?: string
  readonly callId?: string
}

/** A courier's app as bytes on a socket: it says what a test has it say, and keeps all that it hears. With another address it may be a carrier. */
export class AppPhone {
  readonly heard: Message[] = []
  /** Told of every message as it comes. */
  listen: (message: Message) => void = () => undefined
  readonly rtp: Socket
  rtpPackets = 0
  /** Bytes that reached this phone. */
  readonly seen: Buffer[] = []
  readonly #wake = new Set<() => void>()
  #cseq = 0
  /** User of its Contact. */
  user = 'app'

  private constructor(readonly protocol: Protocol, readonly address: string, private readonly write: (bytes: Buffer) => void, readonly port: number, readonly close: () => Promise<void>, rtp: Socket, readonly ended: Promise<unknown>) {
    this.rtp = rtp
    rtp.on('message', (bytes) => {
      this.seen.push(bytes)
      this.rtpPackets++
    })
  }

  /** @param place where it is; a port is for UDP only */
  static async open(protocol: Protocol, serverPort: number, place: { readonly address?: string, readonly port?: number } = {}): Promise<AppPhone> {
    const { address = appAddress, port: wanted = 0 } = place
    const rtp = createSocket('udp4')
    rtp.bind(0, address)
    await once(rtp, 'listening')
    const { write, port, end, listen, ended } = protocol === 'udp' ? await overUdp(serverPort, address, wanted) : await overStream(protocol, serverPort)
    const phone = new AppPhone(protocol, address, write, port, async () => {
      await end()
      rtp.close()
    }, rtp, ended)
    listen((bytes) => phone.take(bytes))
    return phone
  }

  /** As most phones, it registers under its account's name. */
  get contact(): string {
    return `<sip:${this.user}@${this.address}:${this.port};transport=${this.protocol}>`
  }

  get sdp(): string {
    return `v=0\r\no=- 1 1 IN IP4 ${this.address}\r\ns=-\r\nc=IN IP4 ${this.address}\r\nt=0 0\r\nm=audio ${this.rtp.address().port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n`
  }

  /** Sends a request, with credentials when it is asked for them. @returns the last answer */
  async ask(method: string, uri: string, { secret, body = '', headers = {}, from = 'sip:app@sip.example', callId = newId() }: Draft = {}): Promise<Message> {
    const tag = newId(8)
    const first = await this.#once(method, uri, { from, tag, callId, body, headers })
    if (first.status !== 401 || secret === undefined) return first
    const answer = authorize(first.header('WWW-Authenticate'), { realm: secret.domain, username: secret.username, password: secret.password }, { method, uri })
    return this.#once(method, uri, { from, tag, callId, body, headers: { ...headers, Authorization: answer ?? '' } })
  }

  register(secret: Secret, headers: Lines = {}): Promise<Message> {
    this.user = secret.username
    return this.ask('REGISTER', `sip:${secret.domain}`, { secret, headers: { Contact: this.contact, ...headers } })
  }

  /** Calls a number. @returns the final answer, acknowledged, and the dialog when there is one */
  async call(number: string, secret: Secret, options: { from?: string, headers?: Lines, body?: string } = {}): Promise<{ final: Message, dialog: Dialog }> {
    const uri = `sip:${number}@${secret.domain}`
    const final = await this.ask('INVITE', uri, { secret, body: this.sdp, ...options, headers: { Contact: this.contact, ...options.headers } })
    const dialog = dialogOf(final)
    if (final.status < 300) this.send('ACK', dialog)
    return { final, dialog }
  }

  /** A request within a dialog. @param uri another Request-URI than the dialog's */
  send(method: string, dialog: Dialog, { uri = dialog.target, body = '', headers = {} }: Pick<Draft, 'body' | 'headers'> & { readonly uri?: string } = {}): void {
    if (method !== 'ACK') dialog.cseq++
    const core = [`From: ${dialog.local}`, `To: ${dialog.remote}`, `Call-ID: ${dialog.callId}`, `CSeq: ${dialog.cseq} ${method}`]
    this.write(this.#bytes(method, uri, [...core, ...linesOf(headers)], body))
  }

  /** The same, and its final answer; an INVITE is acknowledged. */
  async within(method: string, dialog: Dialog, draft: Parameters<AppPhone['send']>[2] = {}): Promise<Message> {
    this.send(method, dialog, draft)
    const cseq = `${dialog.cseq} ${method}`
    const final = await this.next((message) => message.status >= 200 && message.header('Call-ID') === dialog.callId && message.header('CSeq') === cseq)
    if (method === 'INVITE') this.send('ACK', dialog)
    return final
  }

  /** A call that comes. */
  called(): Promise<Message> {
    return this.next((message) => message.status === 0 && message.method === 'INVITE')
  }

  respond(request: Message, status: number, body = '', headers: Lines = {}): void {
    const to = request.header('To')
    const core = [...request.lines('Via'), `From: ${request.header('From')}`, `To: ${to.includes('tag=') ? to : `${to};tag=app`}`, `Call-ID: ${request.header('Call-ID')}`, `CSeq: ${request.header('CSeq')}`, `Contact: ${this.contact}`, ...(body === '' ? [] : ['Content-Type: application/sdp'])]
    this.write(Buffer.from([`SIP/2.0 ${status} Whatever`, ...replaced(core, linesOf(headers)), `Content-Length: ${body.length}`, '', body].join('\r\n')))
  }

  /** The dialog of a call that came and was answered. */
  joined(invite: Message): Dialog {
    return { callId: invite.header('Call-ID'), local: `${invite.header('To')};tag=app`, remote: invite.header('From'), target: invite.contact, cseq: 1 }
  }

  async next(fits: (message: Message) => boolean, withinMs = 10_000): Promise<Message> {
    const end = Date.now() + withinMs
    for (;;) {
      const at = this.heard.findIndex(fits)
      if (at !== -1) return this.heard.splice(at, 1)[0]!
      if (Date.now() > end) throw new Error('The app waited in vain.')
      await new Promise<void>((resolve) => {
        const done = (): void => { clearTimeout(timer); this.#wake.delete(done); resolve() }
        const timer = setTimeout(done, 100)
        this.#wake.add(done)
      })
    }
  }

  raw(text: string): void {
    this.write(Buffer.from(text))
  }

  async #once(method: string, uri: string, { from, tag, callId, body, headers }: { from: string, tag: string, callId: string, body: string, headers: Lines }): Promise<Message> {
    const cseq = ++this.#cseq
    const core = [`From: "Canary Tamm" <${from}>;tag=${tag}`, `To: <${uri}>`, `Call-ID: ${callId}`, `CSeq: ${cseq} ${method}`]
    const branch = newId()
    this.write(this.#bytes(method, uri, [...core, ...linesOf(headers)], body, branch))
    const final = await this.next((message) => message.status >= 200 && message.header('Call-ID') === callId && message.header('CSeq') === `${cseq} ${method}`, 20_000)
    // RFC 3261 §17.1.1.3: the ACK to a refusal goes the same way as the INVITE.
    if (method === 'INVITE' && final.status >= 300) this.write(this.#bytes('ACK', uri, [core[0]!, `To: ${final.header('To')}`, core[2]!, `CSeq: ${cseq} ACK`], '', branch))
    return final
  }

  #bytes(method: string, uri: string, lines: readonly string[], body: string, branch = newId()): Buffer {
    const usual = [`Via: SIP/2.0/${this.protocol.toUpperCase()} ${this.address}:${this.port};branch=z9hG4bK${branch};rport`, 'Max-Forwards: 70', ...(body === '' ? [] : ['Content-Type: application/sdp'])]
    return Buffer.from([`${method} ${uri} SIP/2.0`, ...replaced(usual, replaced(lines.slice(0, 4), lines.slice(4))), `Content-Length: ${body.length}`, '', body].join('\r\n'))
  }

  private take(bytes: Buffer): void {
    this.seen.push(bytes)
    const message = new Message(bytes.toString())
    if (message.status === 0 && !['INVITE', 'ACK'].includes(message.method)) this.respond(message, 200)
    this.heard.push(message)
    this.listen(message)
    for (const wake of this.#wake) wake()
  }
}

interface Way {
  readonly write: (bytes: Buffer) => void
  readonly port: number
  readonly end: () => Promise<void>
  /** When the connection is over; a datagram socket has none. */
  readonly ended: Promise<unknown>
  /** Says who takes what arrives; nothing does before the first request. */
  readonly listen: (take: (bytes: Buffer) => void) => void
}

const linesOf = (headers: Lines): string[] => Object.entries(headers).map(([name, value]) => `${name}: ${value}`)

/** Header lines, those that come again in the place of the first. */
function replaced(lines: readonly string[], more: readonly string[]): string[] {
  const nameOf = (line: string): string => line.slice(0, line.indexOf(':')).toLowerCase()
  const names = new Set(more.map(nameOf))
  return [...lines.filter((line) => !names.has(nameOf(line))), ...more]
}

/** The dialog that a final response to an INVITE of ours began. */
export function dialogOf(final: Message): Dialog {
  return { callId: final.header('Call-ID'), local: final.header('From'), remote: final.header('To'), target: final.contact, cseq: Number.parseInt(final.header('CSeq'), 10) }
}

async function overUdp(serverPort: number, address: string, wanted: number): Promise<Way> {
  const socket = createSocket('udp4')
  socket.bind(wanted, address)
  await once(socket, 'listening')
  return { listen: (take) => socket.on('message', take), write: (bytes) => socket.send(bytes, serverPort, '127.0.0.1'), port: socket.address().port, ended: new Promise(() => undefined), end: () => new Promise((resolve) => { socket.close(() => resolve()) }) }
}

async function overStream(protocol: 'tcp' | 'tls', serverPort: number): Promise<Way> {
  const plain = connectTcp({ host: '127.0.0.1', port: serverPort, localAddress: appAddress })
  await once(plain, 'connect')
  // The certificate of the tests is signed by nobody.
  const stream: Stream = protocol === 'tcp' ? plain : connectTls({ socket: plain, rejectUnauthorized: false })
  if (protocol === 'tls') await once(stream, 'secureConnect')
  stream.on('error', () => undefined)
  const ended = new Promise((resolve) => { stream.on('close', resolve) })
  const listen = (take: (bytes: Buffer) => void): void => {
    let held = Buffer.alloc(0)
    stream.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      for (let end = lengthOf(held); end !== undefined; end = lengthOf(held)) {
        take(held.subarray(0, end))
        held = held.subarray(end)
      }
    })
  }
  return { write: (bytes) => stream.write(bytes), port: plain.localPort ?? 0, end: async () => { stream.destroy() }, ended, listen }
}

/** Where the first message in these bytes ends; undefined when it is not whole. */
function lengthOf(bytes: Buffer): number | undefined {
  const head = bytes.indexOf('\r\n\r\n')
  if (head === -1) return undefined
  const end = head + 4 + Number(/^Content-Length:\s*(\d+)/im.exec(bytes.toString('latin1', 0, head))?.[1] ?? 0)
  return bytes.length >= end ? end : undefined
}
