import type { CallStart } from '../record/types.js'
import type { CallDeps } from './deps.js'
import type { Termination } from './termination.js'

/** What is told of one call: its record and its events, each opened and finished once. */
export class Account {
  #answeredAt: number | undefined

  private constructor(private readonly deps: Pick<CallDeps, 'journal' | 'events' | 'clock'>, private readonly start: CallStart) {}

  /** @throws MaskError store_unavailable: then the call must not go on */
  static async open(deps: Pick<CallDeps, 'journal' | 'events' | 'clock'>, start: CallStart): Promise<Account> {
    await deps.journal.open(start)
    const account = new Account(deps, start)
    deps.events.emit('call.started', { ...account.#names(), at: start.startedAt })
    return account
  }

  /** The talk begins. */
  answered(): void {
    const at = this.#answeredAt = this.deps.clock()
    void this.deps.journal.answered(this.start, at)
    this.deps.events.emit('call.answered', { ...this.#names(), at })
  }

  async finish(termination: Termination): Promise<void> {
    const at = this.deps.clock()
    const answeredAt = this.#answeredAt
    await this.deps.journal.finish(this.start, { at, ...(answeredAt === undefined ? {} : { answeredAt }), ...termination })
    this.deps.events.emit('call.ended', {
      ...this.#names(), at, ...termination, ringMs: (answeredAt ?? at) - this.start.startedAt, talkMs: answeredAt === undefined ? 0 : at - answeredAt
    })
  }

  #names(): { callId: string, deliveryId: string, shopId: string, caller: string } {
    const { id, deliveryId, shopId, startedBy } = this.start
    return { callId: id, deliveryId, shopId, caller: startedBy }
  }
}
