import type { Command } from './command.js'
import { exits } from './fault.js'
import { textOf } from './options.js'
import { duration, table } from './text.js'

interface ClassRow { readonly name: string, readonly periodSeconds: number | null, readonly legalBasis: string, readonly startEvent: string, readonly nextDue?: string }
interface Retention { readonly classes: readonly ClassRow[], readonly health: { readonly state: string, readonly reason?: string, readonly lastRunAt?: string } }
interface Outcome { readonly name: string, readonly due: number, readonly deleted: number, readonly held: number, readonly failed: number, readonly keysDestroyed: number }
/** A report; while the run goes on only its state. */
interface Run { readonly id?: string, readonly state: 'done' | 'failed' | 'running', readonly classes?: readonly Outcome[] }

const periods: Command = {
  help: 'what is kept and how long; exit 1 when what is due is not deleted',
  run: async ({ server }) => {
    const data = await server().get<Retention>('/v1/retention')
    const rows = data.classes.map(({ name, periodSeconds, legalBasis, startEvent, nextDue }) => [name, periodSeconds === null ? 'not kept' : duration(periodSeconds), legalBasis, nextDue, startEvent])
    const { state, reason, lastRunAt } = data.health
    const health = `Deletion: ${state}${reason === undefined ? '' : ` (${reason})`}, last run ${lastRunAt ?? 'never'}.`
    return { data, text: `${table(['CLASS', 'PERIOD', 'BASIS', 'NEXT DUE', 'FROM'], rows)}\n${health}`, exit: state === 'ok' ? exits.well : exits.wrong }
  }
}

const run: Command = {
  help: 'delete now what is due; --confirm-clock --reason TEXT when the time of day leapt and is right',
  options: { 'confirm-clock': { type: 'boolean' }, reason: { type: 'string' } },
  run: async ({ server, options }) => {
    const reason = textOf(options, 'reason')
    const body = { ...(options['confirm-clock'] === true ? { confirmClock: true } : {}), ...(reason === undefined ? {} : { reason }) }
    const data = await server().send<Run>('POST', '/v1/retention/runs', body)
    const rows = (data.classes ?? []).map(({ name, due, deleted, held, failed, keysDestroyed }) => [name, due, deleted, held, failed, keysDestroyed])
    const text = data.state === 'running' ? 'The run goes on; its report will stand among the runs.' : `${table(['CLASS', 'DUE', 'DELETED', 'HELD', 'FAILED', 'KEYS DESTROYED'], rows)}\nRun ${data.id ?? ''}: ${data.state}.`
    return { data, text, exit: data.state === 'failed' ? exits.wrong : exits.well }
  }
}

/** Periods and deletion runs. */
export const retentionCommands = { 'retention': periods, 'retention run': run }
