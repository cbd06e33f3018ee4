import type { Test } from 'tap'
import type { Lines } from '../../src/line/types.js'
import type { AuditTrail } from '../../src/record/audit/audit.js'
import { createPersonCalls } from '../../src/record/person-calls.js'
import type { Recordings } from '../../src/record/recordings/types.js'
import type { RetentionRoom } from '../../src/record/retention/retention.js'
import { createRights, quietest } from '../../src/record/rights/rights.js'
import type { ProofOrder, Rights } from '../../src/record/rights/types.js'
import type { KeyRing } from '../../src/store/keyring/types.js'
import type { Store } from '../../src/store/redis.js'
import type { Log } from '../../src/telemetry/log.js'

export interface RightsParts {
  readonly store: Store
  readonly keyRing: KeyRing
  readonly audit: AuditTrail
  readonly lines: Lines
  readonly recordings: Recordings
  readonly retention: RetentionRoom
  readonly log: Log
}

/** Rights of persons over what the HTTP tests have; phones do not ring, and `told` has what they would hear. */
export function testRights(t: Pick<Test, 'teardown'>, { store, keyRing, audit, lines, recordings, retention, log }: RightsParts): { rights: Rights, told: ProofOrder[] } {
  const told: ProofOrder[] = []
  const rights = createRights({
    store, keyRing, audit, lines, recordings, log, others: [],
    calls: createPersonCalls({ store, ring: keyRing, log }),
    shelf: retention.shelf,
    holds: retention.holds,
    retention: retention.periods,
    shops: () => ['one', 'two'],
    numberOf: async (pool) => quietest(await lines.numbers(pool)),
    teller: async (order) => {
      told.push(order)
      return { done: Promise.resolve({ told: true }) }
    }
  })
  t.teardown(() => rights.close())
  return { rights, told }
}
