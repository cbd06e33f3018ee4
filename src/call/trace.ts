import type { Events } from '../events.js'
import type { Lookup } from '../line/types.js'
import type { MediaEngine, Prompt, Side } from '../media/types.js'
import { mostSteps, type StepName, type TraceSource, type TraceStep } from '../record/trace.js'
import type { LegEnd } from '../sip/types.js'
import type { CallClock } from './call-clock.js'
import type { CallState } from './state.js'
import type { Reason } from './termination.js'

type Messages = `${Side}.${'in' | 'out'}.${'invite' | 'ack' | 'cancel' | 'bye' | 'status'}`

/** Which details each step may have; `undefined`: none. */
type Details =
  & Record<Messages, number | undefined>
  & Record<`${Side}.lost`, LegEnd>
  & { state: CallState, lookup: Lookup['kind'], gate: 'allow' | 'deny' | 'announce', record: undefined, media: MediaEngine['name'], 'prompt.a': Prompt, 'prompt.b': Prompt, 'code.a': 'right' | 'refused', 'accept.a': 'yes' | 'no', 'accept.b': 'yes' | 'no', end: Reason }

/** What happened in one call, in words of ours and numbers below 700: no number, name, address or key. */
export class Trace implements TraceSource {
  readonly steps: TraceStep[] = []

  /** @param trunkId where the call came from */
  constructor(private readonly time: CallClock, private readonly trunkId?: string) {}

  /** What those may know who draw the call. */
  get drawn(): Pick<Events['call.traced'], 'startedAt' | 'trunkId' | 'steps'> {
    return { startedAt: this.time.startedAt, steps: this.steps, ...(this.trunkId === undefined ? {} : { trunkId: this.trunkId }) }
  }

  /** Notes a step now. The end always finds room. */
  note<K extends StepName>(what: K, detail?: Details[K]): void {
    if (this.steps.length >= mostSteps - (what === 'end' ? 0 : 1)) return
    this.steps.push({ at: this.time.now() - this.time.startedAt, what, ...(detail === undefined ? {} : { detail }) })
  }
}
