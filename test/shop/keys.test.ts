import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { createApiKeys, type ApiKeys } from '../../src/shop/keys.js'
import { createAccessSeal } from '../../src/shop/seal.js'
import { createShops } from '../../src/shop/shops.js'
import type { Store } from '../../src/store/redis.js'
import { memoryKeyRing } from '../support/keyring.js'
import { captured } from '../support/log.js'
import { testRedis, testStore } from '../support/redis.js'

const dayMs = 86_400_000
const config = {
  shops: [{ id: 'one', name: 'One', pool: 'demo', country: 'EE' }, { id: 'two', name: 'Two', pool: 'demo', country: 'SE' }],
  pools: [{ id: 'demo', numbers: ['+442079460000'] }]
}
const redis = await testRedis(t)
const seal = createAccessSeal(memoryKeyRing())
const ownKey = 'a-key-of-the-configuration'

interface Process {
  readonly keys: ApiKeys
  readonly store: Store
  readonly logged: () => string
  /** Moves the clock of this process. */
  readonly pass: (ms: number) => void
  /** Commands that the store was asked for. */
  readonly asked: () => number
}

/** One process of several over the same Redis. */
async function process(t: Pick<Test, 'teardown'>): Promise<Process> {
  const real = await testStore(t, redis)
  let asked = 0
  const store: Store = { ...real, hget: (...args) => { asked++; return real.hget(...args) } }
  const { log, text } = captured()
  const shops = await createShops({ config, store, log })
  t.teardown(() => { shops.close() })
  let now = Date.parse('2026-01-31T12:00:00Z')
  const keys = createApiKeys({ store, shops, seal, configured: { one: [ownKey] }, log, clock: () => now })
  return { keys, store, logged: text, pass: (ms) => { now += ms }, asked: () => asked }
}

t.beforeEach(async (t) => {
  await (await testStore(t, redis)).call('FLUSHALL')
})

t.test('a key leads to its shop and roles, and nothing else does', async (t) => {
  const { keys } = await process(t)
  const { key, info } = await keys.create('two', { label: 'till', roles: ['app', 'auditor'] }, 'bootstrap')
  t.match(key, /^mk_two_[a-z]{16}_[\w-]{43}$/)
  t.ok(Buffer.from(key.slice(-43), 'base64url').length * 8 >= 192, 'bits of chance')
  t.match(await keys.identify(key), { actor: { id: info.id, shopId: 'two', roles: ['app', 'auditor'] }, shop: { id: 'two' } })
  for (const wrong of [
    '', key.slice(0, -1), `${key}A`, key.toUpperCase(), `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`, key.replace('mk_two', 'mk_one'), key.replace('mk_two', 'mk_nowhere'),
    key.replace(info.id, 'bcdfghjkmnpqrstv'), `mk_two_${info.id}_`, info.id, 'mk_two_constructorxxxxx_', ownKey.slice(0, -1), `${ownKey}x`
  ]) t.equal(await keys.identify(wrong), undefined, wrong.slice(0, 10))
  const other = await keys.create('two', { label: 'till', roles: ['app'] }, 'bootstrap')
  t.not(other.key, key)
})

t.test('the key of the configuration has every role', async (t) => {
  const { keys } = await process(t)
  t.match(await keys.identify(ownKey), { actor: { id: 'bootstrap', shopId: 'one', roles: ['app', 'admin', 'auditor', 'operator'] } })
  t.match(await keys.standing('one', 'bootstrap'), { shop: { id: 'one' } })
  t.equal(await keys.standing('two', 'bootstrap'), undefined)
  await t.rejects(keys.revoke('one', 'bootstrap'), { code: 'key_not_found' })
  await t.rejects(keys.rotate('one', 'bootstrap', 0, 'bootstrap'), { code: 'key_not_found' })
})

t.test('neither the store, the log nor the memory of the process holds a key', async (t) => {
  const { keys, store, logged } = await process(t)
  const { key } = await keys.create('one', { label: 'warehouse', roles: ['app'] }, 'bootstrap')
  await keys.identify(key)
  const secret = key.slice(-43)
  for await (const names of store.scan('*')) {
    for (const name of names) {
      t.notOk(name.includes(secret))
      const dump = await store.call('DUMP', name) as Buffer
      for (const word of [secret, 'warehouse', '"roles"']) t.notOk(dump.includes(word), `${name} ${word}`)
    }
  }
  t.notOk(logged().includes(secret))
  t.notOk(inspect(keys, { depth: 12, showHidden: true }).includes(secret))
  t.notOk(JSON.stringify(await keys.list('one')).includes('digest'))
})

t.test('a clock that is put back keeps no revoked key alive', async (t) => {
  const [here, there] = [await process(t), await process(t)]
  const { key, info } = await here.keys.create('one', { label: 'lost', roles: ['admin'] }, 'bootstrap')
  t.ok(await there.keys.identify(key))
  await here.keys.revoke('one', info.id)
  there.pass(-3600_000)
  t.equal(await there.keys.identify(key), undefined)
})

t.test('a revocation is known at once here and within five seconds elsewhere', async (t) => {
  const [here, there] = [await process(t), await process(t)]
  const { key, info } = await here.keys.create('one', { label: 'lost', roles: ['admin'] }, 'bootstrap')
  t.ok(await here.keys.identify(key))
  t.ok(await there.keys.identify(key))
  t.match(await here.keys.revoke('one', info.id), { state: 'revoked' })
  t.equal(await here.keys.identify(key), undefined)
  t.equal(await here.keys.standing('one', info.id), undefined)
  there.pass(4999)
  t.equal(await there.keys.identify(key), undefined)
  t.equal(await there.keys.standing('one', info.id), undefined)
  t.match(await here.keys.revoke('one', info.id), { state: 'revoked' }, 'a second time says the same')
  await t.rejects(here.keys.revoke('two', info.id), { code: 'key_not_found' }, 'of another shop')
  await t.rejects(here.keys.rotate('one', info.id, 0, 'bootstrap'), { code: 'key_ended' })
})

t.test('a key ends when it expires', async (t) => {
  const { keys, pass } = await process(t)
  const { key, info } = await keys.create('one', { label: 'guest', roles: ['auditor'], expiresAt: Date.parse('2026-01-31T12:00:02Z') }, 'bootstrap')
  t.ok(await keys.identify(key))
  pass(2000)
  t.equal(await keys.identify(key), undefined, 'also while it is remembered')
  t.match(await keys.list('one'), [{ id: info.id, state: 'expired' }])
})

t.test('a rotated key goes on for the grace period, its successor for ever', async (t) => {
  const { keys, pass } = await process(t)
  const old = await keys.create('one', { label: 'till', roles: ['app', 'admin'] }, 'bootstrap')
  const next = await keys.rotate('one', old.info.id, 60_000, 'someone')
  t.match(next.info, { label: 'till', roles: ['app', 'admin'], createdBy: 'someone', state: 'live' })
  t.ok(await keys.identify(old.key))
  t.match(await keys.identify(next.key), { actor: { roles: ['app', 'admin'] } })
  await t.rejects(keys.rotate('one', old.info.id, 0, 'x'), { code: 'key_ended' }, 'only once')
  pass(60_000)
  t.equal(await keys.identify(old.key), undefined)
  t.ok(await keys.identify(next.key))
  t.match((await keys.list('one')).find(({ id }) => id === old.info.id), { state: 'expired', replacedBy: next.info.id })
})

t.test('a rotation never lengthens a life', async (t) => {
  const { keys, pass } = await process(t)
  const old = await keys.create('one', { label: 'guest', roles: ['app'], expiresAt: Date.parse('2026-01-31T12:01:00Z') }, 'bootstrap')
  const next = await keys.rotate('one', old.info.id, dayMs, 'x')
  pass(60_000)
  t.equal(await keys.identify(old.key), undefined)
  t.equal(await keys.identify(next.key), undefined)
})

t.test('of several rotations at once one succeeds and no other key stays', async (t) => {
  const { keys } = await process(t)
  const old = await keys.create('one', { label: 'till', roles: ['app'] }, 'bootstrap')
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => keys.rotate('one', old.info.id, 0, 'x')))
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  t.equal((await keys.list('one')).filter(({ state }) => state === 'live').length, 1)
})

t.test('a list tells the last day of use, never a time', async (t) => {
  const { keys, store, pass } = await process(t)
  const { key } = await keys.create('one', { label: 'till', roles: ['app'] }, 'bootstrap')
  t.equal((await keys.list('one'))[0]?.lastUsedDay, undefined)
  await keys.identify(key)
  await store.ping()
  t.equal((await keys.list('one'))[0]?.lastUsedDay, '2026-01-31')
  pass(dayMs)
  await keys.identify(key)
  await store.ping()
  t.equal((await keys.list('one'))[0]?.lastUsedDay, '2026-02-01')
  t.strictSame(await keys.list('two'), [])
})

t.test('a made-up or changed record opens nothing', async (t) => {
  const { keys, store, pass, logged } = await process(t)
  const weak = await keys.create('one', { label: 'weak', roles: ['app'] }, 'bootstrap')
  const strong = await keys.create('one', { label: 'strong', roles: ['admin'] }, 'bootstrap')
  const hash = 'keys:{shop.one}'
  const blob = (await store.hget(hash, strong.info.id))!
  await store.hset(hash, { [weak.info.id]: blob })
  pass(5000)
  await t.rejects(keys.identify(weak.key), { code: 'internal' }, 'the record of another key')
  await store.hset('keys:{shop.two}', { [strong.info.id]: blob })
  await t.rejects(keys.identify(strong.key.replace('mk_one', 'mk_two')), { code: 'internal' }, 'of another shop')
  await store.hset(hash, { [weak.info.id]: JSON.stringify({ id: weak.info.id, roles: ['operator'], digest: '' }) })
  pass(5000)
  await t.rejects(keys.identify(weak.key), { code: 'internal' }, 'a record without our seal')
  t.strictSame((await keys.list('one')).map(({ label }) => label), ['strong'], 'the others can still be managed')
  t.match(logged(), /key\.unreadable/)
})

t.test('wrong keys cost the store nothing when they are many', async (t) => {
  const { keys, asked } = await process(t)
  const made = (n: number): string => `mk_one_${String.fromCharCode(98 + n % 20).repeat(16)}_${'A'.repeat(43)}`
  await Promise.all(Array.from({ length: 400 }, (_, n) => keys.identify(made(n))))
  t.ok(asked() <= 20, `${asked()} questions for 400 guesses at 20 ids`)
  const before = asked()
  t.equal(await keys.identify(`mk_one_${'z'.repeat(16)}_${'A'.repeat(43)}`, false), undefined)
  t.equal(asked(), before, 'without asking')
})

t.test('strangers can be left out', async (t) => {
  const { keys, pass } = await process(t)
  const { key, info } = await keys.create('one', { label: 'till', roles: ['app'] }, 'bootstrap')
  t.equal(await keys.identify(key, false), undefined, 'never met')
  await keys.identify(key)
  pass(3_600_000)
  t.ok(await keys.identify(key, false), 'met an hour ago')
  t.ok(await keys.identify(ownKey, false))
  await keys.revoke('one', info.id)
  t.equal(await keys.identify(key, false), undefined)
})

t.test('a shop has a hundred keys at most; ended ones go after ninety days', async (t) => {
  const { keys, pass } = await process(t)
  const old = await keys.create('one', { label: 'old', roles: ['app'] }, 'bootstrap')
  await keys.revoke('one', old.info.id)
  for (let n = 0; n < 100; n++) await keys.create('one', { label: `key ${n}`, roles: ['app'] }, 'bootstrap')
  await t.rejects(keys.create('one', { label: 'more', roles: ['app'] }, 'bootstrap'), { code: 'keys_too_many' })
  await keys.create('two', { label: 'more', roles: ['app'] }, 'bootstrap')
  const [one] = await keys.list('one')
  await keys.revoke('one', one!.id)
  pass(89 * dayMs)
  t.ok((await keys.list('one')).some(({ id }) => id === old.info.id))
  pass(2 * dayMs)
  await keys.create('one', { label: 'fits', roles: ['app'] }, 'bootstrap')
  t.notOk((await keys.list('one')).some(({ id }) => id === old.info.id))
})
