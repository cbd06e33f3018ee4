import type { DataKey } from '../store/keyring/types.js'

/**
 * What can stand in a trace. `a` called, or is rung first in a call of the shop; `b` is called. `in` came to us, `out` we
 * sent. The place in this list is what is stored: new names go to its end.
 */
export const stepNames = [
  'a.in.invite', 'a.in.ack', 'a.in.cancel', 'a.in.bye', 'a.in.status', 'a.out.invite', 'a.out.ack', 'a.out.cancel', 'a.out.bye', 'a.out.status', 'a.lost',
  'b.in.invite', 'b.in.ack', 'b.in.cancel', 'b.in.bye', 'b.in.status', 'b.out.invite', 'b.out.ack', 'b.out.cancel', 'b.out.bye', 'b.out.status', 'b.lost',
  'state', 'lookup', 'gate', 'record', 'media', 'prompt.a', 'prompt.b', 'code.a', 'accept.a', 'accept.b', 'end'
] as const
export type StepName = typeof stepNames[number]

/** One thing that happened in a call. */
export interface TraceStep {
  /** Milliseconds from the start of the call. */
  readonly at: number
  readonly what: StepName
  /** A word out of a fixed set, a SIP status, or which gateway of the trunk was tried (from 1). */
  readonly detail?: string | number
}

/** Steps as they come; read whenever the call's row is written. */
export interface TraceSource {
  readonly steps: readonly TraceStep[]
}

/** Steps that a trace holds at most. */
export const mostSteps = 200
/** Words of ours have no digit and SIP statuses end at 699, so nothing that leads to a person fits. */
const word = /^[a-z_-]{1,24}$/
const mostNumber = 699

const fits = (detail: string | number): boolean => typeof detail === 'number' ? Number.isInteger(detail) && detail >= 0 && detail <= mostNumber : word.test(detail)

/** The steps as text: `<ms> <place of the name> <detail>`, joined by semicolons. A detail that does not fit is left out. */
export function packSteps(steps: readonly TraceStep[]): string {
  return steps.slice(0, mostSteps).map(({ at, what, detail }) => {
    const head = `${Math.max(0, Math.round(at))} ${stepNames.indexOf(what)}`
    return detail !== undefined && fits(detail) ? `${head} ${detail}` : head
  }).join(';')
}

/** The steps of a text; what is not known here, because a later version wrote it, is left out. */
export function unpackSteps(text: string): TraceStep[] {
  return text.split(';').flatMap((step) => {
    const [, at, name, detail] = /^(\d+) (\d+)(?: (\S+))?$/.exec(step) ?? []
    const what = stepNames[Number(name)]
    if (at === undefined || what === undefined) return []
    return [{ at: Number(at), what, ...(detail === undefined ? {} : { detail: /^\d+$/.test(detail) ? Number(detail) : detail }) }]
  })
}

/** Sealed under the key of the call's day and bound to the call, as the row holds it. */
export function sealTrace(key: DataKey, callId: string, steps: readonly TraceStep[]): string {
  return key.seal(packSteps(steps), contextOf(callId)).toString('base64')
}

/** @throws MaskError internal when it was changed or belongs elsewhere */
export function openTrace(key: DataKey, callId: string, sealed: string): TraceStep[] {
  return unpackSteps(key.open(Buffer.from(sealed, 'base64'), contextOf(callId)).toString('utf8'))
}

const contextOf = (callId: string): string => `trace ${callId}`
