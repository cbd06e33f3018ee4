import type { Command } from './command.js'
import { exits } from './fault.js'
import { textOf, wholeOf } from './options.js'
import type { Server } from './server.js'
import { table } from './text.js'

interface CallRow {
  readonly id: string
  readonly startedBy: string
  readonly callee?: string
  readonly state: string
  readonly startedAt: string
  readonly talkMs?: number
  readonly result?: string
  readonly reason?: string
}
interface Page { readonly calls: readonly CallRow[], readonly next?: string }
type Window = Readonly<Record<'from' | 'to', string | undefined>>

const minuteMs = 60_000
/** Minutes back, until there are enough: the API reads oldest first, and a busy day is long. */
const looksBack = [10, 60]

/** The newest calls of the shop. */
export const calls: Command = {
  help: 'the newest calls of the last 24 hours, or of --from TIME --to TIME; --limit COUNT (20)',
  options: { from: { type: 'string' }, to: { type: 'string' }, limit: { type: 'string' } },
  run: async ({ server, options }) => {
    const limit = wholeOf(options, 'limit', 1, 10_000) ?? 20
    const window = { from: textOf(options, 'from'), to: textOf(options, 'to') }
    const found = await newest(server(), window, limit)
    const rows = found.map(({ startedAt, id, startedBy, callee, state, result, reason, talkMs }) =>
      [startedAt, id, startedBy, callee, state, result, reason, talkMs === undefined ? undefined : Math.round(talkMs / 1000)])
    return { data: { calls: found }, text: table(['STARTED', 'CALL', 'BY', 'TO', 'STATE', 'RESULT', 'REASON', 'TALK S'], rows), exit: exits.well }
  }
}

async function newest(server: Server, window: Window, limit: number): Promise<CallRow[]> {
  if (window.from === undefined && window.to === undefined) {
    for (const minutes of looksBack) {
      const found = await lastOf(server, { from: new Date(Date.now() - minutes * minuteMs).toISOString(), to: undefined }, limit)
      if (found.length === limit) return found
    }
  }
  return lastOf(server, window, limit)
}

/** All pages of the window, of which the last rows are kept. */
async function lastOf(server: Server, window: Window, limit: number): Promise<CallRow[]> {
  let last: CallRow[] = []
  let cursor: string | undefined
  do {
    const page: Page = await server.get('/v1/calls', { ...window, limit: '500', cursor })
    last = [...last, ...page.calls].slice(-limit)
    cursor = page.next
  } while (cursor !== undefined)
  return last
}
