import type { MediaSession, Side } from '../media/types.js'
import type { Leg, LegEnd } from '../sip/types.js'
import { terminated, type Termination } from './termination.js'

export interface Talk {
  readonly a: Leg
  readonly b: Leg
  readonly media: MediaSession
  readonly limitMs: number
  readonly stopped: AbortSignal
}

/**
 * The time between answer and end. Resolves at the first of: a side hangs up, the limit, no media from
 * either side, our own stop. Hanging up the legs is the business of who made them.
 */
export async function talk({ a, b, media, limitMs, stopped }: Talk): Promise<Termination> {
  negotiateLocally(a, 'a', media)
  negotiateLocally(b, 'b', media)
  let timer: NodeJS.Timeout | undefined
  let onStop = (): void => undefined
  try {
    return await Promise.race([
      a.ended.then((end) => endedBy(end, 'caller_hung_up')),
      b.ended.then((end) => endedBy(end, 'callee_hung_up')),
      media.silent.then(() => terminated('media_silent')),
      new Promise<Termination>((resolve) => { timer = setTimeout(() => resolve(terminated('limit_reached')), limitMs) }),
      new Promise<Termination>((resolve) => {
        onStop = () => resolve(terminated('shutting_down'))
        if (stopped.aborted) onStop()
        stopped.addEventListener('abort', onStop)
      })
    ])
  } finally {
    clearTimeout(timer)
    stopped.removeEventListener('abort', onStop)
  }
}

/**
 * Hold, resume and other offers of one side are answered by the media engine alone; the other leg never
 * learns of them, so nothing in them can leak.
 */
function negotiateLocally(leg: Leg, side: Side, media: MediaSession): void {
  leg.onOffer((offer) => offer === undefined ? Promise.resolve(media.localDescription(side)) : media.renegotiate(side, offer))
}

function endedBy(end: LegEnd, reason: 'caller_hung_up' | 'callee_hung_up'): Termination {
  if (end === 'ack_missing') return terminated('ack_missing')
  if (end === 'lost') return terminated('signalling_lost')
  return terminated(reason)
}
