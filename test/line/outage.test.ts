import t from 'tap'
import { createLines } from '../../src/line/lines.js'
import { createStore, type Store } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'
import { doorTo } from '../support/door.js'
import { memoryKeyRing } from '../support/keyring.js'
import { lineConfig, person } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const redis = await testRedis(t)
const direct = await testStore(t, redis)
const log = createLog('silent')
const keys = memoryKeyRing()
t.teardown(() => keys.close())
const wanted = { shopId: 'shop', poolId: 'demo', reference: 'r', courier: person(0), customer: person(1), quarantineSeconds: 60, direction: 'both' as const }
const soon = (): number => Date.now() + 3_600_000

async function deliveries(store: Store): Promise<number> {
  let count = 0
  for await (const names of store.scan('d:*')) count += names.length
  return count
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error('never became true')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

t.test('an allocation whose answer is lost is taken back', async (t) => {
  const door = await doorTo(t, redis.url)
  const store = createStore({ url: door.url, commandTimeoutMs: 300, log })
  const lines = createLines({ store, keys, config: lineConfig(), log })
  t.teardown(async () => {
    await lines.stop()
    await store.close()
  })
  await store.ready(5000)
  const first = await lines.allocate({ ...wanted, reference: 'first', expiresAt: soon() })
  door.hold('answers')
  await t.rejects(lines.allocate({ ...wanted, expiresAt: soon() }), { code: 'store_unavailable', retryAfter: 1 })
  t.equal(await deliveries(direct), 2, 'Redis had carried it out')
  door.hold(false)
  door.shut()
  await door.open()
  await until(async () => await deliveries(direct) === 1)
  await until(() => store.ping().then(() => true, () => false))
  const made = await lines.allocate({ ...wanted, expiresAt: soon() })
  await lines.sweep()
  t.equal((await lines.find('shop', made.id)).state, 'live', 'the second try, with the same reference, stays')
  t.equal((await lines.find('shop', first.id)).state, 'live')
  t.same((await lines.numbers('demo')).map(({ live, held }) => live + held).filter((count) => count > 0), [2, 2])
})

t.test('while Redis is away every operation says so and leaves nothing behind', async (t) => {
  await direct.call('FLUSHALL')
  const door = await doorTo(t, redis.url)
  const store = createStore({ url: door.url, commandTimeoutMs: 300, log })
  const lines = createLines({ store, keys, config: lineConfig(), log })
  t.teardown(async () => {
    await lines.stop()
    await store.close()
  })
  await store.ready(5000)
  const { id, number } = await lines.allocate({ ...wanted, expiresAt: soon() })
  const before = await direct.call('DBSIZE')
  door.shut()
  await until(() => store.ping().then(() => false, () => true))
  const works = {
    allocate: lines.allocate({ ...wanted, reference: 'other', expiresAt: soon() }), find: lines.find('shop', id), close: lines.close('shop', id),
    change: lines.change('shop', id, { direction: 'courier' }), addPhone: lines.addPhone('shop', id, 'courier', person(2)), lookup: lines.lookup(number, person(0), 'c'),
    release: lines.release(id, 'c'), numbers: lines.numbers('demo'), drain: lines.drainNumber('demo', number), prepare: lines.prepare(),
    redeem: lines.redeem({ number, caller: person(3), code: '12345', party: 'courier', callId: 'c' })
  }
  for (const [name, work] of Object.entries(works)) await t.rejects((async () => { await work })(), { code: 'store_unavailable' }, name)
  t.equal(await lines.sweep(), 0, 'the background work waits')
  await door.open()
  await until(() => store.ping().then(() => true, () => false))
  t.equal(await direct.call('DBSIZE'), before)
  t.equal((await lines.lookup(number, person(0), 'c2')).kind, 'connect')
})

t.test('a full store refuses new deliveries and changes nothing', async (t) => {
  await direct.call('FLUSHALL')
  const lines = createLines({ store: direct, keys, config: lineConfig(), log })
  t.teardown(() => lines.stop())
  await lines.prepare()
  const before = await direct.call('DBSIZE')
  await direct.call('CONFIG', 'SET', 'maxmemory', '1')
  await t.rejects(lines.allocate({ ...wanted, expiresAt: soon() }), { code: 'store_full' })
  await direct.call('CONFIG', 'SET', 'maxmemory', '0')
  t.equal(await direct.call('DBSIZE'), before)
  await lines.allocate({ ...wanted, expiresAt: soon() })
})

t.test('with replicas asked for and none there, nothing is accepted', async (t) => {
  await direct.call('FLUSHALL')
  const store = createStore({ url: `${redis.url}?wait=1`, commandTimeoutMs: 200, log })
  const lines = createLines({ store, keys, config: lineConfig(), log })
  t.teardown(async () => {
    await lines.stop()
    await store.close()
  })
  await store.ready(5000)
  await lines.prepare()
  for (const reference of ['one', 'two']) await t.rejects(lines.allocate({ ...wanted, reference, expiresAt: soon() }), { code: 'store_unavailable' })
  await until(async () => {
    await lines.sweep()
    return await deliveries(direct) === 0
  })
  t.pass('and what was done on the primary is taken back')
})
