import type { Test } from 'tap'
import { createLines } from '../../../src/line/lines.js'
import type { AllocatedDelivery, Lines } from '../../../src/line/types.js'
import type { E164 } from '../../../src/phone/types.js'
import { createRights, quietest, type RightsOptions } from '../../../src/record/rights/rights.js'
import type { PersonTraces, ProofOrder, ProofOutcome, Rights, RightsOrder, RightsRequest } from '../../../src/record/rights/types.js'
import { createJournal, type Journal } from '../../../src/record/journal.js'
import type { CallStart } from '../../../src/record/types.js'
import { newId } from '../../../src/ids.js'
import { lineConfig } from '../../support/lines.js'
import { captured } from '../../support/log.js'
import { admin, stage, type Stage } from '../retention/support.js'
import { courier, customer, ends, wholeCall } from '../support.js'

export { admin } from '../retention/support.js'
export { courier, customer, stranger, dayMs } from '../support.js'

export interface RightsStage extends Stage {
  readonly rights: Rights
  readonly lines: Lines
  readonly writer: Journal
  /** Calls that said a code. */
  readonly told: ProofOrder[]
  /** How the next call that says a code ends. */
  readonly outcome: { next: ProofOutcome }
  /** Ids of recorded calls. */
  readonly recorded: Set<string>
  readonly rightsLog: () => string
  readonly anotherProcess: (over?: Partial<RightsOptions>) => Rights
  /** A whole call of now. */
  readonly call: (over?: Partial<CallStart>) => Promise<CallStart>
  readonly delivery: (courier: E164, customer: E164) => Promise<AllocatedDelivery>
  readonly ask: (kind: RightsOrder['kind'], phone?: E164, over?: Partial<RightsOrder>) => Promise<RightsRequest>
}

/** Rights over real records, lines, holds and audit trail, with the clocks in the test's hands. */
export async function rightsStage(t: Pick<Test, 'teardown'>, over: Partial<RightsOptions> = {}): Promise<RightsStage> {
  const base = await stage(t)
  const { store, ring: keyRing, time, audit, room, shelf, persons } = base
  const { log, text } = captured()
  const clock = (): number => time.now
  const lines = createLines({ store, keys: keyRing, config: lineConfig(), log, clock, elapsed: clock })
  t.teardown(() => lines.stop())
  const writer = createJournal({ store, ring: keyRing, shops: () => [], log, clock, monotonic: () => time.steady })
  t.teardown(() => writer.close())
  const [told, recorded] = [new Array<ProofOrder>(), new Set<string>()]
  const outcome: { next: ProofOutcome } = { next: { told: true } }
  const anotherProcess = (more: Partial<RightsOptions> = {}): Rights => {
    const rights = createRights({
      store, keyRing, audit, lines, shelf, log, clock, calls: persons, holds: room.holds, retention: room.periods, others: [], shops: () => ['one', 'two'],
      recordings: { ofDay: async () => [...recorded], remove: async (_, id) => recorded.delete(id) },
      numberOf: async (pool) => quietest(await lines.numbers(pool)),
      teller: async (order) => {
        told.push(order)
        return { done: Promise.resolve(outcome.next) }
      },
      ...over, ...more
    })
    t.teardown(() => rights.close())
    return rights
  }
  const rights = anotherProcess()
  return {
    ...base, rights, lines, writer, told, outcome, recorded, anotherProcess, rightsLog: text,
    call: (more = {}) => wholeCall(writer, { startedAt: time.now, ...more }, ends.talked),
    delivery: (one, other) => lines.allocate({ shopId: 'one', poolId: 'demo', reference: `canary ${newId(4)}`, courier: one, customer: other, expiresAt: time.now + 3_600_000, quarantineSeconds: 86_400, direction: 'both' }),
    ask: (kind, phone = courier, more = {}) => rights.request({ shopId: 'one', actor: admin, kind, phone, reason: 'a letter from the person', proof: { kind: 'declared', reason: 'seen the passport' }, ...more })
  }
}

/** Other data of deliveries, such as a queue of webhooks. */
export class MemoryData {
  readonly name = 'webhook'
  readonly deliveries = new Set<string>()

  async count(_shopId: string, { deliveryIds }: PersonTraces): Promise<number> {
    return deliveryIds.filter((id) => this.deliveries.has(id)).length
  }

  async erase(_shopId: string, { deliveryIds }: PersonTraces): Promise<number> {
    return deliveryIds.filter((id) => this.deliveries.delete(id)).length
  }
}

export const people = [courier, customer]
