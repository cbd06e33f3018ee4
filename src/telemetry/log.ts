import { pino, type DestinationStream } from 'pino'

/**
 * The fields that a log line may have. A line is built from these names alone; an object that came
 * from a library, a request or a message is never handed to the log, because nobody knows what it holds.
 * None of them may carry a number, name or address of a person.
 */
export interface LogFields {
  readonly callId?: string
  readonly deliveryId?: string
  readonly shopId?: string
  readonly poolId?: string
  readonly trunkId?: string
  readonly requestId?: string
  /** One of our own method, route or command names. */
  readonly operation?: string
  readonly method?: string
  readonly route?: string
  readonly status?: number
  readonly code?: string
  readonly result?: string
  readonly reason?: string
  readonly state?: string
  readonly party?: string
  /** What a key is for, and its UTC day as `2026-11-21`. */
  readonly purpose?: string
  readonly day?: string
  readonly ms?: number
  readonly count?: number
  readonly port?: number
  readonly version?: string
  /** Class name of an error and our own code places; never its message, which may quote input. */
  readonly errorName?: string
  readonly errorAt?: string
}

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** `event` is a dotted constant such as `call.ended`. */
export type Log = Readonly<Record<Level, (event: string, fields?: LogFields) => void>> & {
  /** A log whose every line also has `fields`. */
  with: (fields: LogFields) => Log
}

const allowed: readonly (keyof LogFields)[] = [
  'callId', 'deliveryId', 'shopId', 'poolId', 'trunkId', 'requestId', 'operation', 'method', 'route', 'status', 'code',
  'result', 'reason', 'state', 'party', 'purpose', 'day', 'ms', 'count', 'port', 'version', 'errorName', 'errorAt'
]

/** What a value may look like; a text that could be a number or an address is cut out whatever its field. */
export const suspicious = /\+?\d{7,}|@|sips?:/i

function clean(fields: LogFields): Record<string, string | number> {
  const out: Record<string, string | number> = {}
  for (const name of allowed) {
    const value = fields[name]
    if (value === undefined) continue
    out[name] = typeof value === 'string' && suspicious.test(value) ? '[cut]' : value
  }
  return out
}

/** Makes the process's log. @param level a pino level name or `silent` */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label: string) => ({ level: label }) } }
  const root = destination === undefined ? pino(options) : pino(options, destination)
  const build = (bound: LogFields): Log => {
    const at = (name: Level) => (event: string, fields: LogFields = {}): void => root[name](clean({ ...bound, ...fields }), event)
    return {
      fatal: at('fatal'), error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), trace: at('trace'),
      with: (fields) => build({ ...bound, ...fields })
    }
  }
  return build({})
}

/** What the log may know about anything thrown: its class, its code and the first place in our own source. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { errorName: typeof error }
  const place = /\/((?:src|dist)\/[\w/.-]+:\d+)/.exec(error.stack?.split('\n').slice(1).join('\n') ?? '')?.[1]
  const code = (error as { code?: unknown }).code
  return {
    errorName: error.name,
    ...(typeof code === 'string' && /^[A-Za-z_]{2,40}$/.test(code) ? { code } : {}),
    ...(place === undefined ? {} : { errorAt: place })
  }
}
