import t from 'tap'
import { freshLines, person, quarantineSeconds } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const [courier, customer, third] = [person(0), person(1), person(2)]
const hour = 3600

t.test('G9 a shorter life ends what lived too long, now or sooner than it would have', async (t) => {
  const { lines, wanted, advance, now } = await freshLines(t, store)
  const begin = now()
  const old = await lines.allocate(wanted(courier, customer, { expiresAt: begin + 10 * hour * 1000 }))
  advance(2 * hour)
  const young = await lines.allocate(wanted(courier, third, { expiresAt: now() + 10 * hour * 1000 }))
  const short = await lines.allocate(wanted(customer, third, { expiresAt: now() + 600_000 }))
  const other = await lines.allocate(wanted(person(3), person(4), { shopId: 'other', expiresAt: now() + 10 * hour * 1000 }))
  t.same(await lines.shorten('shop', 'demo', { lifeSeconds: hour, quarantineSeconds: Infinity }), { ended: 2, released: 0 })
  t.match(await lines.find('shop', old.id), { state: 'closed', endedAt: now(), quarantineUntil: now() + quarantineSeconds * 1000 })
  t.equal((await lines.lookup(old.number, courier, 'c1')).kind, 'over')
  t.match(await lines.find('shop', young.id), { state: 'live', expiresAt: now() + hour * 1000 })
  t.match(await lines.find('shop', short.id), { state: 'live', expiresAt: now() + 600_000 })
  t.match(await lines.find('other', other.id), { state: 'live', expiresAt: now() + 10 * hour * 1000 }, 'of this shop alone')
  t.same(await lines.shorten('shop', 'demo', { lifeSeconds: hour, quarantineSeconds: Infinity }), { ended: 0, released: 0 }, 'once')
  t.same(await lines.shorten('shop', 'demo', { lifeSeconds: 5 * hour, quarantineSeconds: Infinity }), { ended: 0, released: 0 }, 'longer brings nothing back')
  advance(hour)
  t.match(await lines.find('shop', young.id), { state: 'expired' })
  advance(15)
  await lines.sweep()
  t.same((await lines.numbers('demo')).reduce((sum, { live }) => sum + live, 0), 1, 'the counts follow')
})

t.test('G9 a shorter quarantine frees what was in it, and no delivery before its time', async (t) => {
  const { lines, wanted, advance, now } = await freshLines(t, store, { numbers: ['+442079460000'] })
  const over = await lines.allocate(wanted(courier, customer, { expiresAt: now() + hour * 1000 }))
  advance(3 * hour)
  await t.rejects(lines.allocate(wanted(courier, customer)), { code: 'pool_exhausted' })
  t.same(await lines.shorten('shop', 'demo', { lifeSeconds: Infinity, quarantineSeconds: 2 * hour }), { ended: 0, released: 1 })
  await t.rejects(lines.find('shop', over.id), { code: 'delivery_not_found' })
  const next = await lines.allocate(wanted(courier, customer, { expiresAt: now() + hour * 1000 }))
  t.equal(next.number, over.number, 'the number is free for them again')
  t.same(await lines.shorten('shop', 'demo', { lifeSeconds: Infinity, quarantineSeconds: 60 }), { ended: 0, released: 1 })
  t.match(await lines.find('shop', next.id), { state: 'live', quarantineUntil: next.expiresAt + 60_000 })
  advance(hour + 59)
  t.match(await lines.find('shop', next.id), { state: 'expired' })
  advance(20)
  await lines.sweep()
  t.same(await store.call('GET', `d:{demo}:${next.id.split('-')[1]}`), null, 'nothing of it stays')
  t.same((await lines.numbers('demo'))[0], { ...(await lines.numbers('demo'))[0], live: 0, held: 0 })
})

t.test('it asks before every batch, and can be broken off', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  await lines.allocate(wanted(courier, customer))
  let asked = 0
  await t.rejects(lines.shorten('shop', 'demo', { lifeSeconds: 1, quarantineSeconds: 1, beforeBatch: async () => { asked++; throw new Error('stop') } }))
  t.equal(asked, 1)
  await t.rejects(lines.shorten('shop', 'nowhere', { lifeSeconds: 1, quarantineSeconds: 1 }), { code: 'number_not_found' })
})
