import t from 'tap'
import { patience } from '../../src/line/redeem.js'
import type { AllocatedDelivery, CodeAnswer, CodeEntry, Lines } from '../../src/line/types.js'
import { freshLines, person, proxy, quarantineSeconds } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const courier = person(0)
const customer = person(1)
const other = person(2)
const minute = 60

let calls = 0
function enter(lines: Lines, { number, accessCode }: AllocatedDelivery, more: Partial<CodeEntry> = {}): Promise<CodeAnswer> {
  return lines.redeem({ number, code: accessCode, caller: other, party: 'courier', callId: `call-${calls++}`, ...more })
}
/** Another code of the same length. */
const wrongCode = (code: string): string => code.replace(/^./, (digit) => String((Number(digit) + 1) % 10))

t.test('the right code lets a phone in, for this call and from then on', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const delivery = await lines.allocate(wanted(courier, customer))
  const common = { kind: 'connect', deliveryId: delivery.id, shopId: 'shop', reference: delivery.reference, phones: { courier, customer } }
  t.equal((await lines.lookup(delivery.number, other, 'c0')).kind, 'unknown')
  t.same(await enter(lines, delivery, { callId: 'c1' }), { ...common, caller: 'courier', callee: customer, enrolled: true })
  t.equal((await lines.lookup(delivery.number, customer, 'c2')).kind, 'connect')
  t.match(await enter(lines, delivery), { kind: 'limited', limit: 'concurrent' }, 'the call was counted in')
  await lines.release(delivery.id, 'c1')
  t.same(await lines.lookup(delivery.number, other, 'c3'), { ...common, caller: 'courier', callee: customer })
  await lines.release(delivery.id, 'c2')
  t.same(await enter(lines, delivery, { caller: person(3), party: 'customer' }), { ...common, caller: 'customer', callee: courier, enrolled: true })
})

t.test('a withheld number is let in for one call', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const delivery = await lines.allocate(wanted(courier, customer))
  t.match(await enter(lines, delivery, { caller: undefined, party: 'customer' }), { kind: 'connect', callee: courier, enrolled: false })
})

t.test('a phone that has the number elsewhere is let in for this call and stays where it is', async (t) => {
  const { lines, wanted } = await freshLines(t, store, { numbers: ['+442079460000'], line: { maxPhonesPerParty: 1 } })
  const delivery = await lines.allocate(wanted(courier, customer))
  const elsewhere = await lines.allocate(wanted(other, person(3)))
  t.match(await enter(lines, delivery), { kind: 'connect', callee: customer, enrolled: false })
  t.match(await lines.lookup(delivery.number, other, 'c1'), { deliveryId: elsewhere.id, callee: person(3) })
  t.match(await enter(lines, delivery, { caller: person(5) }), { kind: 'connect', enrolled: false }, 'the party has phones enough')
  t.equal((await lines.lookup(delivery.number, person(5), 'c2')).kind, 'unknown')
})

t.test('a right code for what is over, or not this way, says so', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store)
  const oneWay = await lines.allocate(wanted(courier, customer, { direction: 'customer' }))
  t.match(await enter(lines, oneWay), { kind: 'wrong_direction' })
  await lines.close('shop', oneWay.id)
  t.match(await enter(lines, oneWay), { kind: 'over', deliveryId: oneWay.id })
  advance(quarantineSeconds)
  t.match(await enter(lines, oneWay), { kind: 'wrong' }, 'later it is as if it had never been')
})

t.test('a code counts on its own number only', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const delivery = await lines.allocate(wanted(courier, customer))
  const elsewhere = await lines.allocate(wanted(courier, person(3)))
  t.not(delivery.number, elsewhere.number)
  t.match(await enter(lines, delivery, { number: elsewhere.number }), { kind: 'wrong' })
  for (const [at, number] of [proxy(19), '+46701740690', ''].entries()) t.match(await enter(lines, delivery, { number, caller: person(30 + at) }), { kind: 'wrong' })
  for (const [at, code] of ['', '0', delivery.accessCode.slice(0, -1), `${delivery.accessCode}0`, '９９９９９', '*'.repeat(500)].entries()) {
    t.match(await enter(lines, delivery, { code, caller: person(10 + at) }), { kind: 'wrong' }, code.slice(0, 20))
  }
})

t.test('after three wrong codes a caller waits, and each further one doubles the wait', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store)
  const delivery = await lines.allocate(wanted(courier, customer))
  const code = wrongCode(delivery.accessCode)
  const left: unknown[] = []
  for (let at = 0; at < 3; at++) left.push(await enter(lines, delivery, { code }))
  t.same(left, [{ kind: 'wrong', left: 2 }, { kind: 'wrong', left: 1 }, { kind: 'wrong', left: 0 }])
  t.same(await enter(lines, delivery), { kind: 'blocked', retryAfter: 10 * minute }, 'not even with the right one')
  t.match(await enter(lines, delivery, { caller: person(3) }), { kind: 'connect' }, 'others go on')
  advance(10 * minute - 1)
  t.match(await enter(lines, delivery), { kind: 'blocked', retryAfter: 1 })
  advance(1)
  t.match(await enter(lines, delivery, { code }), { kind: 'wrong', left: 0 })
  t.match(await enter(lines, delivery), { kind: 'blocked', retryAfter: 20 * minute })
  advance(20 * minute)
  t.match(await enter(lines, delivery, { code }), { kind: 'wrong', left: 0 })
  t.match(await enter(lines, delivery), { kind: 'blocked', retryAfter: 40 * minute })
  advance(86_400)
  t.same(await enter(lines, delivery, { code }), { kind: 'wrong', left: 1 }, 'time forgives, slowly')
})

t.test('wrong codes on a number are limited whoever enters them', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store, { numbers: ['+442079460000-+442079460001'] })
  const delivery = await lines.allocate(wanted(courier, customer))
  const elsewhere = await lines.allocate(wanted(courier, person(3)))
  const code = wrongCode(delivery.accessCode)
  for (let at = 0; at < patience.number[0]; at++) t.match(await enter(lines, delivery, { code, caller: person(10 + at) }), { kind: 'wrong' })
  t.match(await enter(lines, delivery), { kind: 'blocked', retryAfter: 10 })
  t.match(await enter(lines, delivery, { caller: undefined }), { kind: 'blocked' })
  t.match(await enter(lines, elsewhere, { party: 'customer' }), { kind: 'connect' }, 'on another number codes are taken')
  advance(10)
  t.match(await enter(lines, delivery, { party: 'customer' }), { kind: 'connect' })
})

t.test('withheld callers do not lock each other out, but the number still does', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  const delivery = await lines.allocate(wanted(courier, customer))
  const code = wrongCode(delivery.accessCode)
  for (let at = 0; at < 10; at++) t.match(await enter(lines, delivery, { code, caller: undefined }), { kind: 'wrong' })
  t.match(await enter(lines, delivery, { caller: undefined }), { kind: 'connect' })
})

t.test('wrong codes in a pool are limited too', async (t) => {
  const { lines, wanted } = await freshLines(t, store, { numbers: ['+442079460000-+442079460019', '+46701740680-+46701740699'] })
  const delivery = await lines.allocate(wanted(courier, customer))
  let wrong = 0
  // As if many people tried every number a little, but the one of the delivery.
  for (let at = 0; at < patience.pool[0]; at++) {
    const number = `x${Math.floor(at / 10)}`
    if ((await lines.redeem({ number, caller: undefined, code: 'x', party: 'courier', callId: `w${at}` })).kind === 'wrong') wrong++
  }
  t.equal(wrong, patience.pool[0])
  t.match(await enter(lines, delivery), { kind: 'blocked', retryAfter: 1 })
})
