import type { MediaSession, PlayOptions, Side } from '../media/types.js'
import type { ShopSettings } from '../shop/settings.js'
import type { Leg, LegEnd } from '../sip/types.js'
import { terminated, type Termination } from './termination.js'

export interface Talk {
  readonly a: Leg
  readonly b: Leg
  readonly media: MediaSession
  /** Milliseconds. */
  readonly limitMs: number
  /** Whose words the warning before the limit is spoken in. */
  readonly voice: PlayOptions
  readonly stopped: AbortSignal
}

/** People are warned so many milliseconds before the limit, unless the whole talk is hardly longer. */
const warningMs = 60_000

/** The shop's longest talk, or what its caps leave of it. */
export function talkLimitMs({ maxDurationSeconds }: Pick<ShopSettings, 'maxDurationSeconds'>, longestMs = Infinity): number {
  return Math.min(maxDurationSeconds * 1000, longestMs)
}

/**
 * The time between answer and end. Resolves at the first of: a side hangs up, the limit, no media from
 * either side, our own stop. Hanging up the legs is the business of who made them.
 */
export async function talk({ a, b, media, limitMs, voice, stopped }: Talk): Promise<Termination> {
  negotiateLocally(a, 'a', media)
  negotiateLocally(b, 'b', media)
  const timers: NodeJS.Timeout[] = []
  let onStop = (): void => undefined
  try {
    return await Promise.race([
      a.ended.then((end) => endedBy(end, 'caller_hung_up')),
      b.ended.then((end) => endedBy(end, 'callee_hung_up')),
      media.silent.then(() => terminated('media_silent')),
      new Promise<Termination>((resolve) => {
        timers.push(setTimeout(() => resolve(terminated('limit_reached')), limitMs))
        if (limitMs > 2 * warningMs) timers.push(setTimeout(() => warn(media, voice), limitMs - warningMs))
      }),
      new Promise<Termination>((resolve) => {
        onStop = () => resolve(terminated('shutting_down'))
        if (stopped.aborted) onStop()
        stopped.addEventListener('abort', onStop)
      })
    ])
  } finally {
    for (const timer of timers) clearTimeout(timer)
    stopped.removeEventListener('abort', onStop)
  }
}

function warn(media: MediaSession, voice: PlayOptions): void {
  for (const side of ['a', 'b'] as const) media.play(side, 'one-minute', voice)
}

/**
 * Hold, resume and other offers of one side are answered by the media engine alone; the other leg never
 * learns of them, so nothing in them can leak.
 */
export function negotiateLocally(leg: Leg, side: Side, media: MediaSession): void {
  leg.onOffer((offer) => offer === undefined ? Promise.resolve(media.localDescription(side)) : media.renegotiate(side, offer))
}

function endedBy(end: LegEnd, reason: 'caller_hung_up' | 'callee_hung_up'): Termination {
  if (end === 'ack_missing') return terminated('ack_missing')
  if (end === 'lost') return terminated('signalling_lost')
  return terminated(reason)
}
