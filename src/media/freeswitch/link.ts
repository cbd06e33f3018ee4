import { setMaxListeners } from 'node:events'
import type Mrf from 'drachtio-fsmrf'
import { within } from '../../deadline.js'
import { MaskError } from '../../errors.js'
import { errorFields, type Log } from '../../telemetry/log.js'
import { closeServer, openServer } from './library.js'
import { preflight, type Listen, type Target } from './preflight.js'

export interface LinkOptions extends Target {
  readonly srf: unknown
  readonly listen: Listen & { readonly advertised: string }
  readonly log: Log
  /** Milliseconds for one command, and for one attempt to connect. */
  readonly deadlineMs: number
}

const retryMs = { first: 200, last: 5000 }
/** Milliseconds between two checks of a connection that says nothing. */
const checkEveryMs = 2000

/**
 * One live connection to a FreeSWITCH. A connection that is lost is thrown away whole and made anew: after
 * a reconnect of its own, drachtio-fsmrf gives the answers of the old connection's commands to the new one's
 * and hears no more heartbeats.
 */
export class Link {
  private server: Mrf.MediaServer | undefined
  /** Rejects when the connection is lost: nothing that was asked over it is ever answered. */
  private lost: Promise<never> | undefined
  private lostNow: () => void = () => undefined
  private failure: unknown = new MaskError('media_unavailable', { reason: 'connecting' })
  private waiting: (() => void)[] = []
  private timer: NodeJS.Timeout | undefined
  private readonly checker: NodeJS.Timeout
  private retry = retryMs.first
  private readonly mourners = new Set<() => void>()
  private readonly closing = new AbortController()
  /** Aborts when nobody wants anything any more. */
  readonly closed = this.closing.signal

  constructor(private readonly options: LinkOptions) {
    // Every channel that is being made listens; Node would take more than ten for a leak.
    setMaxListeners(0, this.closed)
    this.checker = setInterval(() => void this.check(), checkEveryMs)
    this.checker.unref()
    void this.connect()
  }

  /** The connection, waiting for one that is being made. @throws MaskError media_unavailable */
  async ready(): Promise<Mrf.MediaServer> {
    if (this.server === undefined && !this.closed.aborted) await within(this.options.deadlineMs, new Promise<void>((resolve) => this.waiting.push(resolve)), 'media_unavailable').catch(() => undefined)
    if (this.server === undefined) throw this.failure
    return this.server
  }

  /** A command to FreeSWITCH; made of our own words only. @throws MaskError media_unavailable */
  async api(command: string): Promise<string> {
    const server = this.server
    if (server === undefined) throw this.failure
    return within(this.options.deadlineMs, Promise.race([server.api(command), this.lost!]), 'media_unavailable')
  }

  /** Calls `listener` whenever no process is there any more. @returns what stops it */
  onDeath(listener: () => void): () => void {
    this.mourners.add(listener)
    return () => { this.mourners.delete(listener) }
  }

  close(): void {
    this.closing.abort()
    this.failure = new MaskError('media_unavailable', { reason: 'closed' })
    clearTimeout(this.timer)
    clearInterval(this.checker)
    this.drop()
    this.wake()
  }

  private async connect(): Promise<void> {
    try {
      await preflight(this.options, this.options.listen, this.options.deadlineMs)
      this.take(await this.openServer())
    } catch (error) {
      this.fail(error)
    }
  }

  private openServer(): Promise<Mrf.MediaServer> {
    const { host, port, secret, profile, listen, srf, deadlineMs } = this.options
    return openServer(srf, { address: host, port, secret, profile, listenAddress: listen.host, listenPort: listen.port, advertisedAddress: listen.advertised }, deadlineMs)
  }

  private take(server: Mrf.MediaServer): void {
    if (this.closed.aborted) { closeServer(server); return }
    this.lost = new Promise((_, reject) => { this.lostNow = () => reject(new MaskError('media_unavailable', { reason: 'lost' })) })
    void this.lost.catch(() => undefined)
    server.on('error', () => undefined)
    server.once('end', () => this.lose(server))
    this.server = server
    this.retry = retryMs.first
    this.options.log.info('media.freeswitch_connected')
    // It may have gone while we were waiting for it.
    if (!server.conn.connected()) this.lose(server)
    this.wake()
  }

  private lose(server: Mrf.MediaServer): void {
    if (this.server !== server || this.closed.aborted) return
    this.options.log.warn('media.freeswitch_lost')
    this.drop()
    this.fail(new MaskError('media_unavailable', { reason: 'lost' }))
  }

  private fail(error: unknown): void {
    if (this.closed.aborted) return
    const reason = error instanceof MaskError ? error.reason : undefined
    if (!(this.failure instanceof MaskError) || this.failure.reason !== reason) this.options.log.warn('media.freeswitch_unavailable', { ...errorFields(error), ...(reason === undefined ? {} : { reason }) })
    this.failure = error
    this.wake()
    if (reason === 'nobody') for (const mourner of [...this.mourners]) mourner()
    this.timer = setTimeout(() => void this.connect(), this.retry)
    this.timer.unref()
    this.retry = Math.min(this.retry * 2, retryMs.last)
  }

  private async check(): Promise<void> {
    const server = this.server
    if (server !== undefined) await this.api('uptime').catch(() => this.lose(server))
  }

  private drop(): void {
    this.lostNow()
    if (this.server !== undefined) closeServer(this.server)
    this.server = undefined
  }

  private wake(): void {
    for (const one of this.waiting.splice(0)) one()
  }
}
