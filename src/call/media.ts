import { within } from '../deadline.js'
import type { MediaSession, Side } from '../media/types.js'
import type { Leg } from '../sip/types.js'
import { Keys } from './keys.js'
import { EndCall, terminationOf } from './termination.js'

/** Milliseconds that the media engine may take for one step. */
const stepMs = 4000

/**
 * Waits for one step of the media engine.
 * @param onLate takes what comes when nobody waits any more
 * @throws MaskError, with media_unavailable when it takes too long
 */
export function mediaStep<T>(work: Promise<T>, onLate?: (value: T) => void): Promise<T> {
  return within(stepMs, work, 'media_unavailable', onLate)
}

/**
 * A step that takes an answer of a phone.
 * @throws as mediaStep; EndCall media_incompatible for an answer that cannot be served: that is the phone's doing, not its counterpart's
 */
export function takeAnswer<T>(work: Promise<T>): Promise<T> {
  return mediaStep(work).catch((error: unknown) => {
    throw terminationOf(error).reason === 'media_rejected' ? new EndCall('media_incompatible') : error
  })
}

/** The keys of one side, by media (RFC 4733) and by INFO. Whoever takes them closes them. @throws EndCall media_unavailable where the engine hears none */
export function listenTo(side: Side, leg: Leg, { voice }: Pick<MediaSession, 'voice'>): Keys {
  if (!voice) throw new EndCall('media_unavailable')
  return new Keys([(listener) => voice.onDigit(side, listener), (listener) => leg.onDigit(listener)])
}
