import type { Config } from '../../config.js'
import type { EventBus } from '../../events.js'
import type { Log } from '../log.js'

/** Draws calls and requests for a collector. */
export interface Traces {
  /** Draws nothing more and sends what waits, for a few seconds at most. Never rejects. */
  close(): Promise<void>
}

export interface TracesOptions {
  readonly config: Config['traces']
  /** The trunk that calls leave by. */
  readonly wayOut: string
  readonly events: EventBus
  readonly log: Log
}
