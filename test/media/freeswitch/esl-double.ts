import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A SIP refusal, as drachtio-srf makes it. */
export class Refused extends Error {
  constructor(readonly status: number) {
    super(`Sip non-success response: ${status}`)
  }
}

const never = new Promise<never>(() => undefined)

/**
 * A FreeSWITCH without media: its event socket, its channels, and the SIP between it and drachtio, which is
 * played by `srf`. Faults are set by the test.
 */
export class EslDouble {
  readonly channels = new Set<Channel>()
  /** All commands of all connections, in order. */
  readonly commands: string[] = []
  secret = 'a secret of the double'
  profile = 'drachtio_mrf'
  /** Turns everybody away, as its access list would. */
  acl = false
  /** A header that is added to every reply. */
  oddHeader = ''
  /** Commands that are never answered. */
  readonly mute = new Set<string>()
  /** What an INVITE meets: a status that refuses it, or silence. */
  invite: number | 'silent' | 'late' | undefined
  /** Statuses that the next re-INVITEs meet; silence for 0, a refusal by the SIP server itself for 1. */
  readonly modify: number[] = []
  /** Whether channels dial the application. */
  dialsBack = true
  /** So many of the next ones do not. */
  forgetful = 0
  bridge = '+OK'
  packets = 0
  /** Nothing is answered any more. */
  dead = false
  private readonly server: Server
  private readonly sockets = new Set<Socket>()

  private constructor(readonly app: { host: string, port: number }) {
    this.server = createServer((socket) => this.accept(socket))
  }

  static async start(t: Pick<Test, 'teardown'>, appPort: number, port = 0): Promise<EslDouble> {
    const double = new EslDouble({ host: '127.0.0.1', port: appPort })
    double.server.listen(port, '127.0.0.1')
    await once(double.server, 'listening')
    t.teardown(() => double.stop())
    return double
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** Live control connections. */
  get live(): number {
    return this.sockets.size
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return
    this.server.close()
    for (const socket of this.sockets) socket.destroy()
    for (const channel of this.channels) channel.hangUp()
    await once(this.server, 'close')
  }

  /** Killed: connections break, and SIP meets silence. The channels are gone without a goodbye. */
  async kill(): Promise<void> {
    this.dead = true
    this.server.close()
    for (const channel of [...this.channels]) channel.gone()
    for (const socket of this.sockets) socket.destroy()
    await once(this.server, 'close')
  }

  /** Started anew, at the same place, with no memory. */
  async revive(port: number): Promise<void> {
    this.dead = false
    this.server.listen(port, '127.0.0.1')
    await once(this.server, 'listening')
  }

  /** The part of drachtio-srf that drachtio-fsmrf uses. */
  readonly srf = {
    createUAC: async (uri: string, { headers, localSdp }: { headers: Record<string, string>, localSdp: string }): Promise<EventEmitter> => {
      this.commands.push(`INVITE ${uri} ${Object.values(headers).join(' ')} ${localSdp}`)
      if (this.invite === 'silent' || this.dead) return never
      if (typeof this.invite === 'number') throw new Refused(this.invite)
      const channel = new Channel(this, headers['User-Agent']!)
      this.channels.add(channel)
      if (this.forgetful > 0) this.forgetful--
      else if (this.dialsBack) channel.dial()
      await new Promise((resolve) => { setTimeout(resolve, this.invite === 'late' ? 2000 : 5) })
      return channel.dialog
    }
  }

  async answer(command: string): Promise<string | undefined> {
    this.commands.push(command)
    const [name = '', ...args] = command.split(' ')
    if (this.mute.has(name)) return undefined
    if (name === 'sofia') return `${this.profile}\tprofile\tsip:mod_sofia@127.0.0.1:5080\tRUNNING (0)\n`
    if (name === 'uptime') return '12\n'
    const channel = [...this.channels].find(({ uuid }) => uuid === args[0])
    if (channel === undefined) return '-ERR No such channel!\n'
    await new Promise((resolve) => { setTimeout(resolve, 5) })
    const pair = [channel, ...[...this.channels].filter(({ uuid }) => uuid === args[1])]
    if (name === 'uuid_bridge' && this.bridge === '+OK') for (const one of pair) one.bridged = true
    if (name === 'uuid_transfer') for (const one of this.channels) one.bridged = false
    if (name === 'uuid_bridge') return `${this.bridge}\n`
    if (name === 'uuid_break') channel.break()
    if (name === 'uuid_kill') channel.hangUp()
    return name === 'uuid_getvar' ? String(this.packets) : '+OK\n'
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
    if (this.acl) {
      socket.end('Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n')
      return
    }
    socket.write('Content-Type: auth/request\n\n')
    serve(socket, (command) => {
      if (command.startsWith('api ')) void this.answer(command.slice(4)).then((body) => { if (body !== undefined) socket.write(apiReply(body)) })
      else this.control(socket, command)
    })
  }

  private control(socket: Socket, command: string): void {
    this.commands.push(command)
    if (command === 'exit') socket.end()
    else if (command.startsWith('auth ')) socket.write(reply(command === `auth ${this.secret}` ? '+OK accepted' : '-ERR invalid'))
    else socket.write(reply('+OK', this.oddHeader))
  }
}

/** One channel: its dialog as drachtio-srf shows it, and its connection to the application. */
export class Channel {
  readonly uuid = randomUUID()
  readonly dialog = new Dialog(this)
  socket: Socket | undefined
  bridged = false
  private playing: { id: string, timer: NodeJS.Timeout } | undefined
  /** Playbacks that wait for the one that is playing. */
  private readonly queue: string[] = []

  constructor(readonly double: EslDouble, private readonly userAgent: string) {}

  dial(): void {
    const socket = this.socket = connect(this.double.app.port, this.double.app.host)
    socket.on('error', () => undefined)
    socket.on('close', () => { this.socket = undefined })
    serve(socket, (command) => {
      this.double.commands.push(command)
      if (command === 'connect') socket.write(this.data())
      else if (command.startsWith('api ')) void this.double.answer(command.slice(4)).then((body) => { if (body !== undefined) socket.write(apiReply(body)) })
      else {
        socket.write(reply('+OK', this.double.oddHeader))
        if (command.startsWith('sendmsg')) this.execute(command)
      }
    })
  }

  press(digit: string): void {
    this.event('DTMF', { 'DTMF-Digit': digit, 'DTMF-Duration': '2000', 'DTMF-Source': 'RTP', 'Channel-State': this.bridged ? 'CS_SOFT_EXECUTE' : 'CS_EXECUTE' })
  }

  endPlayback(): void {
    if (this.playing === undefined) return
    clearTimeout(this.playing.timer)
    this.event('CHANNEL_EXECUTE_COMPLETE', { 'Application': 'playback', 'Application-UUID': this.playing.id, 'Application-Response': 'FILE PLAYED' })
    this.playing = undefined
    const next = this.queue.shift()
    if (next !== undefined) this.start(next)
  }

  /** As FreeSWITCH: what waits is thrown away, and nobody is told. */
  break(): void {
    this.queue.length = 0
    this.endPlayback()
  }

  /** Ends by itself: BYE, and the connection closes. */
  hangUp(): void {
    this.gone()
    this.dialog.bye()
  }

  gone(): void {
    if (this.playing !== undefined) clearTimeout(this.playing.timer)
    this.socket?.destroy()
    this.double.channels.delete(this)
  }

  private execute(command: string): void {
    const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(command)?.[1] ?? ''
    const id = field('Event-UUID')
    if (field('execute-app-name') !== 'playback') return
    const file = field('execute-app-arg')
    if (file.includes('/no-such-folder/')) this.event('CHANNEL_EXECUTE_COMPLETE', { 'Application': 'playback', 'Application-UUID': id, 'Application-Response': 'FILE NOT FOUND' })
    else if (this.playing === undefined) this.start(id)
    else this.queue.push(id)
  }

  private start(id: string): void {
    this.playing = { id, timer: setTimeout(() => this.endPlayback(), 300) }
  }

  private event(name: string, fields: Record<string, string>): void {
    const body = JSON.stringify({ 'Event-Name': name, 'Unique-ID': this.uuid, ...fields })
    this.socket?.write(`Content-Length: ${body.length}\nContent-Type: text/event-json\n\n${body}`)
  }

  private data(): string {
    const fields = {
      'Event-Name': 'CHANNEL_DATA', 'Channel-Unique-ID': this.uuid, 'Unique-ID': this.uuid, 'variable_sip_user_agent': this.userAgent,
      'variable_rtp_local_sdp_str': sdp(), 'variable_sip_call_id': 'call'
    }
    return `Content-Type: command/reply\nReply-Text: +OK\n${Object.entries(fields).map(([name, value]) => `${name}: ${encodeURIComponent(value)}\n`).join('')}\n`
  }
}

class Dialog extends EventEmitter {
  connected = true
  readonly remote = { sdp: sdp() }
  readonly _reinvitesInProgress = { count: 0, admitOne: [] as (() => void)[] }

  constructor(private readonly channel: Channel) {
    super()
  }

  async modify(text: string): Promise<string> {
    this.channel.double.commands.push(`INVITE ${text}`)
    // As drachtio-srf: whoever was refused keeps the door shut.
    if (this._reinvitesInProgress.count++ > 0) await new Promise<void>((resolve) => this._reinvitesInProgress.admitOne.push(resolve))
    await new Promise((resolve) => { setTimeout(resolve, 5) })
    const status = this.channel.double.modify.shift()
    if (status === 0 || !this.channel.double.channels.has(this.channel)) return never
    if (status === 1) {
      this._reinvitesInProgress.count--
      throw Object.assign(new Error('Server error: another INVITE is in progress in this dialog'), { code: 'EDRACHTIO' })
    }
    if (status !== undefined) throw new Refused(status)
    this._reinvitesInProgress.count--
    return this.remote.sdp = sdp(/a=(sendonly|inactive)/.exec(text)?.[1])
  }

  async destroy(): Promise<void> {
    this.channel.double.commands.push('BYE')
    if (!this.connected) throw new Error('unable to find dialog')
    this.connected = false
    if (!this.channel.double.channels.has(this.channel)) return never
    await new Promise((resolve) => { setTimeout(resolve, 5) })
    this.channel.gone()
  }

  bye(): void {
    if (!this.connected) return
    this.connected = false
    this.emit('destroy')
  }
}

let port = 20_000

function sdp(offered?: string): string {
  port = port > 60_000 ? 20_000 : port + 2
  const direction = offered === 'sendonly' ? 'recvonly' : offered ?? 'sendrecv'
  return ['v=0', 'o=FreeSWITCH 1 1 IN IP4 127.0.0.1', 's=FreeSWITCH', 'c=IN IP4 127.0.0.1', 't=0 0', `m=audio ${port} RTP/AVP 8 101`, 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000', `a=${direction}`, ''].join('\r\n')
}

function serve(socket: Socket, take: (command: string) => void): void {
  let buffer = ''
  socket.setEncoding('utf8').on('error', () => undefined).on('data', (data: string) => {
    buffer += data
    for (let end; (end = buffer.indexOf('\n\n')) >= 0; buffer = buffer.slice(end + 2)) take(buffer.slice(0, end))
  })
}

function reply(text: string, oddHeader = ''): string {
  return `Content-Type: command/reply\nReply-Text: ${text}\n${oddHeader}\n`
}

function apiReply(body: string): string {
  return `Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`
}
