import { freshBytes } from '../../ids.js'
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { MaskError } from '../../errors.js'
import { decode, encode, type Dictionary } from './bencode.js'

/** Milliseconds until a request is sent again; doubled each time. rtpengine answers a repeated cookie from memory. */
const firstRepeatMs = 200

interface Pending {
  resolve(reply: Dictionary): void
  reject(error: MaskError): void
}

/** The control channel to one rtpengine: the ng protocol, bencoded, over UDP. */
export class Control {
  private readonly pending = new Map<string, Pending>()
  private readonly socket: Socket
  private readonly connected: Promise<void>
  private closed = false

  /** @param url `udp://host:port` */
  constructor(url: string) {
    const { hostname, port } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    this.socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    this.socket.on('message', (data) => this.take(data))
    // A connected socket hears of a closed port (ICMP), so that nobody waits for a server that is not there.
    this.socket.on('error', () => this.failAll())
    this.connected = new Promise((resolve, reject) => {
      this.socket.once('connect', resolve)
      this.socket.once('error', () => reject(unavailable('connect')))
    })
    this.connected.catch(() => undefined)
    this.socket.connect(Number(port), host)
    this.socket.unref()
  }

  /**
   * Sends a command and waits for its reply.
   * @param ms milliseconds for all attempts together
   * @throws MaskError media_unavailable when there is no reply in time, or the reply says error
   */
  async request(command: string, fields: Dictionary, ms: number): Promise<Dictionary> {
    if (this.closed) throw unavailable('closed')
    const cookie = freshBytes(9).toString('base64url')
    const message = Buffer.concat([Buffer.from(`${cookie} `), encode({ command, ...fields })])
    let timers: NodeJS.Timeout[] = []
    try {
      const reply = await new Promise<Dictionary>((resolve, reject) => {
        this.pending.set(cookie, { resolve, reject })
        timers = [setTimeout(() => reject(unavailable('timeout')), ms), ...repeats(ms).map((at) => setTimeout(() => this.send(message), at))]
        this.connected.then(() => this.send(message), () => reject(unavailable('connect')))
      })
      if (reply.result === 'error') throw unavailable(command === 'query' && reply['error-reason'] === 'Unknown call-id' ? 'unknown_call' : 'refused')
      return reply
    } finally {
      this.pending.delete(cookie)
      timers.forEach(clearTimeout)
    }
  }

  close(): Promise<void> {
    if (this.closed) return Promise.resolve()
    this.closed = true
    this.failAll()
    return new Promise((resolve) => { this.socket.close(() => resolve()) })
  }

  private send(message: Buffer): void {
    if (!this.closed) this.socket.send(message, (error) => { if (error) this.failAll() })
  }

  private take(data: Buffer): void {
    const space = data.indexOf(' ')
    const pending = this.pending.get(data.toString('latin1', 0, Math.max(space, 0)))
    if (pending === undefined) return
    try {
      const reply = decode(data.subarray(space + 1))
      if (typeof reply === 'object' && !Array.isArray(reply)) pending.resolve(reply as Dictionary)
    } catch {
      // Cut off or garbled: the repeated request may bring it whole.
    }
  }

  private failAll(): void {
    for (const pending of this.pending.values()) pending.reject(unavailable('gone'))
  }
}

/** When to repeat within `ms`. */
function repeats(ms: number): number[] {
  const times: number[] = []
  for (let at = firstRepeatMs, step = firstRepeatMs; at < ms; step *= 2, at += step) times.push(at)
  return times
}

function unavailable(reason: string): MaskError {
  return new MaskError('media_unavailable', { reason })
}
