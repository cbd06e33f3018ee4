import { outcomeOf } from './outcome.js'
import type { CallLog, CallRecord, CallWindow } from './types.js'

export const exportFormats = ['jsonl', 'csv'] as const
export type ExportFormat = typeof exportFormats[number]

/** Times are told to the quarter hour and durations to ten seconds: enough to count, too coarse to recognise a call by. */
const quarterMs = 900_000
const stepSeconds = 10

/** A call as it leaves the house: no id of the call, no pseudonym, nothing exact. */
export interface ExportedCall {
  /** RFC 3339, the quarter hour in which the call began. */
  readonly startedAt: string
  readonly deliveryId: string
  readonly reference: string
  readonly startedBy: string
  readonly callee?: string
  readonly state: string
  readonly outcome?: string
  readonly result?: string
  readonly reason?: string
  readonly ringSeconds?: number
  readonly talkSeconds?: number
}

const columns = ['startedAt', 'deliveryId', 'reference', 'startedBy', 'callee', 'state', 'outcome', 'result', 'reason', 'ringSeconds', 'talkSeconds'] as const satisfies readonly (keyof ExportedCall)[]

export function coarse(call: CallRecord): ExportedCall {
  const seconds = (ms: number): number => Math.round(ms / 1000 / stepSeconds) * stepSeconds
  return {
    startedAt: new Date(Math.floor(call.startedAt / quarterMs) * quarterMs).toISOString(),
    deliveryId: call.deliveryId,
    reference: call.reference,
    startedBy: call.startedBy,
    ...(call.callee === undefined ? {} : { callee: call.callee }),
    state: call.state,
    ...(call.state === 'ended' ? { outcome: outcomeOf(call) } : {}),
    ...(call.result === undefined ? {} : { result: call.result }),
    ...(call.reason === undefined ? {} : { reason: call.reason }),
    ...(call.ringMs === undefined ? {} : { ringSeconds: seconds(call.ringMs) }),
    ...(call.talkMs === undefined ? {} : { talkSeconds: seconds(call.talkMs) })
  }
}

/** The calls of a window as text, a batch at a time; the next is read when the one before was taken. */
export async function * exportCalls(log: Pick<CallLog, 'each'>, shopId: string, window: CallWindow, format: ExportFormat): AsyncGenerator<string> {
  if (format === 'csv') yield csvLine(columns)
  const line = format === 'csv' ? csvOf : jsonOf
  for await (const calls of log.each(shopId, window)) if (calls.length > 0) yield calls.map((call) => line(coarse(call))).join('')
}

const jsonOf = (call: ExportedCall): string => `${JSON.stringify(call)}\n`
const csvOf = (call: ExportedCall): string => csvLine(columns.map((column) => call[column]))

/** One line of RFC 4180. */
function csvLine(cells: readonly (string | number | undefined)[]): string {
  return `${cells.map((cell) => typeof cell === 'string' ? csvText(cell) : cell ?? '').join(',')}\r\n`
}

/** What a spreadsheet may take for the beginning of a formula, at the start of a cell or behind anything that may begin one. */
const formula = /(^|[;,|\t\r\n"'])(\s*)([=+\-@\uff1d\uff0b\uff0d\uff20])/gu

function csvText(text: string): string {
  const harmless = text.replace(formula, '$1$2\'$3')
  return /^[\w.:-]*$/.test(harmless) ? harmless : `"${harmless.replaceAll('"', '""')}"`
}
