import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { codecKey, isAudio, writeFmtp, type Codec } from '../../src/media/codecs.js'
import { decodeG711, encodeG711, type G711 } from '../../src/media/rtp/g711.js'
import { buildRtp, parseRtp, type RtpPacket } from '../../src/media/rtp/packet.js'
import { parseTelephoneEvent, buildTelephoneEvent, eventOfDigit } from '../../src/media/rtp/telephone-event.js'
import { hearsTone, sine } from '../../src/media/rtp/tone.js'
import { readWav } from '../../src/media/rtp/wav.js'
import { readSdp, type MediaDirection, type MediaFacts } from '../../src/media/sdp.js'

/** Words that stand for what must never reach the other side; a phone puts them wherever a description has room. */
export const canaries = ['CANARY', 'canary', '192.0.2.77', '46701740666']

export const pcma: Codec = { name: 'PCMA', clockRate: 8000, payloadType: 8 }
export const pcmu: Codec = { name: 'PCMU', clockRate: 8000, payloadType: 0 }
export const opus = (payloadType: number): Codec => ({ name: 'opus', clockRate: 48000, payloadType })
export const events = (payloadType: number): Codec => ({ name: 'telephone-event', clockRate: 8000, payloadType })

export interface Description {
  readonly direction?: MediaDirection
  /** The hold of RFC 2543: connection address 0.0.0.0. */
  readonly zeroAddress?: boolean
  /** Whether the other side learns everything a phone may say of itself. */
  readonly talkative?: boolean
  readonly codecs?: readonly Codec[]
  /** Where it says that it is, when that is not where it sends from. */
  readonly place?: { readonly host: string, readonly port: number }
}

const patienceMs = 15_000
const frame = 160

/** A phone's media on loopback: two sockets, a tone it makes, and ears. */
export class Phone {
  readonly received: { packet: RtpPacket, data: Buffer, from: number }[] = []
  readonly rtcp: Buffer[] = []
  readonly ssrc = Math.floor(Math.random() * 0xffffffff)
  private version = 1
  private sequence = 100
  private timestamp = 1000
  private remote: MediaFacts | undefined
  private speaking: NodeJS.Timeout | undefined
  /** Set while a key is pressed: the event stands for the audio of its time (RFC 4733 §2.6). */
  private pressing = false

  private constructor(private readonly rtpSocket: Socket, private readonly rtcpSocket: Socket, readonly codecs: readonly Codec[]) {
    rtpSocket.on('message', (data, { port }) => {
      const packet = parseRtp(data)
      if (packet !== undefined) this.received.push({ packet, data, from: port })
    })
    rtcpSocket.on('message', (data) => this.rtcp.push(data))
  }

  /** @param codecs in its order of preference, under its own numbers */
  static async open(codecs: readonly Codec[], address = '127.0.0.1'): Promise<Phone> {
    for (;;) {
      const rtp = await bind(0, address)
      const { port } = rtp.address()
      const rtcp = port % 2 === 0 ? await bind(port + 1, address).catch(() => undefined) : undefined
      if (rtcp !== undefined) return new Phone(rtp, rtcp, codecs)
      rtp.close()
    }
  }

  get port(): number {
    return this.rtpSocket.address().port
  }

  offer({ direction = 'sendrecv', zeroAddress = false, talkative = false, codecs = this.codecs, place = { host: '127.0.0.1', port: this.port } }: Description = {}): string {
    const says = (...lines: string[]): string[] => talkative ? lines : []
    return [
      'v=0', `o=${talkative ? 'CANARY-user' : '-'} 4670174 ${this.version++} IN IP4 ${talkative ? '192.0.2.77' : '127.0.0.1'}`, `s=${talkative ? 'CANARY phone +46701740666' : '-'}`,
      ...says('i=CANARY', 'u=http://canary.example', 'e=canary@example.com', 'p=+46701740666'),
      `c=IN IP4 ${zeroAddress ? '0.0.0.0' : place.host}`, 't=0 0',
      ...says('a=tool:CANARY 1.0', 'a=x-canary:1'),
      `m=audio ${place.port} RTP/AVP ${codecs.map(({ payloadType }) => payloadType).join(' ')}${talkative ? ' 119' : ''}`,
      ...says('i=CANARY', 'a=rtpmap:119 CANARY/8000', 'a=fmtp:119 canary', 'a=candidate:1 1 udp 1 192.0.2.77 9 typ host', 'a=ice-ufrag:CANARY', 'a=ssrc:1 cname:canary@192.0.2.77', 'a=mid:CANARY', 'a=extmap:1 urn:canary'),
      ...codecs.flatMap((codec) => [`a=rtpmap:${codec.payloadType} ${codecKey(codec)}${codec.name === 'opus' ? '/2' : ''}`, ...fmtp(codec, talkative)]),
      `a=${direction}`, ''
    ].join('\r\n')
  }

  /**
   * Takes an offer and answers with what it likes best of it and digits, under the numbers of the offer.
   * @param own answers under its own numbers instead (RFC 3264 §6.1 allows it)
   */
  answer(offer: string, { own = false, ...how }: Description & { own?: boolean } = {}): string {
    this.take(offer)
    const numbered = this.codecs.flatMap((codec) => {
      const theirs = this.remote!.codecs.find((one) => codecKey(one) === codecKey(codec))
      return theirs === undefined ? [] : [{ ...codec, payloadType: own ? codec.payloadType : theirs.payloadType }]
    })
    const codecs = [...numbered.filter(isAudio).slice(0, 1), ...numbered.filter((codec) => !isAudio(codec))]
    this.listensTo = codecs
    return this.offer({ ...how, codecs })
  }

  /** Takes the description that says where to send. */
  take(description: string): void {
    this.remote = readSdp(description)
  }

  /** The codecs of the last answer of its own; until then all. */
  private listensTo: readonly Codec[] | undefined

  /**
   * Makes a tone without end, in the first audio codec of the other side's description that is G.711. Its packets
   * have a header extension, as some devices write one without having been asked.
   */
  speak(frequency: number): void {
    this.hush()
    let phase = 0
    this.speaking = setInterval(() => {
      const codec = this.remote?.codecs.find(({ name }) => (name === 'PCMA' || name === 'PCMU') && (this.listensTo ?? this.codecs).some((own) => own.name === name))
      if (codec === undefined || this.pressing) return
      this.timestamp += frame
      const payload = encodeG711(codec.name as G711, sine(frequency, 20, 0.25, phase))
      this.sendRaw(extended(this.packet(codec.payloadType, payload)), this.remote!.rtpPort)
      phase += frame
    }, 20)
  }

  hush(): void {
    clearInterval(this.speaking)
  }

  /** Sends one packet in any codec of the other side's description. */
  send(payloadType: number, payload: Buffer, duration: number, to = this.remote!.rtpPort): void {
    this.timestamp += duration
    this.sendRaw(this.packet(payloadType, payload), to)
  }

  /** Presses a key for 100 ms (RFC 4733 §2.5). */
  async press(digit: string): Promise<void> {
    const codec = this.remote!.codecs.find(({ name, clockRate }) => name === 'telephone-event' && clockRate === 8000)!
    const timestamp = this.timestamp += frame
    this.pressing = true
    for (let n = 1; n <= 7; n++) {
      const payload = buildTelephoneEvent({ event: eventOfDigit(digit)!, end: n > 4, volume: 10, duration: Math.min(n, 5) * frame })
      this.sendRaw(buildRtp({ payloadType: codec.payloadType, marker: n === 1, sequence: this.sequence++ & 0xffff, timestamp, ssrc: this.ssrc, payload }), this.remote!.rtpPort)
      await sleep(20)
    }
    this.timestamp += 6 * frame
    this.pressing = false
  }

  sendRtcp(data: Buffer): void {
    this.rtcpSocket.send(data, this.remote!.rtcpPort, '127.0.0.1')
  }

  /** Whether this tone is heard before its patience is over. */
  hears(frequency: number): Promise<boolean> {
    this.forget()
    return this.until(() => hearsTone(frequency, this.sound().slice(-2400)) && this.sound().length >= 2400)
  }

  /** How many packets come in this time. */
  async countFor(ms: number): Promise<number> {
    await sleep(100)
    this.forget()
    await sleep(ms)
    return this.received.length
  }

  /** The payload type under which a digit arrives, or undefined if none does. */
  async hearsDigit(digit: string): Promise<number | undefined> {
    const found = (): RtpPacket | undefined => this.received.map(({ packet }) => packet)
      .find(({ payloadType, payload }) => this.listeningTo(payloadType)?.name === 'telephone-event' && parseTelephoneEvent(payload)?.event === eventOfDigit(digit))
    await this.until(() => found() !== undefined)
    return found()?.payloadType
  }

  until(condition: () => boolean, ms = patienceMs): Promise<boolean> {
    return waitFor(condition, ms)
  }

  forget(): void {
    this.received.length = 0
  }

  /** All G.711 that came, in the order of its sequence numbers. */
  sound(): Int16Array {
    const pieces = this.received.flatMap(({ packet: { payloadType, payload } }) => {
      const codec = this.listeningTo(payloadType)
      return codec?.name === 'PCMA' || codec?.name === 'PCMU' ? [...decodeG711(codec.name, payload)] : []
    })
    return Int16Array.from(pieces)
  }

  async close(): Promise<void> {
    this.hush()
    for (const socket of [this.rtpSocket, this.rtcpSocket]) {
      socket.close()
      await once(socket, 'close')
    }
  }

  private listeningTo(payloadType: number): Codec | undefined {
    return (this.listensTo ?? this.codecs).find((codec) => codec.payloadType === payloadType)
  }

  private packet(payloadType: number, payload: Buffer): Buffer {
    return buildRtp({ payloadType, marker: false, sequence: this.sequence++ & 0xffff, timestamp: this.timestamp, ssrc: this.ssrc, payload })
  }

  private sendRaw(data: Buffer, to: number): void {
    this.rtpSocket.send(data, to, '127.0.0.1')
  }
}

/** The packet with a header extension (RFC 3550 §5.3.1) that holds a word which must not arrive. */
function extended(packet: Buffer): Buffer {
  const extension = Buffer.from('\xbe\xde\0\x02CANARY\0\0', 'latin1')
  packet[0]! |= 0x10
  return Buffer.concat([packet.subarray(0, 12), extension, packet.subarray(12)])
}

function fmtp(codec: Codec, talkative: boolean): string[] {
  const config = writeFmtp(codec)
  if (talkative && codec.name === 'opus') return [`a=fmtp:${codec.payloadType} useinbandfec=1;x-canary=CANARY`]
  return config === undefined ? [] : [`a=fmtp:${codec.payloadType} ${config}`]
}

async function bind(port: number, address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(port, address)
  await once(socket, 'listening')
  return socket
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms) })
}

/** Whether the condition comes true in time. */
export async function waitFor(condition: () => boolean | Promise<boolean>, ms = patienceMs): Promise<boolean> {
  for (const until = Date.now() + ms; Date.now() < until;) {
    if (await condition()) return true
    await sleep(10)
  }
  return condition()
}

/** Loudness of each 10 ms. */
function envelope(samples: Int16Array): number[] {
  const steps: number[] = []
  for (let at = 0; at + 80 <= samples.length; at += 80) {
    let sum = 0
    for (let i = at; i < at + 80; i++) sum += Math.abs(samples[i]!)
    steps.push(sum / 80)
  }
  return steps
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0) / list.length
  const [meanA, meanB] = [mean(a), mean(b)]
  let [top, squareA, squareB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB]
    top += x * y
    squareA += x * x
    squareB += y * y
  }
  return squareA === 0 || squareB === 0 ? 0 : top / Math.sqrt(squareA * squareB)
}

/** How well a sound file is heard in samples, whole and wherever it starts: 1 for perfectly. */
export function likeness(samples: Int16Array, file: string): number {
  const wanted = envelope(readWav(readFileSync(file)))
  const heard = envelope(samples)
  const padded = [...heard, ...new Array<number>(50).fill(0)]
  let best = 0
  for (let at = 0; at + wanted.length <= padded.length; at++) best = Math.max(best, correlation(padded.slice(at, at + wanted.length), wanted))
  return best
}
