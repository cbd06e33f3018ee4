import { setTimeout as sleep } from 'node:timers/promises'
import { encodeG711 } from '../rtp/g711.js'
import { writeAlawWav } from '../rtp/wav.js'
import { MaskError } from '../../errors.js'
import type { Log } from '../../telemetry/log.js'
import type { Playback, Side } from '../types.js'
import type { Dictionary } from './bencode.js'

/** A command about one call. @throws MaskError media_unavailable */
export type Ask = (command: string, fields: Dictionary) => Promise<unknown>

/** A playback that was over before it began. */
export const finished: Playback = { done: Promise.resolve(), stop: () => undefined }

/** A file travels in one datagram, which holds 65507 bytes. */
const maxFileBytes = 60_000
/** Repeats of a sound without end; five seconds of ringing last for days. */
const endless = 100_000

/** A file for rtpengine, kept as long as its samples. */
const files = new WeakMap<Int16Array, Buffer>()

/**
 * Plays to the sides of a talk that rtpengine relays. Who hears a prompt does not hear the other side meanwhile:
 * two streams at once are one too many for a phone. A prompt that cannot be played is over before it begins.
 */
export class Prompter {
  private readonly ends: Record<Side, Promise<unknown>> = { a: Promise.resolve(), b: Promise.resolve() }
  private readonly current: Partial<Record<Side, Playback>> = {}
  private closed = false

  constructor(private readonly ask: Ask, private readonly log: Log) {}

  /** @param samples 16 bits at 8000 Hz */
  play(to: Side, samples: Int16Array, loop: boolean): Playback {
    if (this.closed) return finished
    this.current[to]?.stop()
    const file = fileOf(samples)
    if (file.length > maxFileBytes) return this.failed('too_long')
    const over = new AbortController()
    const done = new Promise<void>((resolve) => over.signal.addEventListener('abort', () => resolve()))
    // One after the other, so that no stop meets the next prompt.
    this.ends[to] = this.ends[to].then(() => this.say(to, file, loop ? undefined : samples.length / 8, over))
    return this.current[to] = { done, stop: () => over.abort() }
  }

  /** Ends what is playing; the call's own end silences rtpengine. */
  close(): void {
    this.closed = true
    for (const playback of Object.values(this.current)) playback.stop()
  }

  /** @param ms how long it takes; undefined: until stopped */
  private async say(to: Side, file: Buffer, ms: number | undefined, over: AbortController): Promise<void> {
    if (over.signal.aborted) return
    const other = { 'from-tag': to === 'a' ? 'b' : 'a' }
    try {
      await this.ask('block media', other)
      await this.ask('play media', { 'from-tag': to, 'blob': file, 'repeat-times': ms === undefined ? endless : 1 })
      await sleep(ms ?? 2 ** 31 - 1, undefined, { signal: over.signal }).catch(() => this.ask('stop media', { 'from-tag': to }))
    } catch (error) {
      if (!this.closed) this.failed(error instanceof MaskError ? error.reason : undefined)
    }
    over.abort()
    await this.ask('unblock media', other).catch(() => undefined)
  }

  private failed(reason = 'unavailable'): Playback {
    this.log.warn('media.prompt_failed', { reason })
    return finished
  }
}

function fileOf(samples: Int16Array): Buffer {
  const file = files.get(samples) ?? writeAlawWav(encodeG711('PCMA', samples))
  files.set(samples, file)
  return file
}
