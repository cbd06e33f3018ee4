import t from 'tap'
import type { Lines } from '../../src/line/types.js'
import type { E164 } from '../../src/phone/types.js'
import { freshLines, person, quarantineSeconds } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const courier = person(0)
const customer = person(1)
const second = person(2)

let calls = 0
/** Whom a caller reaches: a phone, or the kind of answer. */
async function reaches(lines: Lines, number: string, caller: E164): Promise<string> {
  const callId = `call-${calls++}`
  const found = await lines.lookup(number, caller, callId)
  if (found.kind !== 'connect') return found.kind
  await lines.release(found.deliveryId, callId)
  return found.callee
}

t.test('a party may call from several phones; the other reaches the first', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const { id, number } = await lines.allocate(wanted(courier, customer))
  t.equal(await reaches(lines, number, second), 'unknown')
  t.match(await lines.addPhone('shop', id, 'courier', second), { id, state: 'live' })
  t.equal(await reaches(lines, number, second), customer)
  t.equal(await reaches(lines, number, courier), customer)
  t.equal(await reaches(lines, number, customer), courier)
  for (const phone of [second, courier, customer]) {
    await t.rejects(lines.addPhone('shop', id, 'courier', phone), { code: 'phone_in_delivery', field: 'phone' })
    await t.rejects(lines.addPhone('shop', id, 'customer', phone), { code: 'phone_in_delivery', field: 'phone' })
  }
  await lines.addPhone('shop', id, 'courier', person(3))
  await lines.addPhone('shop', id, 'courier', person(4))
  await t.rejects(lines.addPhone('shop', id, 'courier', person(5)), { code: 'phones_too_many', field: 'phone' })
  await lines.addPhone('shop', id, 'customer', person(5))
  t.equal(await reaches(lines, number, person(5)), courier)
})

t.test('a party whose phone changes keeps its line, and the old phone is nobody', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store, { numbers: ['+442079460000'] })
  const { id, number } = await lines.allocate(wanted(courier, customer))
  await lines.change('shop', id, { courier: second })
  t.equal(await reaches(lines, number, second), customer)
  t.equal(await reaches(lines, number, customer), second)
  t.equal(await reaches(lines, number, courier), 'unknown')
  await t.rejects(lines.allocate(wanted(courier, person(3))), { code: 'pool_exhausted' }, 'the old phone keeps the number in quarantine')
  await lines.change('shop', id, { courier: second, customer })
  await lines.change('shop', id, { courier })
  t.equal(await reaches(lines, number, courier), customer, 'and may come back')
  t.equal(await reaches(lines, number, second), 'unknown')
  await t.rejects(lines.change('shop', id, { courier: customer }), { code: 'phone_in_delivery', field: 'courier.phone' })
  await t.rejects(lines.change('shop', id, { customer: courier }), { code: 'phone_in_delivery', field: 'customer.phone' })
  await lines.close('shop', id)
  advance(quarantineSeconds)
  await lines.allocate(wanted(second, person(3)))
  await lines.allocate(wanted(courier, person(4)))
})

t.test('the first phone changes, further ones stay', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const { id, number } = await lines.allocate(wanted(courier, customer))
  await lines.addPhone('shop', id, 'customer', second)
  await lines.change('shop', id, { customer: person(3), direction: 'both' })
  t.equal(await reaches(lines, number, courier), person(3))
  t.equal(await reaches(lines, number, second), courier)
  await t.rejects(lines.change('shop', id, { customer: second }), { code: 'phone_in_delivery' })
})

t.test('a phone that has the number elsewhere, live or in quarantine, does not come in', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store, { numbers: ['+442079460000'] })
  const one = await lines.allocate(wanted(courier, customer))
  const two = await lines.allocate(wanted(second, person(3)))
  for (const state of ['live', 'quarantine']) {
    await t.rejects(lines.addPhone('shop', two.id, 'courier', courier), { code: 'phone_in_use', field: 'phone' }, state)
    await t.rejects(lines.change('shop', two.id, { customer }), { code: 'phone_in_use', field: 'customer.phone' }, state)
    t.equal(await reaches(lines, two.number, second), person(3))
    if (state === 'live') await lines.close('shop', one.id)
  }
  await lines.change('shop', two.id, { expiresAt: two.createdAt + 200_000_000 })
  advance(quarantineSeconds)
  await lines.addPhone('shop', two.id, 'courier', courier)
  t.equal(await reaches(lines, two.number, courier), person(3), 'free to the second, unswept')
})

t.test('a change is made whole or not at all', async (t) => {
  const { lines, wanted, now } = await freshLines(t, store, { numbers: ['+442079460000'] })
  await lines.allocate(wanted(person(8), person(9)))
  const { id, number, expiresAt } = await lines.allocate(wanted(courier, customer))
  await t.rejects(lines.change('shop', id, { courier: second, customer: person(9), direction: 'courier', expiresAt: now() + 1000 }), { code: 'phone_in_use', field: 'customer.phone' })
  await t.rejects(lines.change('shop', id, { courier: second, expiresAt: now() - 1 }), { code: 'expiry_invalid' })
  t.match(await lines.find('shop', id), { direction: 'both', expiresAt })
  t.equal(await reaches(lines, number, second), 'unknown')
  t.equal(await reaches(lines, number, customer), courier)
  await lines.allocate(wanted(second, person(3)))
})

t.test('changes at the same time do not lose each other', async (t) => {
  const { lines, wanted } = await freshLines(t, store, { line: { maxPhonesPerParty: 16 } })
  const { id, number } = await lines.allocate(wanted(courier, customer))
  await Promise.all([2, 3, 4].map((at) => lines.addPhone('shop', id, 'courier', person(at))))
  for (const at of [2, 3, 4]) t.equal(await reaches(lines, number, person(at)), customer)
  const twice = await Promise.allSettled([lines.addPhone('shop', id, 'courier', person(7)), lines.addPhone('shop', id, 'customer', person(7))])
  t.same(twice.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  await Promise.all([lines.change('shop', id, { courier: person(10) }), lines.addPhone('shop', id, 'courier', person(11)), lines.change('shop', id, { customer: person(12) })])
  t.equal(await reaches(lines, number, person(12)), person(10), 'what is sealed and what is looked up agree')
  t.equal(await reaches(lines, number, person(10)), person(12))
})

t.test('phones that left have a bound', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const { id } = await lines.allocate(wanted(courier, customer))
  for (let at = 10; at < 26; at++) await lines.change('shop', id, { courier: person(at) })
  await t.rejects(lines.change('shop', id, { courier: person(26) }), { code: 'phones_too_many', field: 'courier.phone' })
})
