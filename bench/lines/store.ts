import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrivateRedis } from '../../src/embedded/redis.js'
import { createLines } from '../../src/line/lines.js'
import type { Lines } from '../../src/line/types.js'
import type { E164 } from '../../src/phone/types.js'
import { createKeyRing } from '../../src/store/keyring/keyring.js'
import { createStore, type Store } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'

/** One kind of operation at one state of the store. */
export interface Measured {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Processor time in microseconds: it moves less between runs than the rate. */
  readonly redisCpuUs: number
  readonly nodeCpuUs: number
}

export interface StoreResult {
  readonly poolNumbers: number
  readonly liveDeliveries: number
  readonly allocate: Measured
  readonly lookup: Measured
  readonly bytesPerDelivery: number
  /** Peers: a bare SET through the same connection, and a script that does nothing. */
  readonly rawSet: Measured
  readonly rawScript: Measured
}

/** Operations under way at once. */
const atOnce = 64
const log = createLog('silent')
/** Lines that a courier has; a customer has one or two. */
const linesPerCourier = 10
const day = 86_400_000

/** Country code 999 is assigned to nobody, so these are nobody's numbers. */
const number = (range: number, at: number): E164 => `+999${range}${String(at).padStart(8, '0')}` as E164

interface Bench {
  readonly store: Store
  readonly lines: Lines
  /** Lines to look up, as many as may be kept. */
  readonly made: { readonly number: string, readonly caller: E164 }[]
  next: number
}

/** Fills an empty store with live deliveries and measures on top of them. */
export async function measureStore(poolNumbers: number, liveDeliveries: number, operations: number): Promise<StoreResult> {
  const dir = mkdtempSync(join(tmpdir(), 'maskline-bench-'))
  const redis = await startPrivateRedis({ dir: join(dir, 'data'), log })
  const keyRedis = await startPrivateRedis({ dir: join(dir, 'keys'), log })
  const [store, keyStore] = [redis, keyRedis].map(({ url }) => createStore({ url, commandTimeoutMs: 10_000, log })) as [Store, Store]
  await Promise.all([store.ready(10_000), keyStore.ready(10_000)])
  const keys = createKeyRing({ store: keyStore, masterKeys: { current: randomBytes(32) }, log })
  const lines = createLines({ store, keys, log, config: config(poolNumbers) })
  const bench: Bench = { store, lines, made: [], next: 0 }
  try {
    await lines.prepare()
    // A rewrite of the append-only file in the middle of one measurement would be compared with none in another.
    await store.call('CONFIG', 'SET', 'auto-aof-rewrite-percentage', '0')
    const before = await info(store, 'memory', 'used_memory')
    await many(liveDeliveries, () => allocate(bench, true))
    const bytesPerDelivery = Math.round((await info(store, 'memory', 'used_memory') - before) / liveDeliveries)
    await many(operations / 4, () => allocate(bench, false))
    let at = 0
    const lookup = async (): Promise<void> => {
      const { number, caller } = bench.made[(at++ * 7919) % bench.made.length]!
      await lines.lookup(number, caller, `c${at}`)
    }
    await many(operations / 4, lookup)
    let sets = 0
    const rawSet = async (): Promise<void> => { await store.call('SET', `raw:{bench}:${sets++ % 10_000}`, 'x'.repeat(100)) }
    const nothing = { name: 'nothing', source: 'return 0', sha: createHash('sha1').update('return 0').digest('hex') }
    const rawScript = async (): Promise<void> => { await store.run(nothing, ['raw:{bench}'], []) }
    return {
      poolNumbers, liveDeliveries, bytesPerDelivery,
      allocate: await measure(store, operations, () => allocate(bench, false)), lookup: await measure(store, operations, lookup),
      rawSet: await measure(store, operations, rawSet), rawScript: await measure(store, operations, rawScript)
    }
  } finally {
    await lines.stop()
    await keys.close()
    await Promise.all([store.close(), keyStore.close()])
    await Promise.all([redis.close(), keyRedis.close()])
    rmSync(dir, { recursive: true, force: true })
  }
}

function config(poolNumbers: number): Parameters<typeof createLines>[0]['config'] {
  return {
    pools: [{ id: 'bench', numbers: [`${number(9, 0)}-${number(9, poolNumbers - 1)}`] }],
    line: { minTtlSeconds: 60, maxTtlSeconds: 259_200, quarantineSeconds: 86_400, maxPhonesPerParty: 4, allowedCountries: ['SE'] },
    // The same people call again and again here.
    limits: { callsPerDelivery: 10_000, callsPerDeliveryHour: 1e6, callsPerCallerHour: 1e6, callsPerNumberMinute: 1e8 },
    call: { ringTimeoutSeconds: 45, maxDurationSeconds: 900, maxForwards: 70, drainSeconds: 0 }
  }
}

async function allocate(bench: Bench, keep: boolean): Promise<void> {
  const at = bench.next++
  const courier = number(1, Math.floor(at / linesPerCourier))
  // Every third order is of somebody who has ordered before.
  const customer = number(2, at % 3 === 0 ? Math.floor(at / 2) : at)
  const { number: proxy } = await bench.lines.allocate({
    shopId: 'bench', poolId: 'bench', reference: `order-${at}`, courier, customer, expiresAt: Date.now() + day, quarantineSeconds: 86_400, direction: 'both'
  })
  if (keep && bench.made.length < 100_000) bench.made.push({ number: proxy, caller: at % 2 === 0 ? courier : customer })
}

async function many(count: number, work: () => Promise<void>): Promise<number[]> {
  const times: number[] = []
  let left = count
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const start = performance.now()
      await work()
      times.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return times
}

async function measure(store: Store, count: number, work: () => Promise<void>): Promise<Measured> {
  const [redisBefore, nodeBefore, start] = [await redisCpu(store), process.cpuUsage(), performance.now()]
  const times = (await many(count, work)).sort((a, b) => a - b)
  const seconds = (performance.now() - start) / 1000
  const node = process.cpuUsage(nodeBefore)
  const redis = await redisCpu(store) - redisBefore
  const at = (share: number): number => round(times[Math.floor(times.length * share)] ?? 0, 2)
  return { perSecond: Math.round(count / seconds), p50Ms: at(0.5), p99Ms: at(0.99), redisCpuUs: round(redis * 1e6 / count, 1), nodeCpuUs: round((node.user + node.system) / count, 1) }
}

async function redisCpu(store: Store): Promise<number> {
  return await info(store, 'cpu', 'used_cpu_user') + await info(store, 'cpu', 'used_cpu_sys')
}

async function info(store: Store, section: string, field: string): Promise<number> {
  return Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(String(await store.call('INFO', section)))?.[1])
}

function round(value: number, places: number): number {
  return Math.round(value * 10 ** places) / 10 ** places
}
