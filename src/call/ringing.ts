import { follow } from '../follow.js'
import type { MediaSession } from '../media/types.js'
import { EndCall } from './termination.js'

/** What a phone that rings waits for. */
export interface Ringing {
  /** Aborts when nobody wants the call any more. */
  readonly over: AbortSignal
  readonly media: Pick<MediaSession, 'silent'>
  /** How long the shop lets it ring. */
  readonly seconds: number
}

/**
 * Rings somebody for as long as there is a call to be had: the signal aborts with no_answer when the time is over, and with
 * media_unavailable when the engine has lost the media, since whoever picked up then would hear nobody.
 */
export async function ringing<T>({ over, media, seconds }: Ringing, dial: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const patience = new AbortController()
  const settled = follow(patience, over)
  const timer = setTimeout(() => patience.abort(new EndCall('no_answer')), seconds * 1000)
  void media.silent.then(() => patience.abort(new EndCall('media_unavailable')))
  try {
    return await dial(patience.signal)
  } finally {
    clearTimeout(timer)
    settled()
  }
}
