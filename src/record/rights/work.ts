import type { Lines } from '../../line/types.js'
import type { KeyRing } from '../../store/keyring/types.js'
import type { Log } from '../../telemetry/log.js'
import type { Audit } from '../audit/types.js'
import type { Recordings } from '../recordings/types.js'
import type { Holds, Retention } from '../retention/types.js'
import type { PersonCalls, RecordShelf } from '../types.js'
import type { Kept, Requests } from './requests.js'
import type { PersonData, RightsResult } from './types.js'

/** What a request is worked on with. */
export interface RightsWork {
  readonly calls: PersonCalls
  readonly shelf: RecordShelf
  readonly lines: Pick<Lines, 'ofPerson' | 'forget'>
  readonly recordings: Pick<Recordings, 'ofDay' | 'remove'>
  readonly holds: Holds
  readonly retention: Pick<Retention, 'classes' | 'period'>
  readonly requests: Requests
  /** Whatever else is kept about calls and deliveries. */
  readonly others: readonly PersonData[]
  readonly audit: Pick<Audit, 'append'>
  readonly keyRing: KeyRing
  readonly log: Log
  readonly clock: () => number
}

/** What has come of a request. */
export interface Outcome {
  readonly state: 'done' | 'refused'
  readonly result: RightsResult
  /** In counts, for the audit trail. */
  readonly summary: string
}

/** A request with the phone that it is about. */
export type Task = Kept & { readonly phone: NonNullable<Kept['phone']> }

/** Tells how far the work has come, and keeps it. */
export type Told = (done: number, total: number) => Promise<void>

export type Worker = (work: RightsWork, task: Task, told: Told) => Promise<Outcome>
