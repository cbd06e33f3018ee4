import { missedBy, outcomeOf, type Outcome } from '../record/outcome.js'
import type { Attempt, CallStart } from '../record/types.js'
import type { CallClock } from './call-clock.js'
import type { CallDeps } from './deps.js'
import type { Termination } from './termination.js'
import type { Trace } from './trace.js'

type AccountDeps = Pick<CallDeps, 'journal' | 'events'>
/** What is told of a call: no phones. */
type Told = Pick<CallStart, 'id' | 'deliveryId' | 'shopId' | 'startedBy' | 'callee' | 'startedAt'>

/** What is told of one call: its record and its events, each opened and finished once. */
export class Account {
  #answeredAt: number | undefined

  private constructor(private readonly deps: AccountDeps, private readonly call: Told, private readonly time: CallClock, private readonly trace: Trace) {}

  /** @throws MaskError store_unavailable: then the call must not go on */
  static async open(deps: AccountDeps, start: Omit<CallStart, 'startedAt' | 'trace'>, time: CallClock, trace: Trace): Promise<Account> {
    const { startedAt } = time
    await deps.journal.open({ ...start, startedAt, trace })
    trace.note('record')
    const { id, deliveryId, shopId, startedBy, callee } = start
    const account = new Account(deps, { id, deliveryId, shopId, startedBy, startedAt, ...(callee === undefined ? {} : { callee }) }, time, trace)
    deps.events.emit('call.started', { ...account.#names(), at: startedAt })
    return account
  }

  /** The talk begins. */
  answered(): void {
    const at = this.#answeredAt = this.time.now()
    void this.deps.journal.answered(this.call, at)
    this.deps.events.emit('call.answered', { ...this.#names(), at })
  }

  async finish(termination: Termination): Promise<void> {
    const at = this.time.now()
    const answered = this.#answeredAt === undefined ? {} : { answeredAt: this.#answeredAt }
    const attempt = await this.deps.journal.finish(this.call, { at, ...answered, ...termination })
    const outcome = outcomeOf({ ...answered, ...termination })
    this.deps.events.emit('call.ended', { ...this.#names(), at, ...termination, ...attempt, outcome, ...this.#times(at) })
    this.#tellMissed(at, termination, outcome, attempt)
    this.#tellTrace(termination, outcome, attempt)
  }

  #times(at: number): { ringMs: number, talkMs: number } {
    const answeredAt = this.#answeredAt
    return { ringMs: (answeredAt ?? at) - this.call.startedAt, talkMs: answeredAt === undefined ? 0 : at - answeredAt }
  }

  /** So that the shop can say to somebody that they were called. */
  #tellMissed(at: number, { reason }: Termination, outcome: Outcome, attempt: Attempt | undefined): void {
    const answered = this.#answeredAt === undefined ? {} : { answeredAt: this.#answeredAt }
    const missed = missedBy({ ...this.call, ...answered, reason })
    if (missed === undefined) return
    this.deps.events.emit('call.missed', { ...this.#names(), at, missedBy: missed, outcome, reason, ...(attempt?.attempt === undefined ? {} : { attempt: attempt.attempt }) })
  }

  #tellTrace(termination: Termination, outcome: Outcome, attempt: Attempt | undefined): void {
    const { id, shopId, startedBy, callee } = this.call
    const names = { callId: id, shopId, caller: startedBy, ...(callee === undefined ? {} : { callee }) }
    this.deps.events.emit('call.traced', { ...names, ...this.trace.drawn, ...termination, outcome, ...(attempt?.attempt === undefined ? {} : { attempt: attempt.attempt }) })
  }

  #names(): { callId: string, deliveryId: string, shopId: string, caller: string } {
    const { id, deliveryId, shopId, startedBy } = this.call
    return { callId: id, deliveryId, shopId, caller: startedBy }
  }
}
