import { setTimeout as sleep } from 'node:timers/promises'
import type Mrf from 'drachtio-fsmrf'
import { within } from '../../deadline.js'
import { MaskError } from '../../errors.js'
import { readSdp, type MediaFacts } from '../sdp.js'
import type { Playback } from '../types.js'
import type { Link } from './link.js'

/** A key of a phone. */
export interface Key {
  readonly digit: string
  /** Pressed while the channel was not bridged: nobody but us has heard it. */
  readonly unheard: boolean
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** One channel in FreeSWITCH: an RTP port towards one person, which can be bridged to another and made to play. */
export class Endpoint {
  /** Resolves when FreeSWITCH hung up by itself or is dead; never rejects. */
  readonly ended: Promise<void>
  /** Resolves when nothing can be played any more. */
  private readonly mute: Promise<void>
  private readonly dialog: Mrf.Dialog
  private readonly gone = new AbortController()
  /** Plays and stops follow each other in the order of the calls. */
  private turn: Promise<unknown> = Promise.resolve()
  private current: Playback | undefined
  private readonly keyListeners = new Set<(key: Key) => void>()
  private ending: Promise<void> | undefined

  private constructor(private readonly endpoint: Mrf.Endpoint, private readonly link: Link, private readonly deadlineMs: number) {
    // The library forgets its dialog on some paths, and nobody would end it then.
    this.dialog = endpoint.dialog
    this.ended = new Promise((resolve) => {
      this.dialog.on('destroy', () => resolve())
      if (!this.dialog.connected) resolve()
      // A channel whose control connection was lost may talk on; not so when nobody is left at the other port either.
      const forget = link.onDeath(() => { if (!endpoint.connected) resolve() })
      this.gone.signal.addEventListener('abort', forget)
    })
    this.mute = new Promise((resolve) => {
      endpoint.on('destroy', () => resolve())
      this.gone.signal.addEventListener('abort', () => resolve())
    })
    void this.ended.then(() => this.gone.abort())
    endpoint.conn?.on(`esl::event::DTMF::${endpoint.uuid}`, (event) => this.hear(event))
  }

  /**
   * Makes a channel. Of a thousand that answer, one never dials us (seen with 1.11.1), so a second is made when the first
   * takes its time.
   * @param sdp what the person's phone said, in our words
   * @throws MaskError media_rejected when FreeSWITCH has none of the codecs, else media_unavailable; nothing is left then
   */
  static async open(link: Link, sdp: string, deadlineMs: number): Promise<Endpoint> {
    const server = await link.ready()
    const first = Math.min(patienceMs, deadlineMs / 2)
    try {
      return await Endpoint.make(server, link, sdp, first, deadlineMs)
    } catch (error) {
      if (!(error instanceof Late) || link.closed.aborted) throw error
      return await Endpoint.make(server, link, sdp, deadlineMs - first, deadlineMs)
    }
  }

  private static async make(server: Mrf.MediaServer, link: Link, sdp: string, ms: number, deadlineMs: number): Promise<Endpoint> {
    const abandon = (late: Mrf.Endpoint): void => void new Endpoint(late, link, deadlineMs).hangUp()
    const made = await inTime(server.createEndpoint({ remoteSdp: sdp }), ms, link.closed, abandon)
    const endpoint = new Endpoint(made, link, deadlineMs)
    if (uuid.test(made.uuid)) return endpoint
    await endpoint.hangUp()
    throw new MaskError('media_unavailable', { reason: 'reply' })
  }

  /** What FreeSWITCH said last, as facts. @throws MaskError media_unavailable */
  get described(): MediaFacts {
    return factsOf(this.dialog.remote.sdp)
  }

  /** Tells FreeSWITCH what the phone says now. @throws MaskError media_rejected, media_unavailable */
  async modify(sdp: string): Promise<MediaFacts> {
    const until = performance.now() + this.deadlineMs
    for (let pause = firstPauseMs; ; pause *= 2) {
      try {
        return factsOf(await inTime(this.dialog.modify(sdp), until - performance.now(), this.gone.signal))
      } catch (error) {
        if (!(error instanceof Pending) || performance.now() + pause > until) throw error
        await sleep(pause)
      }
    }
  }

  /** Lets two channels hear each other; what they play stops. @throws MaskError media_unavailable */
  async bridge(other: Endpoint): Promise<void> {
    const reply = await this.api('uuid_bridge', this.endpoint.uuid, other.endpoint.uuid)
    if (!reply.startsWith('+OK')) throw new MaskError('media_unavailable', { reason: 'bridge' })
  }

  /** Parts two channels that were bridged. @throws MaskError media_unavailable */
  async unbridge(): Promise<void> {
    const reply = await this.api('uuid_transfer', this.endpoint.uuid, '-both', 'park', 'inline')
    if (!reply.startsWith('+OK')) throw new MaskError('media_unavailable', { reason: 'bridge' })
  }

  /** Calls `listener` for every key. @returns what stops it */
  onKey(listener: (key: Key) => void): () => void {
    this.keyListeners.add(listener)
    return () => { this.keyListeners.delete(listener) }
  }

  /** Presses a key towards the phone. @param digit one of `0`-`9`, `*`, `#`, `A`-`D` @throws MaskError media_unavailable */
  async sendKey(digit: string): Promise<void> {
    await this.api('uuid_send_dtmf', this.endpoint.uuid, digit)
  }

  /** Plays the first of these that FreeSWITCH has. What was playing before stops. @param loop until stopped */
  play(names: readonly string[], loop: boolean): Playback {
    this.current?.stop()
    const over = new AbortController()
    const done = new Promise<void>((resolve) => over.signal.addEventListener('abort', () => resolve()))
    void this.next(async () => {
      if (over.signal.aborted) return
      // The library waits for ever when its connection to the channel is lost, or when FreeSWITCH drops what was asked for.
      const patience = loop ? undefined : setTimeout(() => over.abort(), longestPlayMs)
      void Promise.race([this.playFirst(names, over.signal), this.mute, done]).then(() => {
        clearTimeout(patience)
        over.abort()
      })
    })
    const stop = (): void => {
      if (over.signal.aborted) return
      over.abort()
      // Queued at once: a break throws away whatever was asked for before it comes, so no next prompt may overtake it.
      void this.next(async () => {
        await this.api('uuid_break', this.endpoint.uuid, 'all').catch(() => undefined)
      })
    }
    return this.current = { done, stop }
  }

  private hear(event: Mrf.ChannelEvent): void {
    const digit = event.getHeader('DTMF-Digit') ?? ''
    if (!/^[0-9*#A-D]$/.test(digit)) return
    // A channel that waits executes its dialplan; one that is bridged has left it.
    const unheard = event.getHeader('Channel-State') === 'CS_EXECUTE'
    for (const listener of this.keyListeners) listener({ digit, unheard })
  }

  private async playFirst(names: readonly string[], over: AbortSignal): Promise<void> {
    for (const name of names) {
      if (over.aborted) return
      // Not found: the next one, then.
      if (await this.endpoint.play(name).then(() => true, () => false)) return
    }
  }

  /** Waits until what was asked for so far is under way. */
  settled(): Promise<unknown> {
    return this.turn
  }

  /** RTP packets that came from the phone; undefined when FreeSWITCH does not know the channel. @throws MaskError media_unavailable */
  async packets(): Promise<number | undefined> {
    const known = await this.api('uuid_set_media_stats', this.endpoint.uuid)
    if (!known.startsWith('+OK')) return undefined
    return Number(await this.api('uuid_getvar', this.endpoint.uuid, 'rtp_audio_in_media_packet_count')) || 0
  }

  /** Ends the channel. Idempotent; never rejects. */
  hangUp(): Promise<void> {
    return this.ending ??= this.end()
  }

  private async end(): Promise<void> {
    this.gone.abort()
    if (!this.dialog.connected) return
    // By SIP, which works without the channel's control connection; by command when SIP does not.
    await within(this.deadlineMs, this.dialog.destroy()).catch(() => this.link.api(`uuid_kill ${this.endpoint.uuid}`).catch(() => undefined))
  }

  private next(work: () => Promise<void>): Promise<unknown> {
    return this.turn = this.turn.then(work)
  }

  /** A command about this channel over its own connection, so that no call waits for another; else over the common one. */
  private async api(command: string, ...args: string[]): Promise<string> {
    if (!this.endpoint.connected) return this.link.api([command, ...args].join(' '))
    const reply = await inTime(this.endpoint.api(command, args), this.deadlineMs, this.gone.signal)
    return reply.getBody() ?? ''
  }
}

/** FreeSWITCH is still busy with the description before (RFC 3261 §14.2); it wants to be asked again. */
class Pending extends MaskError {
  constructor(cause: unknown) {
    super('media_unavailable', { reason: 'pending', cause })
  }
}

/** FreeSWITCH has not answered in the time that it was given. */
class Late extends MaskError {
  constructor() {
    super('media_unavailable', { reason: 'timeout' })
  }
}

/** Milliseconds for a channel, which is there after a tenth of it, before a second one is tried. */
const patienceMs = 1000

/** Milliseconds; no sound is longer. */
const longestPlayMs = 130_000

/** Milliseconds to the second try; each further pause is twice as long. FreeSWITCH is next door and quick. */
const firstPauseMs = 20

/**
 * The work of a library whose promises may never settle: until its time is over, or `over` says that nobody wants it any more.
 * What comes too late goes to `onLate`.
 */
async function inTime<T>(work: Promise<T>, ms: number, over: AbortSignal, onLate?: (value: T) => void): Promise<T> {
  let stop: () => void = () => undefined
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new MaskError('media_unavailable', { reason: 'closed' }))
    if (over.aborted) stop()
    over.addEventListener('abort', stop)
  })
  let settled = false
  work.then((value) => { if (settled) onLate?.(value) }, () => undefined)
  try {
    return await within(ms, Promise.race([work, stopped]), 'deadline_exceeded')
  } catch (cause) {
    throw refusal(cause)
  } finally {
    settled = true
    over.removeEventListener('abort', stop)
  }
}

function factsOf(sdp: string | undefined): MediaFacts {
  try {
    return readSdp(sdp ?? '')
  } catch (cause) {
    throw new MaskError('media_unavailable', { reason: 'reply', cause })
  }
}

/** 488 is about the description (RFC 3261 §21.4.26); all else is about FreeSWITCH or the way to it. */
function refusal(cause: unknown): MaskError {
  if (cause instanceof MaskError) return cause.code === 'deadline_exceeded' ? new Late() : cause
  const { status, message } = cause as { status?: unknown, message?: unknown }
  // The SIP server may say so itself, before anything is sent.
  if (status === 491 || String(message).includes('INVITE is in progress')) return new Pending(cause)
  return status === 488 ? new MaskError('media_rejected', { reason: 'no_codec', cause }) : new MaskError('media_unavailable', { cause })
}
