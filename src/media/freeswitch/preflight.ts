import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { within } from '../../deadline.js'
import { MaskError } from '../../errors.js'
import { readHeaders } from './headers.js'

export interface Target {
  readonly host: string
  readonly port: number
  readonly secret: string
  /** Name of the sofia profile that drachtio's INVITEs go to. */
  readonly profile: string
}

/** Where FreeSWITCH's channels dial us. */
export interface Listen {
  readonly host: string
  readonly port: number
}

/**
 * Goes once through all that drachtio-fsmrf is about to do, on a connection of our own: there a wrong secret is
 * waited on for ever, a missing profile or a listening port in use ends the process, and a refused connection is
 * retried by somebody whom nobody can stop.
 * @throws MaskError media_unavailable with the reason nobody (no process listens), refused, acl, secret, profile, port or timeout
 */
export async function preflight(target: Target, listen: Listen, deadlineMs: number): Promise<void> {
  await portIsFree(listen)
  const socket = connect(target.port, target.host)
  try {
    await within(deadlineMs, talk(new Conversation(socket), target), 'media_unavailable').catch((error: unknown) => {
      throw error instanceof MaskError && error.reason !== undefined ? error : unavailable('timeout')
    })
  } finally {
    socket.destroy()
  }
}

async function talk(conversation: Conversation, { secret, profile }: Target): Promise<void> {
  const greeting = await conversation.read()
  if (greeting.type !== 'auth/request') throw unavailable(greeting.type === 'text/rude-rejection' ? 'acl' : 'refused')
  const admitted = await conversation.ask(`auth ${secret}`)
  if (!admitted.reply.startsWith('+OK')) throw unavailable('secret')
  const { body } = await conversation.ask('api sofia status')
  // What drachtio-fsmrf looks for: an IPv4 address behind the profile's name.
  if (!new RegExp(`^\\s*${profile}\\s.*sip:mod_sofia@(?:\\d{1,3}\\.){3}\\d{1,3}:\\d+`, 'm').test(body)) throw unavailable('profile')
}

interface Message {
  readonly type: string
  readonly reply: string
  readonly body: string
}

/** Question and answer over an event socket. */
class Conversation {
  private buffer = Buffer.alloc(0)
  private readonly messages: Message[] = []
  /** Why there is nothing more to read. */
  private gone: 'nobody' | 'refused' | undefined
  private wake: () => void = () => undefined

  constructor(private readonly socket: Socket) {
    socket.on('data', (data) => this.take(data))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => this.end(code === 'ECONNREFUSED' ? 'nobody' : 'refused'))
    socket.on('close', () => this.end('refused'))
  }

  ask(command: string): Promise<Message> {
    this.socket.write(`${command}\n\n`)
    return this.read()
  }

  async read(): Promise<Message> {
    for (;;) {
      const message = this.messages.shift()
      if (message !== undefined) return message
      if (this.gone !== undefined) throw unavailable(this.gone)
      await new Promise<void>((resolve) => { this.wake = resolve })
    }
  }

  private end(why: 'nobody' | 'refused'): void {
    this.gone ??= why
    this.wake()
  }

  private take(data: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, data])
    for (let end; (end = this.buffer.indexOf('\n\n')) >= 0;) {
      const headers = readHeaders(this.buffer.toString('utf8', 0, end))
      const length = Number(headers['Content-Length'] ?? 0)
      const start = end + 2
      if (this.buffer.length < start + length) return
      this.messages.push({ type: String(headers['Content-Type']), reply: String(headers['Reply-Text'] ?? ''), body: this.buffer.toString('utf8', start, start + length) })
      this.buffer = this.buffer.subarray(start + length)
      this.wake()
    }
  }
}

async function portIsFree({ host, port }: Listen): Promise<void> {
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
    await new Promise((resolve) => { server.close(resolve) })
  } catch {
    throw unavailable('port')
  }
}

function unavailable(reason: string): MaskError {
  return new MaskError('media_unavailable', { reason })
}
