/**
 * Deletion runs over many call records: `npm run bench:retention -- --rows 1000000`. Prints JSON.
 * Writes calls over 30 days, then measures a run that finds nothing due, one that finds a
 * quarter of an hour of calls, and one that finds all the rest at once, with one delivery held. The key store is a
 * Redis of its own with an append-only file, as in production.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startPrivateRedis } from '../src/embedded/redis.js'
import { createEvents } from '../src/events.js'
import { newId } from '../src/ids.js'
import type { E164 } from '../src/phone/types.js'
import { createAudit } from '../src/record/audit/audit.js'
import { dayOf } from '../src/record/day.js'
import { dayKey } from '../src/record/pseudonyms.js'
import { createRetentionRoom } from '../src/record/retention/retention.js'
import type { ClassOutcome } from '../src/record/retention/types.js'
import { beginRow, placeText, recordKeys, withEnd } from '../src/record/row.js'
import { createSigner } from '../src/record/signing.js'
import type { CallStart } from '../src/record/types.js'
import type { Settings, ShopSettings } from '../src/shop/settings.js'
import { createKeyStore, openKeyRing } from '../src/store/keyring/open.js'
import { createStore } from '../src/store/redis.js'
import { createLog } from '../src/telemetry/log.js'

const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } })
const rows = Number(values.rows)
const days = 30
/** Rows that one command writes. */
const batch = 1000
const dayMs = 86_400_000
const shopId = 'bench'
const held = 'bench-held'
const log = createLog('error')
const actor = { id: 'bench', roles: ['admin'] } as const
// Days of the past month, so that nothing is out of the ordinary for the key ring.
const begin = Math.floor(Date.now() / dayMs) * dayMs - days * dayMs
const end = begin + days * dayMs
/** Of a country code that nobody has. */
const phone = (at: number): E164 => `+9990${String(1_000_000 + at % 60_000)}` as E164
const time = { now: end, steady: 0 }
const clock = (): number => time.now

const dir = mkdtempSync(join(tmpdir(), 'maskline-retention-'))
const [data, keyServer] = await Promise.all([startPrivateRedis({ dir: join(dir, 'data'), log }), startPrivateRedis({ dir: join(dir, 'keys'), log })])
const store = createStore({ url: data.url, commandTimeoutMs: 30_000, log })
const keyStore = createKeyStore({ url: keyServer.url, dataUrl: data.url, commandTimeoutMs: 30_000, log })
await Promise.all([store.ready(10_000), keyStore.ready(10_000)])
const { ring } = await openKeyRing(store, { store: keyStore, masterKeys: { current: Buffer.alloc(32, 7) }, log })
const signer = await createSigner({ store, keyRing: ring })
const audit = createAudit({ store, anchorStore: keyStore, keyRing: ring, signer, log, clock })
const settings = { defaults: {}, read: async () => ({ quarantineSeconds: 86_400 }), of: async () => ({ quarantineSeconds: 86_400 }), change: async () => ({}) } as unknown as Settings & { defaults: ShopSettings }
const room = createRetentionRoom({
  store, keyRing: ring, settings, audit, signer, log, clock,
  recordings: { days: async () => [], ofDay: async () => [], remove: async () => false },
  shopIds: () => [shopId], events: createEvents(() => undefined),
  config: { line: { minTtlSeconds: 60, maxTtlSeconds: 259_200, quarantineSeconds: 86_400 }, record: { retentionDays: days, deletionIntervalMinutes: 15, longestStopHours: 720 } },
  clocks: async () => ({ local: time.now, store: time.now, steady: time.steady })
})

const round = (ms: number): number => Math.round(ms * 10) / 10
const memory = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(String(await store.call('INFO', 'memory')))?.[1])

/** User and system time of the data's Redis. */
async function redisCpuMs(): Promise<number> {
  const info = String(await store.call('INFO', 'cpu'))
  return ['sys', 'user'].reduce((sum, kind) => sum + Number(new RegExp(`^used_cpu_${kind}:([\\d.]+)`, 'm').exec(info)?.[1]) * 1000, 0)
}

interface Measured extends Pick<ClassOutcome, 'deleted' | 'held' | 'failed' | 'keysDestroyed'> {
  readonly ms: number
  readonly rowsPerSecond: number
  /** Time of processors, which a busy machine does not stretch. */
  readonly nodeCpuMs: number
  readonly redisCpuMs: number
  /** What somebody else waits for Redis meanwhile, at most. */
  readonly slowestAnswerMs: number
}

async function measuredRun(): Promise<Measured> {
  let slowest = 0
  const probe = setInterval(() => {
    const from = performance.now()
    void store.ping().then(() => { slowest = Math.max(slowest, performance.now() - from) })
  }, 10)
  const [from, node, redis] = [performance.now(), process.cpuUsage(), await redisCpuMs()]
  const run = await room.runner.run(shopId, { actor })
  const ms = performance.now() - from
  clearInterval(probe)
  const { user, system } = process.cpuUsage(node)
  const cpu = { nodeCpuMs: round((user + system) / 1000), redisCpuMs: round(await redisCpuMs() - redis) }
  const { deleted, held: kept, failed, keysDestroyed } = run.classes.find(({ name }) => name === 'record')!
  return { ms: round(ms), deleted, held: kept, failed, keysDestroyed, rowsPerSecond: Math.round(deleted / ms * 1000), ...cpu, slowestAnswerMs: round(slowest) }
}

/** A finished call as the journal leaves it, but many in one command: a bench has not all day. */
async function write(): Promise<number> {
  const from = performance.now()
  for (let at = 0; at < rows; at += batch) {
    const byDay = new Map<string, CallStart[]>()
    for (let i = at; i < Math.min(at + batch, rows); i++) {
      const call = callOf(i)
      const day = dayOf(call.startedAt)
      byDay.set(day, [...byDay.get(day) ?? [], call])
    }
    for (const [day, calls] of byDay) await writeDay(day, calls)
  }
  return performance.now() - from
}

function callOf(at: number): CallStart {
  const startedAt = begin + Math.floor(at / rows * days * dayMs)
  const deliveryId = at === Math.floor(rows / 2) ? held : `bench-${newId()}`
  return { id: newId(), shopId, deliveryId, reference: `order-${at}`, startedBy: 'courier', callee: 'customer', phones: { courier: phone(at % 2000), customer: phone(at) }, startedAt }
}

async function writeDay(day: string, calls: readonly CallStart[]): Promise<void> {
  const keys = recordKeys(shopId)
  const key = await dayKey(ring, shopId, day)
  const made = calls.map((call) => ({ call, row: withEnd(beginRow(key, call), { at: call.startedAt + 64_000, answeredAt: call.startedAt + 4000, result: 'success', reason: 'caller_hung_up' }) }))
  await store.transaction([
    ['HSET', keys.rows(day), ...made.flatMap(({ call, row }) => [call.id, JSON.stringify(row)])],
    ['ZADD', keys.byStart(day), ...calls.flatMap(({ id, startedAt }) => [startedAt, id])],
    ['ZADD', keys.persons(day), ...made.flatMap(({ call, row }) => [0, `${row.c!}:${call.id}`, 0, `${row.u!}:${call.id}`])],
    ['ZADD', keys.days, day, day],
    ...calls.map(({ deliveryId, startedAt, id }) => ['ZADD', keys.ofDelivery(deliveryId), startedAt, placeText({ day, id })] as const)
  ])
}

try {
  process.stderr.write(`writing ${rows} calls …\n`)
  const empty = await memory()
  const writeMs = await write()
  const full = await memory()
  await room.holds.create({ shopId, kind: 'hold', scope: { deliveryId: held }, reason: 'bench', endsAt: end + 365 * dayMs, actor })
  process.stderr.write('runs …\n')
  const nothingDue = await measuredRun()
  const move = (ms: number): void => {
    time.now += ms
    time.steady += ms
  }
  move(15 * 60_000)
  const quarterOfAnHour = await measuredRun()
  move(days * dayMs)
  const allAtOnce = await measuredRun()
  const again = await measuredRun()
  const report = {
    rows, days, writeSeconds: round(writeMs / 1000), bytesPerRow: Math.round((full - empty) / rows),
    nothingDue, quarterOfAnHour, allAtOnce, again, leftMegabytes: round((await memory() - empty) / 1e6)
  }
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
} finally {
  await room.close()
  await audit.close()
  await ring.close()
  await Promise.all([store.close(), keyStore.close()])
  await Promise.all([data.close(), keyServer.close()])
  rmSync(dir, { recursive: true, force: true })
}
