import type { Command } from './command.js'
import { exits, misused } from './fault.js'
import { drawLadder, lookOf, type LadderColumn, type Rung, type Style } from './ladder.js'

interface Step { readonly at: number, readonly what: string, readonly detail?: string | number }
interface Traced {
  readonly call: { readonly id: string, readonly startedAt: string, readonly startedBy: string, readonly callee?: string, readonly state: string, readonly result?: string, readonly reason?: string }
  readonly steps: readonly Step[]
}

const columnOf: Readonly<Record<string, number>> = { a: 0, b: 2 }
const ours = 1

/** What the statuses say that calls mostly meet (RFC 3261 §21). */
const phrases: Readonly<Record<number, string>> = {
  180: 'Ringing', 183: 'Session Progress', 200: 'OK', 403: 'Forbidden', 404: 'Not Found', 408: 'Timeout', 410: 'Gone', 480: 'Unavailable',
  486: 'Busy', 487: 'Terminated', 488: 'Not Acceptable', 500: 'Server Error', 503: 'Unavailable', 603: 'Decline'
}

/** How what Maskline did is said; the detail follows. */
const words: Readonly<Record<string, string>> = {
  state: 'state', lookup: 'look-up:', gate: 'gate:', record: 'record opened', media: 'media by', 'prompt.a': 'plays to A:', 'prompt.b': 'plays to B:',
  'code.a': 'code:', 'accept.a': 'A accepts:', 'accept.b': 'B accepts:', 'a.lost': 'A lost:', 'b.lost': 'B lost:', end: 'end:'
}

/** What happened in one call, as a ladder. */
export const trace: Command = {
  help: 'what happened in one call: both legs, decisions, prompts; no number, name or key',
  words: ['CALL'],
  run: async ({ server, words: [id = ''], env }) => {
    if (!/^[a-z]{20}$/.test(id)) throw misused('CALL is the id of a call, as "maskline calls" shows it.')
    const found = await server().get<Traced>(`/v1/calls/${id}/trace`)
    return { data: found, text: textOf(found, env), exit: exits.well }
  }
}

function textOf({ call, steps }: Traced, env: NodeJS.ProcessEnv): string {
  const head = `${call.id}  ${call.startedAt}  ${call.state}${call.reason === undefined ? '' : `: ${call.result ?? ''}, ${call.reason}`}`
  if (steps.length === 0) return `${head}\nNo step of it was noted.`
  // Nothing is coloured: the text may go anywhere.
  return [head, '', ...drawLadder(columnsOf(call), steps.map(rungOf), lookOf({}, env))].join('\n')
}

function columnsOf({ startedBy, callee }: Traced['call']): LadderColumn[] {
  const other = callee === 'courier' ? 'customer' : 'courier'
  return [{ title: 'A', subtitle: startedBy === 'shop' ? other : startedBy }, { title: 'Maskline', subtitle: startedBy === 'shop' ? 'asked by the shop' : '' }, { title: 'B', subtitle: callee ?? 'nobody' }]
}

function rungOf({ at, what, detail }: Step): Rung {
  const [, side, way, message] = /^([ab])\.(in|out)\.(\w+)$/.exec(what) ?? []
  if (side === undefined || message === undefined) return { kind: 'note', at, column: ours, text: `${words[what] ?? what}${detail === undefined ? '' : ` ${detail}`}` }
  const [from, to] = way === 'in' ? [columnOf[side]!, ours] : [ours, columnOf[side]!]
  return { kind: 'arrow', at, from, to, label: labelOf(message, detail), style: styleOf(detail) }
}

function labelOf(message: string, detail: string | number | undefined): string {
  if (message === 'status') return `${detail ?? ''} ${phrases[Number(detail)] ?? ''}`.trim()
  return `${message.toUpperCase()}${message === 'invite' && detail !== undefined ? `, gateway ${detail}` : ''}`
}

function styleOf(detail: string | number | undefined): Style {
  return typeof detail === 'number' && detail >= 300 ? 'bad' : 'request'
}
