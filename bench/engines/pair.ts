import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { newId } from '../../src/ids.js'
import { Message } from '../../test/privacy/carrier.js'

/** Milliseconds of one call; NaN for what was not heard. */
export interface CallTimes {
  /** INVITE sent → INVITE at the callee. */
  readonly invite: number
  /** The callee's 200 sent → 200 at the caller. */
  readonly answer: number
  /** The callee's 200 sent → both have heard the other. */
  readonly audio: number
}

export interface Line {
  readonly caller: string
  /** What is dialled. */
  readonly number: string
}

const patienceMs = 8000
const audioPatienceMs = 3000
/** Time for what is done after a call, so that it does not count as the next one's set-up. */
const pauseMs = 200

/** Both ends of a call on sockets of this process: a caller at the carrier and a callee behind its gateway. */
export class Pair {
  readonly #waiting = new Map<string, (message: Message) => void>()
  readonly #answers = new Map<string, Buffer>()
  onInvite: () => void = () => undefined
  onAnswer: (sdp: string) => void = () => undefined
  #port = 0

  private constructor(private readonly caller: Socket, private readonly callee: Socket, private readonly rtp: readonly [Socket, Socket], private readonly ringMs: number) {
    caller.on('message', (bytes) => this.#atCaller(bytes))
    callee.on('message', (bytes, from) => this.#atCallee(bytes, from))
  }

  /** @param gatewayPort where the callee listens @param ringMs how long the callee rings */
  static async open(gatewayPort: number, ringMs: number): Promise<Pair> {
    const [caller, callee, a, b] = await Promise.all([0, gatewayPort, 0, 0].map(async (port) => {
      const socket = createSocket('udp4')
      socket.bind(port, '127.0.0.1')
      await once(socket, 'listening')
      socket.setRecvBufferSize(4 * 1024 * 1024)
      return socket
    })) as [Socket, Socket, Socket, Socket]
    return new Pair(caller, callee, [a, b], ringMs)
  }

  /** Which server is called. */
  target(port: number): void {
    this.#port = port
  }

  async close(): Promise<void> {
    await Promise.all([this.caller, this.callee, ...this.rtp].map((socket) => new Promise<void>((resolve) => { socket.close(() => resolve()) })))
  }

  /** One call with sound; one at a time. */
  async measured(line: Line): Promise<CallTimes> {
    const times = { sent: performance.now(), invited: NaN, accepted: NaN, answered: NaN, heard: NaN }
    this.onInvite = () => { times.invited = performance.now() }
    const sdpOfCallee = new Promise<string>((resolve) => { this.onAnswer = (sdp) => { times.accepted = performance.now(); resolve(sdp) } })
    const { sdp, hangUp } = await this.#call(line)
    times.answered = performance.now()
    if (await this.#talk(sdp, await sdpOfCallee)) times.heard = performance.now()
    await hangUp()
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    return { invite: times.invited - times.sent, answer: times.answered - times.accepted, audio: times.heard - times.accepted }
  }

  /** One call without sound that lasts so long. @returns whether it came about and ended */
  async plain(line: Line, talkMs: number): Promise<boolean> {
    try {
      const { hangUp } = await this.#call(line)
      await new Promise((resolve) => setTimeout(resolve, talkMs))
      await hangUp()
      return true
    } catch {
      return false
    }
  }

  async #call({ caller, number }: Line): Promise<{ sdp: string, hangUp: () => Promise<void> }> {
    const [callId, tag, branch] = [newId(), newId(8), newId()]
    const uri = `sip:${number}@127.0.0.1:${this.#port}`
    const { port } = this.caller.address()
    const from = `From: <sip:${caller}@127.0.0.1>;tag=${tag}`
    const send = (method: string, target: string, to: string, cseq: string, body = ''): void => this.#toServer([
      `${method} ${target} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${method === 'INVITE' ? branch : newId()};rport`, 'Max-Forwards: 70', from, `To: ${to}`, `Call-ID: ${callId}`, `CSeq: ${cseq}`,
      `Contact: <sip:${caller}@127.0.0.1:${port}>`, `P-Asserted-Identity: <sip:${caller}@127.0.0.1>`, ...(body === '' ? [] : ['Content-Type: application/sdp'])
    ], body)
    send('INVITE', uri, `<${uri}>`, '1 INVITE', sdpAt(this.rtp[0]))
    const final = await this.#final(callId, '1 INVITE')
    const to = final.header('To')
    if (final.status !== 200) throw new Error(`no answer but ${final.status}`)
    send('ACK', final.contact, to, '1 ACK')
    return {
      sdp: final.body,
      hangUp: async () => {
        send('BYE', final.contact, to, '2 BYE')
        await this.#final(callId, '2 BYE')
      }
    }
  }

  #final(callId: string, cseq: string): Promise<Message> {
    const key = `${callId} ${cseq}`
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { this.#waiting.delete(key); reject(new Error('no answer')) }, patienceMs)
      this.#waiting.set(key, (message) => { clearTimeout(timer); this.#waiting.delete(key); resolve(message) })
    })
  }

  #atCaller(bytes: Buffer): void {
    const message = new Message(bytes.toString())
    if (message.status >= 200) this.#waiting.get(`${message.header('Call-ID')} ${message.header('CSeq')}`)?.(message)
    else if (message.status === 0 && message.method !== 'ACK') this.caller.send(response(message, 200, ''), this.#port, '127.0.0.1')
  }

  #atCallee(bytes: Buffer, from: RemoteInfo): void {
    const message = new Message(bytes.toString())
    if (message.status !== 0 || message.method === 'ACK') return
    const answer = (status: number, body = ''): Buffer => {
      const reply = response(message, status, body, this.callee.address().port)
      this.callee.send(reply, from.port, from.address)
      return reply
    }
    const key = message.header('Call-ID')
    if (message.method !== 'INVITE') {
      this.#answers.delete(key)
      answer(200)
      return
    }
    const known = this.#answers.get(key)
    if (known !== undefined) {
      // A repetition, or a new offer of the server's within the call.
      if (message.header('To').includes(';tag=')) answer(200, sdpAt(this.rtp[1]))
      else this.callee.send(known, from.port, from.address)
      return
    }
    this.onInvite()
    this.#answers.set(key, answer(180))
    setTimeout(() => {
      this.onAnswer(message.body)
      this.#answers.set(key, answer(200, sdpAt(this.rtp[1])))
    }, this.ringMs)
  }

  #toServer(lines: readonly string[], body: string): void {
    this.caller.send([...lines, `Content-Length: ${body.length}`, '', body].join('\r\n'), this.#port, '127.0.0.1')
  }

  /** Both speak until both have heard something. @returns whether they did */
  async #talk(answer: string, offer: string): Promise<boolean> {
    const heard = this.rtp.map((socket) => new Promise<void>((resolve) => socket.once('message', () => resolve())))
    const ports = [answer, offer].map((sdp) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 9))
    let count = 0
    const speak = (): void => {
      count++
      for (const [index, socket] of this.rtp.entries()) socket.send(rtpPacket(count, index), ports[index], '127.0.0.1')
    }
    speak()
    const timer = setInterval(speak, 20)
    const both = await Promise.race([Promise.all(heard).then(() => true), new Promise<false>((resolve) => setTimeout(() => resolve(false), audioPatienceMs))])
    clearInterval(timer)
    for (const socket of this.rtp) socket.removeAllListeners('message')
    return both
  }
}

function response(request: Message, status: number, body: string, port?: number): Buffer {
  const to = request.header('To')
  return Buffer.from([
    `SIP/2.0 ${status} OK`, ...request.lines('Via'), ...request.lines('Record-Route'), `From: ${request.header('From')}`, `To: ${to.includes(';tag=') ? to : `${to};tag=b`}`, `Call-ID: ${request.header('Call-ID')}`, `CSeq: ${request.header('CSeq')}`,
    ...(port === undefined ? [] : [`Contact: <sip:b@127.0.0.1:${port}>`]), ...(body === '' ? [] : ['Content-Type: application/sdp']), `Content-Length: ${body.length}`, '', body
  ].join('\r\n'))
}

function sdpAt(socket: Socket): string {
  return `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${socket.address().port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n`
}

/** 20 ms of an A-law tone. */
function rtpPacket(count: number, source: number): Buffer {
  const head = Buffer.alloc(12)
  head[0] = 0x80
  head[1] = 8
  head.writeUInt16BE(count, 2)
  head.writeUInt32BE(count * 160, 4)
  head.writeUInt32BE(1000 + source, 8)
  return Buffer.concat([head, Buffer.alloc(160, count % 2 === 0 ? 0x2a : 0xaa)])
}
