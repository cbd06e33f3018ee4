import { setImmediate as immediate } from 'node:timers/promises'
import { errorFields, type Log } from '../../telemetry/log.js'
import { Control } from './control.js'
import type { Dictionary } from './bencode.js'

/** Milliseconds between two health checks of an instance. */
const checkEveryMs = 2000

/** One rtpengine of several. */
export class Instance {
  /** Calls of ours that it carries. */
  sessions = 0
  up = true
  private control: Control
  private readonly timer: NodeJS.Timeout
  private readonly underWay = new Set<Promise<unknown>>()
  private closed = false

  /** @param index names the instance in the log; its address stays out of there */
  constructor(private readonly url: string, private readonly index: number, private readonly deadlineMs: number, private readonly log: Log) {
    this.control = new Control(url)
    this.timer = setInterval(() => void this.ping().catch(() => undefined), checkEveryMs)
    this.timer.unref()
  }

  /** @throws MaskError media_unavailable */
  async request(command: string, fields: Dictionary, ms = this.deadlineMs): Promise<Dictionary> {
    const asking = this.control.request(command, fields, ms)
    this.underWay.add(asking)
    try {
      return await asking
    } finally {
      this.underWay.delete(asking)
    }
  }

  /** Asks whether it is there and remembers the answer. @throws MaskError media_unavailable */
  async ping(): Promise<void> {
    try {
      await this.request('ping', {}, Math.min(this.deadlineMs, checkEveryMs))
      this.mark(true)
    } catch (error) {
      this.mark(false, error)
      this.renew()
      throw error
    }
  }

  mark(up: boolean, error?: unknown): void {
    if (up === this.up || this.closed) return
    this.up = up
    if (up) this.log.info('media.rtpengine_up', { count: this.index })
    else this.log.warn('media.rtpengine_down', { count: this.index, ...errorFields(error) })
  }

  /** Takes as long as the commands under way, each of which has its deadline. */
  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.timer)
    // Whatever was begun comes to its end, and so does what it leaves to be removed.
    while (this.underWay.size > 0) {
      await Promise.allSettled(this.underWay)
      await immediate()
    }
    await this.control.close()
  }

  /** A server that came back may have another address behind the same name. */
  private renew(): void {
    if (this.closed) return
    void this.control.close()
    this.control = new Control(this.url)
  }
}

/** All instances in the order in which a new call should try them: those that answer first, of these the least loaded. */
export function inOrder(instances: readonly Instance[]): Instance[] {
  return [...instances].sort((a, b) => Number(b.up) - Number(a.up) || a.sessions - b.sessions)
}
