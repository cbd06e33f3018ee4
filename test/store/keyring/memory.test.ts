import t from 'tap'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { KeyMemory } from '../../../src/store/keyring/memory.js'
import { liveKey } from '../../../src/store/keyring/data-key.js'
import { createKeyRing } from '../../../src/store/keyring/keyring.js'
import { createStore } from '../../../src/store/redis.js'
import { doorTo } from '../../support/door.js'
import { silent } from '../../support/log.js'
import { memoryShelf } from '../../support/memory-shelf.js'
import { testRedis } from '../../support/redis.js'
import { until } from '../../support/whole.js'
import { day, hour, noon, ringOn, shakyShelf, today, yesterday } from './support.js'

const masterKeys = { current: randomBytes(32) }
const minute = 60_000

t.test('a remembered key costs the key store nothing, and many who want a new one at once ask once', async (t) => {
  const shelf = shakyShelf(memoryShelf())
  const ring = ringOn(t, shelf)
  const keys = await Promise.all(Array.from({ length: 50 }, () => ring.use(today, noon)))
  t.equal(new Set(keys).size, 1)
  t.equal(shelf.asked, 1)
  await ring.use(today, noon)
  await ring.find(today)
  t.equal(shelf.asked, 1)
  await Promise.all(Array.from({ length: 50 }, (_, at) => ring.use(today, noon + at * 1000)))
  t.equal(shelf.asked, 2, 'needed a little longer')
  const other = ringOn(t, shelf)
  await Promise.all(Array.from({ length: 50 }, () => other.find(yesterday)))
  t.equal(shelf.asked, 3)
})

t.test('a destruction elsewhere is heard of within a minute', async (t) => {
  const shelf = memoryShelf()
  const clock = { now: noon }
  const [one, two] = [ringOn(t, shelf, { masterKeys, clock }), ringOn(t, shelf, { masterKeys, clock })]
  const held = await two.use(today, noon + day)
  const blob = held.seal('secret', 'c')
  await one.destroy([today])
  clock.now += minute
  await t.rejects(two.open(blob, today, 'c'), { code: 'key_destroyed' })
  t.throws(() => held.open(blob, 'c'), { code: 'key_destroyed' }, 'who holds it cannot use it either')
})

t.test('it is heard of without anybody asking', async (t) => {
  const shelf = memoryShelf()
  const [one, two] = [ringOn(t, shelf, { masterKeys }), ringOn(t, shelf, { masterKeys, rememberMs: 20 })]
  const held = await two.use(today, noon + day)
  await one.destroy([today])
  await until(async () => {
    try {
      held.tag('x')
      return undefined
    } catch {
      return true
    }
  }, 'the key to be wiped')
  t.equal(two.stats().remembered, 0)
})

t.test('a clock that is set back keeps nothing fresh', async (t) => {
  const shelf = memoryShelf()
  const clock = { now: noon }
  const [one, two] = [ringOn(t, shelf, { masterKeys, clock }), ringOn(t, shelf, { masterKeys, clock })]
  await two.use(today, noon + day)
  await one.destroy([today])
  clock.now -= hour
  await t.rejects(two.use(today, noon), { code: 'key_destroyed' })
})

t.test('while the key store is away, remembered keys work as long as something under them is needed', async (t) => {
  const shelf = shakyShelf(memoryShelf())
  const clock = { now: noon }
  const ring = ringOn(t, shelf, { clock })
  const key = await ring.use(today, noon + 3 * hour)
  const blob = key.seal('secret', 'c')
  shelf.away = true
  clock.now += 2 * hour
  t.equal(await ring.use(today, noon + hour), key)
  t.equal(await ring.find(today), key)
  t.equal((await ring.open(blob, today, 'c')).toString(), 'secret')
  await t.rejects(ring.use(yesterday, noon), { code: 'store_unavailable' }, 'nobody remembers that one')
  await t.rejects(ring.find(yesterday), { code: 'store_unavailable' })
  await t.rejects(ring.destroy([today]), { code: 'store_unavailable' })
  const asked = shelf.asked
  for (let at = 0; at < 20; at++) await ring.use(today, noon)
  t.equal(shelf.asked, asked, 'a key store that was just found away is left in peace')
  clock.now = noon + 3 * hour
  await t.rejects(ring.use(today, noon), { code: 'store_unavailable' }, 'nothing under it is needed any more')
})

t.test('what was asked for during the outage is told afterwards', async (t) => {
  const shelf = shakyShelf(memoryShelf())
  const ring = ringOn(t, shelf, { rememberMs: 20 })
  await ring.use(today, noon + hour)
  shelf.away = true
  await ring.use(today, noon + 5 * hour)
  t.equal((await ring.list())[0]?.neededUntil, noon + hour)
  shelf.away = false
  await until(async () => (await ring.list())[0]?.neededUntil === noon + 5 * hour || undefined, 'the key store to be told')
})

t.test('a real key store that is gone, hangs and comes back', async (t) => {
  const redis = await testRedis(t)
  const door = await doorTo(t, redis.url)
  const store = createStore({ url: door.url, commandTimeoutMs: 200, log: silent })
  t.teardown(() => store.close())
  await store.ready(5000)
  const ring = createKeyRing({ store, masterKeys, log: silent, rememberMs: 50 })
  t.teardown(() => ring.close())
  const now = Date.now()
  const scope = { ...today, period: '0' }
  const key = await ring.use(scope, now + hour)
  for (const cut of [() => door.hold(true), () => door.shut()]) {
    cut()
    await sleep(100)
    t.equal(await ring.use(scope, now + hour), key)
    await t.rejects(ring.use({ ...scope, owner: 'shop2' }, now + hour), { code: 'store_unavailable' })
  }
  door.hold(false)
  await door.open()
  await until(() => ring.use({ ...scope, owner: 'shop2' }, now + hour).catch(() => undefined), 'the key store')
  t.equal((await ring.list()).length, 2)
})

t.test('a key that a destruction overtakes on its way is not remembered', async (t) => {
  const inner = memoryShelf()
  const arrivals: (() => void)[] = []
  const slow = { ...inner, use: async (...given: Parameters<typeof inner.use>) => {
    const found = await inner.use(...given)
    await new Promise<void>((resolve) => arrivals.push(resolve))
    return found
  } }
  const ring = ringOn(t, slow)
  const using = ring.use(today, noon)
  await until(async () => arrivals.length > 0 || undefined, 'the key to be fetched')
  const destroying = ring.destroy([today])
  // The deletion is done; only what was asked for before it is still on its way.
  await sleep(20)
  arrivals[0]!()
  await destroying
  const key = await using
  t.throws(() => key.tag('x'), { code: 'key_destroyed' })
  t.equal(ring.stats().remembered, 0)
})

t.test('what is remembered has a bound, and what is let go for room goes on working', async (t) => {
  const memory = new KeyMemory(3)
  const entry = (period: string): Parameters<typeof memory.set>[1] => ({ key: liveKey({ ...today, period }, randomBytes(32)), checkedAt: 0, usedAt: 0, neededUntil: 0, wantedUntil: 0 })
  const entries = ['20261101', '20261102', '20261103', '20261104'].map((period) => [period, entry(period)] as const)
  for (const [name, one] of entries.slice(0, 3)) memory.set(name, one)
  memory.touch('20261101', entries[0]![1], 1)
  memory.set(...entries[3]!)
  t.equal(memory.size, 3)
  t.equal(memory.get('20261102'), undefined, 'the one that was used longest ago')
  t.ok(entries[1]![1].key.tag('x'))
})

t.test('secrets are overwritten in memory', async (t) => {
  const secret = randomBytes(32)
  const key = liveKey(today, secret)
  t.ok(secret.equals(Buffer.alloc(32)), 'as soon as the key is made')
  key.wipe()
  t.throws(() => key.tag('x'), { code: 'key_destroyed' })
  const shelf = memoryShelf()
  const ring = ringOn(t, shelf)
  const used = await ring.use(today, noon)
  await ring.close()
  t.throws(() => used.tag('x'), { code: 'key_destroyed' }, 'and when the ring is closed')
})

t.test('what is not needed any more is not remembered', async (t) => {
  const shelf = memoryShelf()
  const clock = { now: noon }
  const ring = ringOn(t, shelf, { clock, rememberMs: 20 })
  await ring.use(today, noon + hour)
  await ring.use(yesterday, noon + 3 * day)
  clock.now = noon + 2 * hour
  await until(async () => ring.stats().remembered === 1 || undefined, 'the key that is needed no more to be let go')
  clock.now = noon + 25 * hour
  await until(async () => ring.stats().remembered === 0 || undefined, 'the key that nobody used for a day to be let go')
  t.equal((await ring.list()).length, 2)
})
