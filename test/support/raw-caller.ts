import { createSocket, type Socket } from 'node:dgram'
import { randomBytes } from 'node:crypto'

/** One response as it came. */
export interface RawResponse {
  readonly status: number
  readonly text: string
  /** Milliseconds since the INVITE left. */
  readonly at: number
}

export interface RawCall {
  readonly from: string
  readonly dialled: string
  /** Header lines beside those that every INVITE has. */
  readonly headers?: readonly string[]
  /** Cancels when a response with SDP came, instead of listening to the end. */
  readonly impatient?: boolean
}

/** Calls by bytes of our own making over UDP, so that nothing between hides what comes back, or when. */
export class RawCaller {
  readonly #calls = new Map<string, (text: string) => void>()

  private constructor(private readonly socket: Socket, private readonly sipPort: number) {
    socket.on('message', (data) => {
      const text = data.toString('latin1')
      this.#calls.get(/^Call-ID:\s*(\S+)/im.exec(text)?.[1] ?? '')?.(text)
    })
  }

  static async open(sipPort: number): Promise<RawCaller> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    return new RawCaller(socket, sipPort)
  }

  close(): void {
    this.socket.close()
  }

  /** Resolves to all responses when the final one came. Numbers of all calls have the same length, or the bytes differ. */
  call({ from, dialled, headers = [], impatient = false }: RawCall, withinMs = 30_000): Promise<RawResponse[]> {
    const { port } = this.socket.address()
    const [id, tag, branch] = [randomBytes(10).toString('hex'), randomBytes(5).toString('hex'), `z9hG4bK${randomBytes(8).toString('hex')}`]
    const sdp = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n`
    const request = (method: string, to: string, body = ''): string => [
      `${method} sip:${dialled}@127.0.0.1 SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=${branch};rport`, 'Max-Forwards: 70',
      `From: <sip:${from}@127.0.0.1>;tag=${tag}`, `To: <sip:${dialled}@127.0.0.1>${to}`, `Call-ID: ${id}`, `CSeq: 1 ${method}`, `Contact: <sip:127.0.0.1:${port}>`,
      ...(method === 'INVITE' ? headers : []), ...(body === '' ? [] : ['Content-Type: application/sdp']), `Content-Length: ${body.length}`, '', body
    ].join('\r\n')
    return new Promise((resolve, reject) => {
      const responses: RawResponse[] = []
      const timer = setTimeout(() => end(() => reject(new Error(`No final response; ${responses.map(({ status }) => status).join(' ')} came.`))), withinMs)
      const end = (then: () => void): void => {
        clearTimeout(timer)
        this.#calls.delete(id)
        then()
      }
      this.#calls.set(id, (text) => {
        const at = performance.now() - began
        const status = Number(/^SIP\/2\.0 (\d{3})/.exec(text)?.[1])
        if (!/^CSeq: 1 INVITE/im.test(text)) return
        responses.push({ status, text, at })
        if (impatient && status === 183) this.#send(request('CANCEL', ''))
        if (status < 300) return
        this.#send(request('ACK', /^To:[^\r\n]*?(;tag=[^;\r\n]+)/im.exec(text)?.[1] ?? ''))
        end(() => resolve(responses))
      })
      const began = performance.now()
      this.#send(request('INVITE', '', sdp))
    })
  }

  #send(text: string): void {
    this.socket.send(Buffer.from(text, 'latin1'), this.sipPort, '127.0.0.1')
  }
}
