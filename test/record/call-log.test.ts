import t from 'tap'
import { randomBytes } from 'node:crypto'
import { createCallLog } from '../../src/record/log.js'
import { createJournal, type Journal } from '../../src/record/journal.js'
import type { CallStart } from '../../src/record/types.js'
import { createVault } from '../../src/store/crypto.js'
import { newId } from '../../src/ids.js'
import { testRedis, testStore } from '../support/redis.js'
import { silent } from '../support/log.js'

const redis = await testRedis(t)
const store = await testStore(t, redis)
const vault = createVault(randomBytes(32))
const log = createCallLog({ store, vault })
let now = Date.UTC(2026, 10, 21, 12)
const journals: Journal[] = []
t.teardown(() => journals.forEach((journal) => journal.close()))

const journalOf = (shopId: string): Journal => {
  const journal = createJournal({ store, vault, shopIds: [shopId], retentionDays: 30, log: silent, clock: () => now })
  journals.push(journal)
  return journal
}
const call = (shopId: string, over: Partial<CallStart> = {}): CallStart =>
  ({ id: newId(), shopId, deliveryId: 'demo-abc', reference: 'order-1', startedBy: 'courier', startedAt: now, ...over })

t.test('a call is read while it rings, talks and after its end', async (t) => {
  const journal = journalOf('one')
  const start = call('one')
  await journal.open(start)
  const base = { id: start.id, deliveryId: 'demo-abc', reference: 'order-1', startedBy: 'courier', startedAt: now }
  t.same(await log.ofDelivery('one', 'demo-abc'), [{ ...base, state: 'ringing' }])
  await journal.answered(start, now + 4000)
  t.same(await log.ofDelivery('one', 'demo-abc'), [{ ...base, state: 'talking', answeredAt: now + 4000, ringMs: 4000 }])
  await journal.finish(start, { at: now + 9000, answeredAt: now + 4000, result: 'success', reason: 'caller_hung_up' })
  const ended = { ...base, state: 'ended', answeredAt: now + 4000, endedAt: now + 9000, ringMs: 4000, talkMs: 5000, result: 'success', reason: 'caller_hung_up' }
  t.same(await log.ofDelivery('one', 'demo-abc'), [ended])
  t.same(await log.ofDelivery('other', 'demo-abc'), [], 'another shop sees nothing')
})

t.test('a record has one end', async (t) => {
  const journal = journalOf('two')
  const start = call('two')
  await journal.open(start)
  await journal.finish(start, { at: now + 1, result: 'client_error', reason: 'busy' })
  await journal.finish(start, { at: now + 2, result: 'success', reason: 'caller_hung_up' })
  await journal.answered(start, now + 3)
  now += 120_000
  t.equal(await journal.recover(), 0, 'a finished call is not recovered')
  t.match(await log.ofDelivery('two', 'demo-abc'), [{ reason: 'busy', endedAt: start.startedAt + 1 }])
})

t.test('the call of a dead process is finished as indeterminate, once, and no other is touched', async (t) => {
  const dead = journalOf('three')
  const lost = call('three')
  await dead.open(lost)
  dead.close()
  const alive = journalOf('three')
  t.equal(await alive.recover(), 0, 'not while its lease runs')
  now += 61_000
  const fresh = call('three')
  await alive.open(fresh)
  const counts = await Promise.all([alive.recover(), journalOf('three').recover()])
  t.equal(counts[0] + counts[1], 1, 'two processes find it, one finishes it')
  t.match(await log.ofDelivery('three', 'demo-abc'), [
    { id: lost.id, state: 'ended', result: 'indeterminate', reason: 'process_died' },
    { id: fresh.id, state: 'ringing' }
  ])
})

t.test('pages over days and over many calls of one millisecond', async (t) => {
  const journal = journalOf('four')
  const first = now
  for (let i = 0; i < 25; i++) await journal.open(call('four', { startedAt: first + Math.floor(i / 10) * 86_400_000 }))
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await log.list('four', { from: first, to: first + 3 * 86_400_000, limit: 4, ...(cursor === undefined ? {} : { cursor }) })
    t.ok(page.calls.length <= 4)
    seen.push(...page.calls.map(({ id }) => id))
    cursor = page.next
  } while (cursor !== undefined)
  t.equal(seen.length, 25)
  t.equal(new Set(seen).size, 25, 'none twice')
  t.equal((await log.list('four', { from: first + 1, to: first + 86_400_000, limit: 50 })).calls.length, 0, 'the end of the window is exclusive')
})

t.test('Redis knows neither the reference nor when to keep it for ever', async (t) => {
  const journal = journalOf('five')
  await journal.open(call('five', { reference: 'CANARY Kanarbiku' }))
  const row = String(await store.hget('rec:{shop.five}:' + new Date(now).toISOString().slice(0, 10).replaceAll('-', ''), (await log.ofDelivery('five', 'demo-abc'))[0]!.id))
  t.notMatch(row, /CANARY|Kanarbiku/)
  t.notMatch(row, new RegExp(Buffer.from('CANARY').toString('base64').slice(0, 7)))
  for await (const names of store.scan('rec*{shop.five}*')) {
    for (const name of names) t.ok(Number(await store.call('PEXPIRETIME', name)) > now, name)
  }
})
