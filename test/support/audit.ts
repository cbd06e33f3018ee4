import type { Test } from 'tap'
import { createAudit, type AuditTrail } from '../../src/record/audit/audit.js'
import type { AuditActor, AuditInput } from '../../src/record/audit/types.js'
import { createSigner, type Signer } from '../../src/record/signing.js'
import type { KeyRing } from '../../src/store/keyring/types.js'
import type { Store } from '../../src/store/redis.js'
import { memoryKeyRing } from './keyring.js'
import { silent } from './log.js'
import { testRedis, testStore } from './redis.js'

export const admin: AuditActor = { id: 'adminkey', roles: ['admin'] }

/** An audit trail over a Redis of its own, with the anchors in another database of it. */
export interface AuditStage {
  readonly audit: AuditTrail
  readonly store: Store
  readonly anchorStore: Store
  readonly keyRing: KeyRing
  readonly signer: Signer
  /** What the clock says; tests set it. */
  readonly time: { now: number }
  /** One more process on the same data. */
  readonly another: () => AuditTrail
}

export async function auditStage(t: Pick<Test, 'teardown'>): Promise<AuditStage> {
  const redis = await testRedis(t)
  const store = await testStore(t, redis)
  const anchorStore = await testStore(t, { url: `${redis.url}/1` })
  const keyRing = memoryKeyRing()
  const signer = await createSigner({ store, keyRing })
  const time = { now: Date.UTC(2026, 0, 31, 12) }
  const another = (): AuditTrail => {
    const audit = createAudit({ store, anchorStore, keyRing, signer, log: silent, clock: () => time.now })
    t.teardown(() => audit.close())
    return audit
  }
  return { audit: another(), store, anchorStore, keyRing, signer, time, another }
}

export const input = (change: Partial<AuditInput> = {}): AuditInput => ({ shopId: 'one', actor: admin, action: 'settings.change', result: 'done', ...change })
