import t, { type Test } from 'tap'
import { createShops, type Shop, type Shops } from '../../src/shop/shops.js'
import type { Store } from '../../src/store/redis.js'
import { captured } from '../support/log.js'
import { testRedis, testStore } from '../support/redis.js'

const config: { shops: Shop[], pools: { id: string, numbers: string[] }[] } = {
  shops: [
    { id: 'one', name: 'One', pool: 'demo', country: 'EE' },
    { id: 'two', name: 'Two', pool: 'demo', country: 'SE' }
  ],
  pools: [{ id: 'demo', numbers: ['+442079460000'] }, { id: 'other', numbers: ['+442079460001'] }]
}
const redis = await testRedis(t)
const made = { id: 'three', name: 'Three', pool: 'other', country: 'FI', language: 'et' as const }

async function registry(t: Pick<Test, 'teardown'>, store: Store, using = config): Promise<Shops & { logged: () => string }> {
  const { log, text } = captured()
  const shops = await createShops({ config: using, store, log })
  t.teardown(() => { shops.close() })
  return { ...shops, logged: text }
}

t.beforeEach(async (t) => {
  const store = await testStore(t, redis)
  await store.call('FLUSHALL')
})

t.test('shops of the configuration are found by id', async (t) => {
  const shops = await registry(t, await testStore(t, redis))
  t.equal(shops.find('two')?.country, 'SE')
  t.equal(shops.find('three'), undefined)
  t.equal(shops.find('constructor'), undefined)
  t.strictSame(shops.all().map(({ id }) => id), ['one', 'two'])
})

t.test('a shop that one process makes is soon there in another', async (t) => {
  const store = await testStore(t, redis)
  const [here, there] = [await registry(t, store), await registry(t, await testStore(t, redis))]
  t.same(await here.create(made), made)
  t.same(here.find('three'), made)
  await there.refresh()
  t.same(there.find('three'), made)
  t.strictSame(there.all().map(({ id }) => id), ['one', 'two', 'three'])
  t.same(await there.change('three', { name: 'Third', language: 'ru' }), { ...made, name: 'Third', language: 'ru' })
  await here.refresh()
  t.equal(here.find('three')?.name, 'Third')
})

t.test('one that another process has just made is found by looking for it, and made-up ids cost little', async (t) => {
  const real = await testStore(t, redis)
  let asked = 0
  const [here, there] = [await registry(t, real), await registry(t, { ...real, hgetall: (...args) => { asked++; return real.hgetall(...args) } })]
  await here.create(made)
  await new Promise((resolve) => setTimeout(resolve, 600))
  t.same(await there.seek('three'), made)
  asked = 0
  t.strictSame(await Promise.all(Array.from({ length: 500 }, (_, n) => there.seek(`made${n}`))), Array.from({ length: 500 }))
  t.ok(asked <= 3, `${asked} questions`)
})

t.test('without being asked, another process learns of it within five seconds', async (t) => {
  const store = await testStore(t, redis)
  const [here, there] = [await registry(t, store), await registry(t, store)]
  await here.create(made)
  const end = Date.now() + 5000
  while (there.find('three') === undefined && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  t.same(there.find('three'), made)
})

t.test('an id is given once for ever', async (t) => {
  const store = await testStore(t, redis)
  const shops = await registry(t, store)
  await t.rejects(shops.create({ ...made, id: 'one' }), { code: 'shop_exists' })
  await shops.create(made)
  await t.rejects(shops.create(made), { code: 'shop_exists' })
  const together = await Promise.allSettled(Array.from({ length: 8 }, () => shops.create({ ...made, id: 'four' })))
  t.equal(together.filter(({ status }) => status === 'fulfilled').length, 1, 'of eight at once one makes it')

  const without = await registry(t, store, { ...config, shops: [config.shops[0]!] })
  t.equal(without.find('two'), undefined)
  await t.rejects(without.create({ ...made, id: 'two' }), { code: 'shop_exists' }, 'also one that left the configuration')
})

t.test('a shop needs a pool that is there', async (t) => {
  const store = await testStore(t, redis)
  const shops = await registry(t, store)
  await t.rejects(shops.create({ ...made, pool: 'nowhere' }), { code: 'request_invalid', field: 'pool' })
  await shops.create(made)
  const without = await registry(t, store, { ...config, pools: [config.pools[0]!] })
  t.equal(without.find('three'), undefined, 'its pool has left the configuration')
})

t.test('the configuration wins and is changed in its own place', async (t) => {
  const store = await testStore(t, redis)
  const shops = await registry(t, store)
  await t.rejects(shops.change('one', { name: 'Uno' }), { code: 'shop_configured' })
  await t.rejects(shops.change('nobody', { name: 'x' }), { code: 'shop_not_found' })
  await shops.create(made)
  const later = await registry(t, store, { ...config, shops: [...config.shops, { ...made, name: 'Configured', language: 'en' }] })
  t.equal(later.find('three')?.name, 'Configured')
  t.equal(later.all().length, 3)
})

t.test('what is no shop is passed over, and said', async (t) => {
  const store = await testStore(t, redis)
  await store.hset('shops:{shops}', { bad: '{"id":"bad"}', worse: 'not json', evil: JSON.stringify({ ...made, id: 'evil', admin: true }) })
  const shops = await registry(t, store)
  t.equal(shops.all().length, 2)
  t.match(shops.logged(), /shops\.unreadable/)
})

t.test('while the store is away the known shops stay', async (t) => {
  const own = await testRedis(t)
  const store = await testStore(t, own, 300)
  const shops = await registry(t, store)
  await shops.create(made)
  await own.close()
  await t.rejects(shops.refresh(), { code: 'store_unavailable' })
  t.same(shops.find('three'), made)
})
