import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** A SIP message as it came over the wire, read with no more care than a test needs. */
export class Message {
  constructor(readonly text: string) {}

  /** 0 for a request. */
  get status(): number {
    return Number(/^SIP\/2\.0 (\d{3})/.exec(this.text)?.[1] ?? 0)
  }

  get method(): string {
    return this.status === 0 ? this.text.slice(0, this.text.indexOf(' ')) : this.header('CSeq').split(' ')[1] ?? ''
  }

  /** The user of the Request-URI. */
  get dialled(): string {
    return /^\S+ sips?:([^@;>\s]+)@/.exec(this.text)?.[1] ?? ''
  }

  get body(): string {
    return this.text.slice(this.text.indexOf('\r\n\r\n') + 4)
  }

  lines(name: string): string[] {
    return this.text.slice(0, this.text.indexOf('\r\n\r\n')).split('\r\n').filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
  }

  /** The value of a header, the first one when there are several; empty when there is none. */
  header(name: string): string {
    return this.lines(name)[0]?.slice(name.length + 1).trim() ?? ''
  }

  /** The address in a Contact. */
  get contact(): string {
    return /<([^>]+)>/.exec(this.header('Contact'))?.[1] ?? ''
  }
}

export interface Subscriber {
  /** Digits with the plus. */
  readonly number: string
  /** Takes what arrives for this subscriber. */
  take(message: Message, bytes: Buffer): void
}

/**
 * A carrier's side of the trunk on one UDP socket: it hands each message to the subscriber whose call it belongs to,
 * and never changes a byte.
 */
export class Carrier {
  readonly #calls = new Map<string, Subscriber>()
  readonly #subscribers = new Map<string, Subscriber>()

  private constructor(private readonly socket: Socket, private readonly sipPort: number) {
    socket.on('message', (bytes) => this.#take(bytes))
  }

  static async open(port: number, sipPort: number): Promise<Carrier> {
    const socket = createSocket('udp4')
    socket.bind(port, '127.0.0.1')
    await once(socket, 'listening')
    return new Carrier(socket, sipPort)
  }

  get port(): number {
    return this.socket.address().port
  }

  subscribe(subscriber: Subscriber): void {
    this.#subscribers.set(subscriber.number, subscriber)
  }

  /** From now on the messages of a call are this subscriber's. */
  owns(callId: string, subscriber: Subscriber): void {
    this.#calls.set(callId, subscriber)
  }

  send(text: string): Buffer {
    const bytes = Buffer.from(text)
    this.socket.send(bytes, this.sipPort, '127.0.0.1')
    return bytes
  }

  close(): Promise<void> {
    return new Promise((resolve) => { this.socket.close(() => resolve()) })
  }

  #take(bytes: Buffer): void {
    const message = new Message(bytes.toString('utf8'))
    const callId = message.header('Call-ID')
    const owner = this.#calls.get(callId) ?? this.#subscribers.get(message.dialled)
    if (owner === undefined) return
    this.#calls.set(callId, owner)
    owner.take(message, bytes)
  }
}
