import t from 'tap'
import type { Lookup } from '../../src/line/types.js'
import { freshLines, person, quarantineSeconds } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const [courier, customer, third] = [person(0), person(1), person(2)]
const kind = async (work: Promise<Lookup>): Promise<string> => (await work).kind

t.test('a phone finds the deliveries that hold it, live and in quarantine, of this shop only', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store)
  const first = await lines.allocate(wanted(courier, customer))
  advance(1)
  const second = await lines.allocate(wanted(third, courier))
  await lines.allocate(wanted(courier, third, { shopId: 'other' }))
  await lines.close('shop', first.id)
  t.match(await lines.ofPerson('shop', courier), [
    { party: 'courier', delivery: { id: first.id, state: 'closed' } },
    { party: 'customer', delivery: { id: second.id, state: 'live' } }
  ])
  t.equal((await lines.ofPerson('shop', courier)).length, 2)
  t.equal((await lines.ofPerson('other', courier)).length, 1)
  t.same(await lines.ofPerson('shop', person(9)), [], 'never seen')
})

t.test('a replaced phone is found, without a role, and so is one that was added', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const { id } = await lines.allocate(wanted(courier, customer))
  await lines.change('shop', id, { courier: third })
  await lines.addPhone('shop', id, 'customer', person(3))
  const [former] = await lines.ofPerson('shop', courier)
  t.equal(former?.delivery.id, id)
  t.notOk(former && 'party' in former)
  t.match(await lines.ofPerson('shop', person(3)), [{ party: 'customer' }])
})

t.test('a phone is found over the turn of an epoch', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store, { line: { maxTtlSeconds: 30 * 86400 } })
  const { id } = await lines.allocate(wanted(courier, customer, { expiresAt: 1_700_000_000_000 + 20 * 86_400_000 }))
  advance(8 * 86400)
  t.match(await lines.ofPerson('shop', courier), [{ delivery: { id } }])
  t.equal(await lines.forget('shop', id, courier), true)
  t.same(await lines.ofPerson('shop', courier), [])
})

t.test('G14 a forgotten phone is nowhere in the store; the delivery is over, and the other party still hears so', async (t) => {
  const { lines, keys, wanted, advance } = await freshLines(t, store)
  const { id, number } = await lines.allocate(wanted(courier, customer))
  const [epoch] = await keys.list({ purpose: 'tag' })
  const tag = (await keys.find(epoch!.scope))!.tag('phone', courier)
  t.ok((await everything()).some((text) => text.includes(tag)))
  t.equal(await lines.forget('shop', id, courier), true)
  t.notOk((await everything()).some((text) => text.includes(tag)), 'no tag of it is left')
  t.match(await lines.find('shop', id), { state: 'closed' })
  t.equal(await kind(lines.lookup(number, courier, 'c1')), 'unknown', 'as a stranger')
  const late = await lines.lookup(number, customer, 'c2')
  t.match(late, { kind: 'over', caller: 'customer', phones: { customer } })
  t.notOk(late.kind !== 'unknown' && 'courier' in late.phones)
  await t.rejects(lines.begin('shop', id, 'courier', 'c3'), { code: 'delivery_ended' })
  await t.rejects(lines.begin('shop', id, 'customer', 'c4'), { code: 'delivery_ended' })
  t.equal(await lines.forget('shop', id, customer), true)
  t.equal(await kind(lines.lookup(number, customer, 'c5')), 'unknown')
  t.same(await lines.ofPerson('shop', customer), [])
  advance(quarantineSeconds + 3700)
  await lines.sweep()
  t.equal((await lines.numbers('demo')).every(({ live, held }) => live === 0 && held === 0), true, 'counts are as before')

  async function everything(): Promise<string[]> {
    const found: string[] = []
    for await (const names of store.scan('*')) {
      for (const name of names) found.push(name, String(await store.call('DUMP', name)))
    }
    return found
  }
})

t.test('the other party keeps the number: nobody else is behind it until the quarantine ends', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store, { numbers: ['+442079460000'] })
  const { id } = await lines.allocate(wanted(courier, customer))
  await lines.forget('shop', id, courier)
  await t.rejects(lines.allocate(wanted(third, customer)), { code: 'pool_exhausted' })
  t.ok(await lines.allocate(wanted(courier, third)), 'who was forgotten is as free as a stranger')
  advance(quarantineSeconds + 1)
  t.ok(await lines.allocate(wanted(person(4), customer)))
})

t.test('a replaced phone is taken out and the delivery goes on', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const { id, number } = await lines.allocate(wanted(courier, customer))
  await lines.change('shop', id, { courier: third })
  t.equal(await lines.forget('shop', id, courier), true)
  t.match(await lines.find('shop', id), { state: 'live' })
  t.match(await lines.lookup(number, third, 'c1'), { kind: 'connect', callee: customer })
  t.same(await lines.ofPerson('shop', courier), [])
})

t.test('nothing to forget: another shop\'s, unknown, or gone', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store)
  const { id } = await lines.allocate(wanted(courier, customer))
  t.equal(await lines.forget('other', id, courier), false)
  t.equal(await lines.forget('shop', 'demo-bcdfghjkmnpqrstvwxyz', courier), false)
  advance(3600 + quarantineSeconds + 1)
  t.equal(await lines.forget('shop', id, courier), false)
})
