import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Test } from 'tap'

/** A SIP request as it arrived, and what can be said to it. */
export interface Received {
  readonly method: string
  /** The value of a header, the first one when there are several. */
  header(name: string): string | undefined
  readonly text: string
  /** @param more header lines @param body SDP */
  answer(status: number, more?: readonly string[], body?: string): void
}

export type Script = (request: Received) => void

/** A carrier's gateway on one UDP socket that does as the test says. Copies of a request are answered like the first. */
export class ScriptedGateway {
  readonly received: Received[] = []

  private constructor(private readonly socket: Socket, public script: Script) {
    socket.on('message', (data, from) => this.#take(data.toString('latin1'), from))
  }

  static async open(t: Pick<Test, 'teardown'>, script: Script = () => undefined): Promise<ScriptedGateway> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    t.teardown(() => new Promise<void>((resolve) => { socket.close(() => resolve()) }))
    return new ScriptedGateway(socket, script)
  }

  get port(): number {
    return this.socket.address().port
  }

  get uri(): string {
    return `sip:127.0.0.1:${this.port}`
  }

  /** Requests of a method, copies left out. */
  all(method: string): Received[] {
    const first = new Map(this.received.filter((one) => one.method === method).reverse().map((one) => [`${one.header('Call-ID')} ${one.header('CSeq')}`, one]))
    return [...first.values()].reverse()
  }

  /** Takes a request that arrived elsewhere, and answers its sender from here. @param port of the sender on 127.0.0.1 */
  relay(text: string, port: number): void {
    this.#take(text, { address: '127.0.0.1', port })
  }

  #take(text: string, from: Pick<RemoteInfo, 'address' | 'port'>): void {
    const [, method] = /^([A-Z]+) \S+ SIP\/2\.0\r\n/.exec(text) ?? []
    if (method === undefined) return
    const lines = (name: string): string[] => text.split('\r\n').filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    const answer: Received['answer'] = (status, more = [], body = '') => {
      const tag = status > 100 && !lines('To').join().includes('tag=') ? ';tag=gateway' : ''
      const head = [`SIP/2.0 ${status} Said`, ...lines('Via'), ...lines('From'), `${lines('To').join()}${tag}`, ...lines('Call-ID'), ...lines('CSeq')]
      const contact = method === 'INVITE' ? [`Contact: <${this.uri}>`] : []
      const type = body === '' ? [] : ['Content-Type: application/sdp']
      this.socket.send([...head, ...contact, ...type, ...more, `Content-Length: ${body.length}`, '', body].join('\r\n'), from.port, from.address)
    }
    const request: Received = { method, text, header: (name) => lines(name)[0]?.slice(name.length + 1).trim(), answer }
    this.received.push(request)
    this.script(request)
  }
}

/** Says the same to every INVITE, and 200 to what may follow it. */
export function says(status: number, more: readonly string[] = [], body = ''): Script {
  return (request) => {
    if (request.method === 'INVITE') request.answer(status, more, body)
    else if (request.method !== 'ACK') request.answer(200)
  }
}
