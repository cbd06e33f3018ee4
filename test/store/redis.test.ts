import t, { type Test } from 'tap'
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../../src/deadline.js'
import { createStore, type Store } from '../../src/store/redis.js'
import { loadScript, type Script } from '../../src/store/scripts.js'
import { int, text } from '../../src/store/reply.js'
import { createLog } from '../../src/telemetry/log.js'
import { doorTo } from '../support/door.js'
import { testRedis, testStore } from '../support/redis.js'

const log = createLog('silent')
const redis = await testRedis(t)
const store = await testStore(t, redis)

function script(t: Test, source: string): Script {
  const file = join(t.testdir({ includes: { 'twice.lua': 'local function twice(n) return n * 2 end' } }), 'sample.lua')
  writeFileSync(file, source)
  return loadScript(pathToFileURL(file))
}

t.test('commands answer with typed values', async (t) => {
  t.equal(await store.get('k'), undefined)
  t.equal(await store.set('k', Buffer.of(0, 255, 10)), true)
  t.same(await store.get('k'), Buffer.of(0, 255, 10), 'bytes stay bytes')
  t.equal(await store.set('k', 'v', { ifAbsent: true }), false)
  t.equal(await store.set('k2', 'v', { ifAbsent: true, ttlMs: 60_000 }), true)
  t.ok(int(await store.call('PTTL', 'k2')) > 50_000)
  await store.hset('h', { a: 1, b: 'x' })
  t.equal(text(await store.hget('h', 'b')), 'x')
  t.equal(await store.hget('h', 'c'), undefined)
  t.same([...(await store.hgetall('h'))].map(([name, value]) => [name, text(value)]), [['a', '1'], ['b', 'x']])
  t.equal(await store.hdel('h', 'a', 'c'), 1)
  for (const score of [1, 2, 3]) await store.zadd('z', score, `m${score}`)
  t.same(await store.zrange('z'), ['m1', 'm2', 'm3'])
  t.same(await store.zrange('z', { min: 2, reverse: true, limit: 1 }), ['m3'])
  t.equal(await store.zrem('z', 'm1', 'm9'), 1)
  const names: string[] = []
  for await (const batch of store.scan('k*')) names.push(...batch)
  t.same(names.sort(), ['k', 'k2'])
  t.equal(await store.del('k', 'k2', 'k3'), 2)
  await store.ping()
})

t.test('a transaction is carried out whole or not at all', async (t) => {
  const [one, two] = await store.transaction([['INCRBY', 'n', 2], ['GET', 'n']])
  t.same([int(one), text(two)], [2, '2'])
  await t.rejects(store.transaction([['INCR', 'n'], ['NOSUCHCOMMAND', 'n']]), { code: 'internal' })
  t.equal(text(await store.get('n')), '2')
})

t.test('a script runs by its digest, also when the server has forgotten it', async (t) => {
  const sample = script(t, '--- @include "twice"\n--- @include "twice"\nreturn { twice(tonumber(ARGV[1])), KEYS[1], false }')
  t.equal(sample.name, 'sample')
  for (let round = 0; round < 2; round++) {
    await store.call('SCRIPT', 'FLUSH')
    const both = await Promise.all([store.run(sample, ['{x}'], [4]), store.run(sample, ['{x}'], [4])])
    for (const reply of both) t.same(reply, [8, Buffer.from('{x}'), null])
  }
})

t.test('errors have codes and tell nothing of the arguments', async (t) => {
  await store.set('word', 'x')
  const error = await store.call('INCRBY', 'word', 46701740605).then(() => undefined, (e: unknown) => e)
  t.match(error, { code: 'internal' })
  t.notMatch(JSON.stringify(error) + String((error as Error).cause), /46701740605/)
  await store.call('CONFIG', 'SET', 'maxmemory', '1')
  await t.rejects(store.set('big', 'x'), { code: 'store_full' })
  await t.rejects(store.run(script(t, 'redis.call("SET", "{x}", 1)'), ['{x}'], []), { code: 'store_full' }, 'also inside of a script')
  await store.call('CONFIG', 'SET', 'maxmemory', '0')
  await store.call('CONFIG', 'SET', 'min-replicas-to-write', '1')
  await t.rejects(store.set('k', 'x'), { code: 'store_unavailable' })
  await store.call('CONFIG', 'SET', 'min-replicas-to-write', '0')
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error('never became true')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const fails = async (store: Store): Promise<boolean> => await store.ping().then(() => false, (error: unknown) => (error as { code?: string }).code === 'store_unavailable')

t.test('a transaction tells what its commands met', async (t) => {
  const mine = await testStore(t, redis)
  await mine.call('REPLICAOF', '127.0.0.1', 1)
  await t.rejects(mine.transaction([['SET', 'phone', 'x'], ['SET', 'name', 'y']]), { code: 'store_unavailable' }, 'a primary that became a replica takes nothing')
  await until(() => store.call('REPLICAOF', 'NO', 'ONE').then(() => true, () => false))
  await t.rejects(store.transaction([['SET', 'phone'], ['SET', 'name', 'y']]), { code: 'internal' })
  await store.transaction([['SET', 'phone', 'x']])
})

t.test('while Redis is away every command fails at once, and later it works again by itself', async (t) => {
  const door = await doorTo(t, redis.url)
  const store = createStore({ url: door.url, commandTimeoutMs: 500, log })
  t.teardown(() => store.close())
  await store.ready(5000)
  await store.call('DEL', 'counter')
  door.shut()
  await until(() => fails(store))
  await t.rejects(store.call('INCR', 'counter'), { code: 'store_unavailable', retryAfter: 1 })
  await t.rejects(store.transaction([['INCR', 'counter']]), { code: 'store_unavailable' })
  await door.open()
  await until(async () => !await fails(store))
  t.equal(int(await store.call('INCR', 'counter')), 1, 'nothing was kept and sent later')
})

t.test('a Redis that hangs is given up after the deadline and left', async (t) => {
  const door = await doorTo(t, redis.url)
  const store = createStore({ url: door.url, commandTimeoutMs: 200, log })
  t.teardown(() => store.close())
  await store.ready(5000)
  door.hold(true)
  const before = door.connections()
  await t.rejects(store.call('INCR', 'hung'), { code: 'store_unavailable' })
  await until(async () => await fails(store) && door.connections() > before)
  door.hold(false)
  door.shut()
  await door.open()
  await until(async () => !await fails(store))
  t.pass('back again')
})

t.test('the deadline of a command dies with its connection: the next one is kept', async (t) => {
  const door = await doorTo(t, redis.url)
  const store = createStore({ url: door.url, commandTimeoutMs: 1000, log })
  t.teardown(() => store.close())
  await store.ready(5000)
  door.hold(true)
  const unanswered = store.call('GET', 'nothing')
  const asked = Date.now()
  door.shut()
  await t.rejects(unanswered, { code: 'store_unavailable' })
  door.hold(false)
  await door.open()
  await until(async () => !await fails(store))
  const connections = door.connections()
  await sleep(asked + 1500 - Date.now())
  t.equal(await fails(store), false)
  t.equal(door.connections(), connections)
})

t.test('what waits for a replica holds up nothing else', async (t) => {
  const store = createStore({ url: `${redis.url}?wait=1`, commandTimeoutMs: 4000, log })
  t.teardown(() => store.close())
  await store.ready(5000)
  const known = script(t, 'return 1')
  await store.run(known, ['pool:{a}'], [])
  let waiting = true
  const durable = t.rejects(store.runDurably(known, ['pool:{a}'], []), { code: 'store_unavailable' }).finally(() => { waiting = false })
  await sleep(50)
  await store.ping()
  await sleep(50)
  t.ok(waiting)
  await durable
})

t.test('a command before the connection stands fails at once', async (t) => {
  const door = await doorTo(t, redis.url)
  door.hold(true)
  const store = createStore({ url: door.url, commandTimeoutMs: 6000, log })
  t.teardown(() => store.close())
  await until(async () => door.connections() > 0)
  t.equal(await within(3000, fails(store)), true, 'long before the deadline of a command')
  door.hold(false)
  door.shut()
})

t.test('a store without a server never becomes ready and closes', async (t) => {
  const store = createStore({ url: 'redis://127.0.0.1:1', commandTimeoutMs: 100, log })
  await t.rejects(store.ready(300), { code: 'store_unavailable' })
  await t.rejects(store.ping(), { code: 'store_unavailable' })
  await store.close()
  await t.rejects(store.ping(), { code: 'store_unavailable' })
})
