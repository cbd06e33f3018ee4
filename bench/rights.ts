import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrivateRedis } from '../src/embedded/redis.js'
import { newId } from '../src/ids.js'
import type { Party } from '../src/line/types.js'
import type { E164 } from '../src/phone/types.js'
import { createAudit } from '../src/record/audit/audit.js'
import { createJournal } from '../src/record/journal.js'
import { createPersonCalls } from '../src/record/person-calls.js'
import type { Holds, Retention } from '../src/record/retention/types.js'
import { createRights } from '../src/record/rights/rights.js'
import type { RightKind } from '../src/record/rights/types.js'
import { createRecordShelf } from '../src/record/shelf.js'
import { createSigner } from '../src/record/signing.js'
import { createKeyRing } from '../src/store/keyring/keyring.js'
import { createStore } from '../src/store/redis.js'
import { createLog } from '../src/telemetry/log.js'

/**
 * How long a person's request takes over a full call log: `node --import=tsx bench/rights.ts [records]`, 1,000,000
 * without a number, over 30 days, among 20,000 people; the person asked about has had 30 calls a day. Prints one line
 * of JSON.
 */
const count = Number(process.argv[2] ?? 1_000_000)
const days = 30
const perDay = Math.floor(count / days)
const dayMs = 86_400_000
const log = createLog('silent')
const dir = mkdtempSync(join(tmpdir(), 'maskline-bench-'))
const redis = await startPrivateRedis({ dir, log })
const store = createStore({ url: redis.url, commandTimeoutMs: 10_000, log })
const keyStore = createStore({ url: `${redis.url}/1`, commandTimeoutMs: 10_000, log })
await Promise.all([store.ready(5000), keyStore.ready(5000)])
const keyRing = createKeyRing({ store: keyStore, masterKeys: { current: Buffer.alloc(32, 1) }, log })
const audit = createAudit({ store, anchorStore: keyStore, keyRing, signer: await createSigner({ store, keyRing }), log })
const calls = createPersonCalls({ store, ring: keyRing, log })
const rights = createRights({
  store, keyRing, audit, log, calls, others: [],
  shelf: createRecordShelf({ store }),
  lines: { ofPerson: async () => [], forget: async () => false },
  recordings: { ofDay: async () => [], remove: async () => false },
  holds: { list: async () => [] } as unknown as Holds,
  retention: { classes: async () => [], period: async () => null } satisfies Pick<Retention, 'classes' | 'period'>,
  shops: () => ['bench'], numberOf: async () => nobody(0), teller: async () => ({ done: Promise.resolve({ told: false, reason: 'busy' }) })
})

const [fillMs] = await timed(fill)
const [accessMs, accessed] = await timed(() => ask('access', nobody(0)))
const [unseenMs] = await timed(() => ask('access', nobody(-1)))
const [erasureMs, erased] = await timed(() => ask('erasure', nobody(0)))
process.stdout.write(JSON.stringify({
  records: perDay * days, days, fillMs, accessMs, found: accessed.result?.access?.calls.length, unseenMs, erasureMs,
  erased: erased.result?.erasure?.classes.find(({ name }) => name === 'record')?.erased, rssMiB: Math.round(process.memoryUsage().rss / 1048576)
}) + '\n')

await rights.close()
await audit.close()
await keyRing.close()
await Promise.all([store.close(), keyStore.close()])
await redis.close()
rmSync(dir, { recursive: true, force: true })

/** Not a number, so that none of anybody's is in here. */
function nobody(at: number): E164 {
  return `person-${at}` as E164
}

async function ask(kind: RightKind, phone: E164): Promise<Awaited<ReturnType<typeof rights.request>>> {
  let request = await rights.request({ shopId: 'bench', actor: { id: 'bench', roles: ['admin'] }, kind, phone, proof: { kind: 'declared', reason: 'bench' }, reason: 'bench' })
  while (request.state === 'running') request = await rights.find('bench', request.id)
  return request
}

async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const begun = performance.now()
  const result = await work()
  return [Math.round(performance.now() - begun), result]
}

/** Whole calls, as the calls themselves write them, many at a time. */
async function fill(): Promise<void> {
  const first = Date.now() - days * dayMs
  for (let day = 0; day < days; day++) {
    const journal = createJournal({ store, ring: keyRing, shops: () => [], log, clock: () => first + day * dayMs })
    for (let at = 0; at < perDay;) {
      const batch: Promise<void>[] = []
      for (; batch.length < 500 && at < perDay; at++) batch.push(one(journal, first + day * dayMs + at, at))
      await Promise.all(batch)
    }
    journal.close()
  }
}

async function one(journal: ReturnType<typeof createJournal>, startedAt: number, at: number): Promise<void> {
  const phones: Record<Party, E164> = { courier: at < 30 ? nobody(0) : nobody(1 + at % 10_000), customer: nobody(10_001 + at % 10_000) }
  const call = { id: newId(), shopId: 'bench', deliveryId: `bench-${newId()}`, reference: 'order', startedBy: 'courier', callee: 'customer', phones, startedAt } as const
  await journal.open(call)
  await journal.finish(call, { at: startedAt + 60_000, answeredAt: startedAt + 5000, result: 'success', reason: 'caller_hung_up' })
}
