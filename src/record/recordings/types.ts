/** One recorded call as far as it may be told without listening. */
export interface RecordingInfo {
  readonly callId: string
  /** UTC day on which the call began, `20261121`. */
  readonly day: string
  /** Whole seconds of sound. */
  readonly seconds: number
  /** Bytes of the WAV file that `read` makes of it. */
  readonly bytes: number
}

/** A recording under way. */
export interface RecordingWriter {
  /** G.711 µ-law, mono, 8000 Hz. Never throws; what cannot be written is lost and logged once. */
  write(sound: Buffer): void
  /** Writes the rest and closes. Never rejects; nothing stays when not a sample came. */
  finish(): Promise<void>
}

/**
 * Recorded calls: files under `dir/<shop>/<day>/`, sealed second by second under the shop's recording key of
 * that day before they reach the disk. Rejects with MaskError store_unavailable, recording_unavailable.
 */
export interface Recordings {
  /** @param startedAt Unix milliseconds of the call. @throws recording_unavailable when the disk takes nothing */
  begin(call: { readonly id: string, readonly shopId: string, readonly startedAt: number }): Promise<RecordingWriter>
  /** undefined: not recorded, deleted, or its key is gone. */
  find(shopId: string, callId: string): Promise<RecordingInfo | undefined>
  /** A WAV file, piece by piece. @throws recording_unavailable when it was changed or ends in the middle of a piece */
  read(shopId: string, info: RecordingInfo): AsyncGenerator<Buffer>
  /** @returns whether it was there */
  remove(shopId: string, callId: string): Promise<boolean>
  /** Days with recordings of a shop, oldest first. */
  days(shopId: string): Promise<string[]>
  /** Calls recorded on a day. */
  ofDay(shopId: string, day: string): Promise<string[]>
}
