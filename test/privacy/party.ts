import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { newId } from '../../src/ids.js'
import { Canaries } from './canary.js'
import { Message, type Carrier, type Subscriber } from './carrier.js'
import { rtcpWithNames, rtpWithExtras } from './packets.js'
import { harmless, sdpLines, type Place } from './places.js'

const patienceMs = 8000

export interface Draft {
  readonly places?: readonly Place[]
  readonly type?: string
  readonly body?: string
}

/** One end of a dialog. */
export interface Dialog {
  readonly callId: string
  readonly own: string
  peer: string
  target: string
  cseq: number
  /** The newest request that was sent in it. */
  last: string
}

/** A person's phone that plants a secret wherever a message has room for one, and keeps every byte. */
export class Party implements Subscriber {
  readonly canaries: Canaries
  readonly sent: Buffer[] = []
  readonly seen: Buffer[] = []
  /** Numbers of this side that are planted, each in turn; the first is its own. */
  readonly numbers: readonly string[]
  /** What to say to a request that no test waits for. */
  answerOthers = true
  readonly #inbox: Message[] = []
  readonly #wake = new Set<() => void>()
  #turn = 0

  private constructor(readonly side: 'a' | 'b', readonly number: string, readonly carrier: Carrier, private readonly rtp: Socket, private readonly rtcp: Socket) {
    this.canaries = new Canaries(side)
    const first = side === 'a' ? 610 : 655
    this.numbers = [number, ...Array.from({ length: 40 }, (_, index) => `+46701740${first + index}`)]
    carrier.subscribe(this)
    for (const socket of [rtp, rtcp]) socket.on('message', (bytes) => { this.seen.push(bytes) })
  }

  static async open(side: 'a' | 'b', number: string, carrier: Carrier): Promise<Party> {
    const sockets = [createSocket('udp4'), createSocket('udp4')] as const
    for (const socket of sockets) {
      socket.bind(0, '127.0.0.1')
      await once(socket, 'listening')
    }
    return new Party(side, number, carrier, ...sockets)
  }

  async close(): Promise<void> {
    await Promise.all([this.rtp, this.rtcp].map((socket) => new Promise<void>((resolve) => { socket.close(() => resolve()) })))
  }

  take(message: Message, bytes: Buffer): void {
    this.seen.push(bytes)
    if (message.method === 'ACK' || message.status >= 100 || message.method === 'INVITE' || message.method === 'CANCEL' || !this.answerOthers) this.#inbox.push(message)
    else this.respond(message, 200)
    for (const wake of this.#wake) wake()
  }

  /** Forgets what nobody waited for. */
  clear(): void {
    this.#inbox.length = 0
  }

  /** The next message that fits; what came before it is left for others. */
  async next(fits: (message: Message) => boolean, what: string, withinMs = patienceMs): Promise<Message> {
    const end = Date.now() + withinMs
    for (;;) {
      const at = this.#inbox.findIndex(fits)
      if (at !== -1) return this.#inbox.splice(at, 1)[0]!
      const left = end - Date.now()
      if (left <= 0) throw new Error(`${this.side} waited in vain for ${what}`)
      await new Promise<void>((resolve) => {
        const done = (): void => { clearTimeout(timer); this.#wake.delete(done); resolve() }
        const timer = setTimeout(done, left)
        this.#wake.add(done)
      })
    }
  }

  final(dialog: Dialog, method: string): Promise<Message> {
    return this.next((message) => message.status >= 200 && message.method === method && message.header('Call-ID') === dialog.callId, `an answer to ${method}`)
  }

  /** The next call that comes. */
  called(): Promise<Message> {
    return this.next((message) => message.method === 'INVITE' && message.status === 0, 'a call')
  }

  /** A new call to a number. @param from something else than the phone's own */
  invite(number: string, draft: Draft & { readonly method?: string } = {}): Dialog {
    const method = draft.method ?? 'INVITE'
    const secret = this.secret(method)
    const callId = `${newId()}-${secret('Call-ID')}`
    const dialog: Dialog = { callId, own: `"${secret('display')}" <sip:${this.number}@${secret('From host')}.example;phone-context=${secret('From parameter')}>;tag=${newId(8)}`, peer: `"${secret('To display')}" <sip:${number}@${secret('To host')}.example>`, target: `sip:${number}@127.0.0.1`, cseq: 0, last: '' }
    this.carrier.owns(callId, this)
    this.request(dialog, method, draft)
    return dialog
  }

  /** A request within a dialog, with secrets in everything that it has room for. */
  request(dialog: Dialog, method: string, { places = harmless, type = 'application/sdp', body }: Draft = {}): void {
    // An ACK has the number of its INVITE, and so has a CANCEL, which also goes the same way.
    const follows = method === 'ACK' || method === 'CANCEL'
    if (!follows) dialog.cseq++
    const secret = this.secret(method)
    const via = method === 'CANCEL' ? new Message(dialog.last).lines('Via') : [`Via: SIP/2.0/UDP 127.0.0.1:${this.carrier.port};branch=z9hG4bK${newId()};rport;${secret('Via')}=1`]
    const text = this.#write([
      `${method} ${dialog.target} SIP/2.0`, ...via, `From: ${dialog.own}`, `To: ${dialog.peer}`, `Call-ID: ${dialog.callId}`, `CSeq: ${dialog.cseq} ${method}`, 'Max-Forwards: 70',
      `Contact: "${secret('Contact display')}" <sip:${this.number}@127.0.0.1:${this.carrier.port};${secret('Contact')}=1>;+sip.instance="<urn:uuid:${secret('instance')}>"`,
      `P-Asserted-Identity: <sip:${this.number}@${secret('PAI host')}.example>`,
      ...this.plant(method, places)
    ], body, type)
    if (!follows) dialog.last = text
  }

  /** A response, with secrets in its reason phrase and its headers. */
  respond(request: Message, status: number, { places = harmless, type = 'application/sdp', body, tag = 'b' }: Draft & { readonly tag?: string } = {}): void {
    const message = `${status} to ${request.method}`
    const secret = this.secret(message)
    const to = request.header('To')
    this.#write([
      `SIP/2.0 ${status} ${secret('reason phrase')} ${this.#number()}`, ...request.lines('Via'), ...request.lines('Record-Route'), ...request.lines('From'),
      `To: ${to}${to.includes('tag=') || status === 100 ? '' : `;tag=${tag}${newId(4)}${secret('To tag')}`}`, ...request.lines('Call-ID'), ...request.lines('CSeq'),
      `Contact: "${secret('Contact display')}" <sip:${this.number}@127.0.0.1:${this.carrier.port};${secret('Contact')}=1>`,
      ...this.plant(message, places)
    ], body, type)
  }

  /** The dialog that an INVITE to this party began, once it was answered with `ok`. */
  accepted(invite: Message): Dialog {
    const answer = new Message(this.sent.map((bytes) => bytes.toString('utf8')).findLast((text) => text.startsWith('SIP/2.0 200') && text.includes(invite.header('Call-ID')) && text.includes('INVITE'))!)
    return { callId: invite.header('Call-ID'), own: answer.header('To'), peer: invite.header('From'), target: invite.contact, cseq: 1, last: '' }
  }

  /** Takes what a final response says about the dialog. */
  joined(dialog: Dialog, response: Message): void {
    dialog.peer = response.header('To')
    if (response.contact !== '') dialog.target = response.contact
  }

  /** Header lines with a secret each. */
  plant(message: string, places: readonly Place[]): string[] {
    return places.map(([name, value]) => `${name}: ${value(this.canaries.word(name, message), this.#number())}`)
  }

  secret(message: string): (place: string) => string {
    return (place) => this.canaries.word(place, message)
  }

  /** A description with a secret in every line that has room for one. @param direction such as `sendonly` */
  sdp(message: string, direction = 'sendrecv'): string {
    const word = (place: string): string => this.canaries.word(`SDP ${place}`, message)
    const number = this.#number()
    return [
      'v=0', `o=${word('o=')} 1 1 IN IP4 127.0.0.1`, ...sdpLines.session(word, number.slice(1)), 'c=IN IP4 127.0.0.1', 't=0 0', `a=tool:${word('session tool')}`,
      `m=audio ${this.rtp.address().port} RTP/AVP 8 0 101`, `i=${word('media i=')}`, 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', `a=fmtp:101 0-15;${word('fmtp')}=1`, 'a=ptime:20', `a=${direction}`, `a=rtcp:${this.rtcp.address().port}`,
      `a=candidate:1 1 UDP 2130706431 ${word('candidate')}.local 9 typ host raddr ${word('raddr')}.local`,
      ...sdpLines.attributes.map((name) => `a=${name}:${sdpLines.value(name, word(name), number.slice(1))}`), ''
    ].join('\r\n')
  }

  /** Speaks for a moment, with secrets in everything around the sound. @param sdp of the other end of this leg */
  async speak(sdp: string, message: string): Promise<void> {
    const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0)
    const rtcpPort = Number(/^a=rtcp:(\d+)/m.exec(sdp)?.[1] ?? port + 1)
    const secret = this.secret(message)
    for (let count = 0; count < 10; count++) {
      this.#media(this.rtp, rtpWithExtras(count, secret('RTP extension'), secret('RTP padding')), port)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    this.#media(this.rtcp, rtcpWithNames((item) => `${secret(`RTCP ${item}`)} ${this.#number()}`), rtcpPort)
    await new Promise((resolve) => setTimeout(resolve, 60))
  }

  #media(socket: Socket, bytes: Buffer, port: number): void {
    this.sent.push(bytes)
    socket.send(bytes, port, '127.0.0.1')
  }

  #write(head: readonly string[], body = '', type: string): string {
    const text = [...head, ...(body === '' ? [] : [`Content-Type: ${type}`]), `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n')
    this.sent.push(this.carrier.send(text))
    return text
  }

  #number(): string {
    return this.numbers[1 + this.#turn++ % (this.numbers.length - 1)]!
  }
}
