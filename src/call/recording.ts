import type { MediaSession, PlayOptions } from '../media/types.js'
import type { Recordings } from '../record/recordings/types.js'
import { unlessAborted } from './wait.js'

export interface RecordedCall {
  readonly id: string
  readonly shopId: string
  /** Unix milliseconds. */
  readonly startedAt: number
}

export interface RecordOptions {
  readonly recordings: Pick<Recordings, 'begin'>
  readonly media: MediaSession
  readonly call: RecordedCall
  readonly voice: PlayOptions
  readonly signal: AbortSignal
}

/**
 * Tells both sides that the call is recorded, then records until the result is called. Nobody hears the other
 * and not a sample is kept before both have heard it. A call that cannot be recorded goes on unrecorded, and
 * then nobody is told otherwise. @throws the signal's reason when the call ends meanwhile
 */
export async function announceAndRecord({ recordings, media, call, voice, signal }: RecordOptions): Promise<() => Promise<void>> {
  const { record } = media
  // Why a recording cannot begin is in the log of the recordings.
  const writer = record && await recordings.begin(call).catch(() => undefined)
  if (record === undefined || writer === undefined) return async () => undefined
  try {
    await unlessAborted(signal, Promise.all((['a', 'b'] as const).map((side) => media.play(side, 'recorded', voice).done)))
  } catch (error) {
    await writer.finish()
    throw error
  }
  const stop = record((sound) => writer.write(sound))
  return async () => {
    stop()
    await writer.finish()
  }
}
