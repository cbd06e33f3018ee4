import { createLog, type Log } from '../../src/telemetry/log.js'

/** A log that nobody reads. */
export const silent: Log = createLog('silent')

/** A log at the most verbose level, with all that was written. */
export function captured(): { log: Log, text: () => string } {
  const lines: string[] = []
  return { log: createLog('trace', { write: (line: string) => void lines.push(line) }), text: () => lines.join('') }
}
