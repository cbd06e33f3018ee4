/**
 * A million call records over 30 days: how long it takes to write, export, find a person in and delete them, and
 * what they weigh. `node --import=tsx bench/records.ts [rows]`
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPrivateRedis } from '../src/embedded/redis.js'
import { newId } from '../src/ids.js'
import type { E164 } from '../src/phone/types.js'
import { exportCalls } from '../src/record/export.js'
import { createJournal } from '../src/record/journal.js'
import { createCallLog } from '../src/record/log.js'
import { createPersonCalls } from '../src/record/person-calls.js'
import { createRecordShelf } from '../src/record/shelf.js'
import { createStatistics, createStatisticsShelf } from '../src/record/statistics/statistics.js'
import { createRing } from '../src/store/keyring/keyring.js'
import { createStore } from '../src/store/redis.js'
import { createLog } from '../src/telemetry/log.js'
import { memoryShelf } from '../test/support/memory-shelf.js'

const rows = Number(process.argv[2] ?? 1_000_000)
const days = 30
const dayMs = 86_400_000
const log = createLog('warn')
const end = Math.floor(Date.now() / dayMs) * dayMs
const begin = end - days * dayMs
const shopId = 'bench'
/** Of a country code that nobody has. */
const phone = (at: number): E164 => `+9990${String(1_000_000 + at % 60_000)}` as E164

const dir = mkdtempSync(join(tmpdir(), 'maskline-records-'))
const redis = await startPrivateRedis({ dir, log })
const store = createStore({ url: redis.url, commandTimeoutMs: 30_000, log })
await store.ready(10_000)
const ring = createRing(memoryShelf(), { masterKeys: { current: Buffer.alloc(32, 7) }, log: createLog('silent') })
const options = { store, ring, log }

const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const redisMemory = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(String(await store.call('INFO', 'memory')))?.[1])
async function timed<T>(what: string, work: () => Promise<T>, count = 0): Promise<T> {
  const from = performance.now()
  const result = await work()
  const seconds = (performance.now() - from) / 1000
  say(`${what}: ${seconds.toFixed(2)} s${count === 0 ? '' : `, ${Math.round(count / seconds)} rows/s`}, process ${mb(process.memoryUsage().rss)}`)
  return result
}

const empty = await redisMemory()
await timed(`write ${rows} calls`, async () => {
  const journal = createJournal({ ...options, shops: () => [] })
  let next = 0
  const writer = async (): Promise<void> => {
    for (let at = next++; at < rows; at = next++) {
      const startedAt = begin + Math.floor(at / rows * days * dayMs)
      const start = { id: newId(), shopId, deliveryId: `demo-${newId()}`, reference: `order-${at}`, startedBy: 'courier', callee: 'customer', phones: { courier: phone(at % 2000), customer: phone(at) }, startedAt } as const
      await journal.open(start)
      await journal.finish(start, { at: startedAt + 64_000, answeredAt: startedAt + 4000, result: 'success', reason: 'caller_hung_up' })
    }
  }
  await Promise.all(Array.from({ length: 200 }, writer))
  journal.close()
}, rows)
say(`Redis: ${mb(await redisMemory() - empty)}, ${Math.round((await redisMemory() - empty) / rows)} bytes a call`)

const calls = createCallLog(options)
for (const format of ['jsonl', 'csv'] as const) {
  let [bytes, most] = [0, 0]
  await timed(`export ${format}`, async () => {
    for await (const chunk of exportCalls(calls, shopId, { from: begin, to: end }, format)) {
      bytes += chunk.length
      most = Math.max(most, process.memoryUsage().rss)
    }
  }, rows)
  say(`  ${mb(bytes)}, at most ${mb(most)} in the process`)
}
const persons = createPersonCalls(options)
for (const [who, number] of [['a courier', phone(7)], ['a customer', phone(50_001)], ['a number never seen', '+99909999999' as E164]] as const) {
  let found = 0
  await timed(`calls of ${who}`, async () => { for await (const { calls: some } of persons.calls(shopId, number)) found += some.length })
  say(`  ${found} calls`)
}
await timed('page of 100 calls', () => calls.list(shopId, { from: begin, to: end, limit: 100 }))
await timed('figures of 30 days', () => createStatistics({ store }).days(shopId, { from: begin, to: end }))

const shelf = createRecordShelf({ store })
const [first, ...rest] = await shelf.days(shopId)
let slowest = 0
const probe = setInterval(() => {
  const from = performance.now()
  void store.ping().then(() => { slowest = Math.max(slowest, performance.now() - from) })
}, 20)
const perDay = await shelf.count(shopId, first!)
await timed(`delete one day of ${perDay}`, () => shelf.clear(shopId, first!), perDay)
await timed('delete the other days', async () => { for (const day of rest) await shelf.clear(shopId, day) }, rows - perDay)
clearInterval(probe)
say(`  slowest answer of Redis meanwhile: ${slowest.toFixed(0)} ms; ${mb(await redisMemory() - empty)} left`)
await timed('settle the figures', () => createStatisticsShelf({ store }).settle(shopId))

await ring.close()
await store.close()
await redis.close()
rmSync(dir, { recursive: true, force: true })
