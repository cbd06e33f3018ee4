import type { Events } from '../../events.js'
import { attributes, type Attributes } from './attributes.js'

/** A span as it is to be, before any library knows of it. Times are Unix milliseconds. */
export interface Planned {
  readonly name: string
  /** Who asks whom: others us, we others, or nobody anybody. */
  readonly kind: 'server' | 'client' | 'internal'
  readonly from: number
  readonly to: number
  readonly attributes: Attributes
  readonly failed: boolean
  readonly events: readonly { readonly name: string, readonly at: number, readonly attributes: Attributes }[]
  readonly children: readonly Planned[]
}

type Call = Events['call.traced']
type Step = Call['steps'][number]
type Side = 'a' | 'b'

/** Phases by the state with which they begin; `ringing` goes on with `dialling`. */
const phases: Readonly<Record<string, string>> = { asking: 'ask for code', announcing: 'announce', dialling: 'reach', answering: 'answer', talking: 'talk', ended: 'end' }
/** Steps that say that something of ours was done: it took from the step before to this one. */
const done: Readonly<Record<string, { readonly name: string, readonly attribute?: 'maskline.lookup' | 'maskline.gate' | 'maskline.media.engine' }>> = {
  lookup: { name: 'look up', attribute: 'maskline.lookup' },
  gate: { name: 'gate', attribute: 'maskline.gate' },
  media: { name: 'media', attribute: 'maskline.media.engine' },
  record: { name: 'open record' }
}
/** A leg is over. */
const over = /^[ab]\.(in\.bye|out\.bye|lost)$/
/** What stands in spans; all other steps are events of the call. */
const inSpans = /^(state|lookup|gate|media|record|end|[ab]\.out\.invite|[ab]\.in\.status)$/

/**
 * One call as a tree: what was done and each phase below the call, tries to reach somebody below the phase they
 * fall in, ringing below its try.
 * @param wayOut the trunk that calls leave by
 */
export function planOfCall(call: Call, wayOut: string): Planned {
  const { startedAt: from, steps } = call
  const to = from + steps.reduce((last, { at }) => Math.max(last, at), 0)
  const begins = phasesOf(steps)
  const details = [...doneIn(steps, from), ...(['a', 'b'] as const).flatMap((side) => triesOf(side, steps, { from, to, wayOut }))]
  // By the order of steps, not by time: many fall in one millisecond.
  const within = (phase: number): Planned[] => details.filter(({ step }) => begins.findLastIndex(({ first }) => first <= step) === phase).map((detail) => detail.span)
  const spans = begins.map(({ name, at }, phase) => ({ ...span(name, from + at, begins[phase + 1] === undefined ? to : from + begins[phase + 1]!.at), children: within(phase) }))
  return {
    ...span('call', from, to, aboutCall(call)),
    kind: 'server',
    failed: isFault(call.result),
    events: steps.filter(({ what }) => !inSpans.test(what)).map((step) => ({ name: step.what, at: from + step.at, attributes: detailOf(step) })),
    children: [...within(-1), ...spans]
  }
}

/** One answered request. */
export function planOfRequest({ method, route, status, ms, code, requestId }: Events['http.answered'], now: number): Planned {
  const failed = status >= 500
  const about = attributes({
    'http.request.method': method, 'http.route': route, 'http.response.status_code': status, 'maskline.request.id': requestId, 'error.type': failed ? code ?? String(status) : undefined
  })
  const known = { 'http.request.method': '_OTHER', ...about }
  const name = [known['http.request.method'], known['http.route'] ?? []].flat().join(' ')
  return { ...span(name, now - ms, now, known), kind: 'server', failed }
}

function span(name: string, from: number, to: number, about: Attributes = {}): Planned {
  return { name, kind: 'internal', from, to: Math.max(from, to), attributes: about, failed: false, events: [], children: [] }
}

/** Not the people's doing. */
const isFault = (result: string): boolean => result === 'server_error' || result === 'upstream_error'

function aboutCall({ callId, shopId, trunkId, caller, callee, result, reason, outcome, attempt }: Call): Attributes {
  return attributes({
    'maskline.call.id': callId, 'maskline.shop.id': shopId, 'maskline.trunk.id': trunkId, 'maskline.call.started_by': caller, 'maskline.call.callee': callee,
    'maskline.call.result': result, 'maskline.call.reason': reason, 'maskline.call.outcome': outcome, 'maskline.call.attempt': attempt,
    'error.type': isFault(result) ? reason : undefined
  })
}

function detailOf({ detail }: Step): Attributes {
  return attributes(typeof detail === 'number' ? { 'maskline.sip.status_code': detail } : { 'maskline.detail': detail })
}

/** Each lasts until the next; a talk until the first leg is over, and what follows is the end. */
function phasesOf(steps: readonly Step[]): { readonly name: string, readonly at: number, readonly first: number }[] {
  const begins: { name: string, at: number, first: number }[] = []
  for (const [first, { at, what, detail }] of steps.entries()) {
    const last = begins.at(-1)?.name
    const name = what === 'state' ? phases[String(detail)] : last === 'talk' && over.test(what) ? 'end' : undefined
    if (name !== undefined && name !== last) begins.push({ name, at, first })
  }
  return begins
}

/** A span and the place of the step that it belongs to. */
interface Detail {
  readonly step: number
  readonly span: Planned
}

function doneIn(steps: readonly Step[], start: number): Detail[] {
  return steps.flatMap(({ at, what, detail }, step) => {
    const { name, attribute } = done[what] ?? {}
    if (name === undefined) return []
    return [{ step, span: span(name, start + (steps[step - 1]?.at ?? 0), start + at, attribute === undefined ? {} : attributes({ [attribute]: detail })) }]
  })
}

/** Every INVITE of ours to a side. */
function triesOf(side: Side, steps: readonly Step[], call: { readonly from: number, readonly to: number, readonly wayOut: string }): Detail[] {
  const starts = steps.flatMap(({ what }, step) => what === `${side}.out.invite` ? [step] : [])
  return starts.map((step, index) => {
    const next = starts[index + 1]
    const to = next === undefined ? call.to : call.from + steps[next]!.at
    const own = steps.slice(step, next).filter(({ what }) => what.startsWith(`${side}.`))
    return { step, span: tryOf(side, index + 1, own, { ...call, to }) }
  })
}

/** From the INVITE to its final status, or to the CANCEL; of an app we hear only that it answered. */
function tryOf(side: Side, number: number, own: readonly Step[], { from, to, wayOut }: { readonly from: number, readonly to: number, readonly wayOut: string }): Planned {
  const { at, detail: gateway } = own[0]!
  const status = (test: (status: number) => boolean): Step | undefined => own.find(({ what, detail }) => what === `${side}.in.status` && test(Number(detail)))
  const final = status((code) => code >= 200)
  const ringing = status((code) => code < 200)
  const end = final ?? own.find(({ what }) => what === `${side}.out.ack` || what === `${side}.out.cancel`)
  const until = end === undefined ? to : from + end.at
  const code = Number(final?.detail)
  const failed = code === 408 || code >= 500 && code < 600
  const about = attributes({
    'maskline.side': side, 'maskline.try': number, 'maskline.gateway': gateway, 'maskline.trunk.id': gateway === 0 ? undefined : wayOut,
    'maskline.sip.status_code': final?.detail, 'error.type': failed ? String(code) : undefined
  })
  return { ...span('try', from + at, until, about), kind: 'client', failed, children: ringing === undefined ? [] : [span('ringing', from + ringing.at, until)] }
}
