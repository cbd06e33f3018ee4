import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Timers, Timer } from '../transaction/index.js'
import { frame, FrameError, FrameReader } from './framing.js'
import { replyLeader } from './leader.js'
import { readAppMessage, type AppMessage } from './text.js'

export interface AppUser {
  /** What the reply to a right secret says after OK. */
  welcome: () => string[]
  onRoute: (app: App, verb: string) => void
  onUnroute: (app: App, verb: string) => void
  onSip: (app: App, messageId: string, message: AppMessage) => void
  onReady: (app: App) => void
  onClosed: (app: App) => void
  onError: (error: unknown) => void
}

/** Bytes that may wait for an application that does not read. */
const maxBacklog = 64 * 1024 * 1024
/** Milliseconds to authenticate in. */
const patience = 5_000

/** One application that is connected to the admin port. */
export class App {
  readonly #reader = new FrameReader()
  readonly #patience: Timer
  #ready = false
  #over = false

  constructor(private readonly socket: Socket, private readonly secret: string, timers: Timers, private readonly user: AppUser) {
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 45_000)
    this.#patience = timers.after(patience, () => socket.destroy())
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => this.#gone())
  }

  get open(): boolean {
    return this.#ready && this.socket.writable
  }

  /** Sends a frame; one that cannot be sent any more is dropped. */
  send(leader: string, message?: Buffer): void {
    if (!this.socket.writable) return
    this.socket.write(frame(leader, message))
    if (this.socket.writableLength > maxBacklog) this.socket.destroy()
  }

  close(): void {
    this.socket.destroy()
    this.#gone()
  }

  #gone(): void {
    if (this.#over) return
    this.#over = true
    this.#patience.cancel()
    this.user.onClosed(this)
  }

  /** `NO` ends the connection, as the protocol has it. */
  refuse(id: string, reason: string): void {
    this.send(replyLeader(id, 'NO', reason))
    this.socket.destroySoon()
  }

  #read(chunk: Buffer): void {
    try {
      for (const payload of this.#reader.push(chunk)) this.#message(readAppMessage(payload))
    } catch (error) {
      if (!(error instanceof FrameError)) this.user.onError(error)
      this.socket.destroy()
    }
  }

  #message(message: AppMessage): void {
    const [id = '', verb = '', first = ''] = message.tokens
    if (!this.socket.writable) return
    if (verb === 'authenticate') return this.#authenticate(id, first)
    // The real server takes commands before the secret; this one does not.
    if (!this.#ready) return this.refuse(id, 'not authenticated')
    if (verb === 'sip') this.user.onSip(this, id, message)
    else if (verb === 'ping') this.send(replyLeader(id, 'OK', 'pong'))
    else if (verb === 'route') this.#route(id, () => this.user.onRoute(this, first.toLowerCase()))
    else if (verb === 'remove_route') this.#route(id, () => this.user.onUnroute(this, first.toLowerCase()))
    else if (verb === 'proxy') this.send(replyLeader(id, 'NOK', 'not supported'))
    else this.refuse(id, 'Unknown message type')
  }

  #authenticate(id: string, secret: string): void {
    if (!sameSecret(secret, this.secret)) return this.refuse(id, 'incorrect secret')
    this.#ready = true
    this.#patience.cancel()
    this.send(replyLeader(id, 'OK', ...this.user.welcome()))
    this.user.onReady(this)
  }

  #route(id: string, change: () => void): void {
    change()
    this.send(replyLeader(id, 'OK'))
  }
}

/** Takes equally long however much of a guess is right. `given` is a byte string. */
function sameSecret(given: string, secret: string): boolean {
  const digest = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()
  return timingSafeEqual(digest(Buffer.from(given, 'latin1')), digest(Buffer.from(secret, 'utf8')))
}
