import t from 'tap'
import { expandRange } from '../../src/line/numbers.js'
import type { Lines } from '../../src/line/types.js'
import { freshLines, linesOn, person, proxy, quarantineSeconds } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const two = { numbers: ['+442079460000-+442079460001'] }
const states = async (lines: Lines): Promise<string[]> => (await lines.numbers('demo')).map(({ number, state, live, held }) => `${number.slice(-2)} ${state} ${live} ${held}`)

t.test('a drained number takes no new deliveries and keeps those it has', async (t) => {
  const { lines, wanted, advance } = await freshLines(t, store, two)
  const on = await lines.allocate(wanted(person(0), person(1)))
  t.equal(on.number, proxy(0))
  await lines.drainNumber('demo', proxy(0))
  await lines.drainNumber('demo', proxy(0))
  t.same(await states(lines), ['00 draining 1 1', '01 in_service 0 0'])
  t.equal((await lines.lookup(on.number, person(0), 'c1')).kind, 'connect')
  t.equal(lines.isProxyNumber(proxy(0)), true)
  for (let at = 10; at < 20; at += 2) t.equal((await lines.allocate(wanted(person(at), person(at + 1)))).number, proxy(1))
  await t.rejects(lines.allocate(wanted(person(0), person(11))), { code: 'pool_exhausted', reason: 'busy' })
  await t.rejects(lines.retireNumber('demo', proxy(0)), { code: 'number_in_use', field: 'number' })
  await lines.close('shop', on.id)
  t.same((await states(lines))[0], '00 draining 0 1')
  await t.rejects(lines.retireNumber('demo', proxy(0)), { code: 'number_in_use' }, 'its people are in quarantine')
  advance(quarantineSeconds + 15)
  await lines.sweep()
  await lines.retireNumber('demo', proxy(0))
  await lines.retireNumber('demo', proxy(0))
  t.same((await states(lines))[0], '00 retired 0 0')
  t.equal(lines.isProxyNumber(proxy(0)), false)
  await t.rejects(lines.drainNumber('demo', proxy(0)).then(() => lines.allocate(wanted(person(10), person(13)))), { code: 'pool_exhausted' }, 'draining does not bring it back')
})

t.test('numbers come back into service with what is live on them', async (t) => {
  const { lines, wanted } = await freshLines(t, store, two)
  await lines.allocate(wanted(person(0), person(1)))
  await lines.drainNumber('demo', proxy(0))
  await lines.addNumbers('demo', [proxy(0)])
  t.same(await states(lines), ['00 in_service 1 1', '01 in_service 0 0'])
  await lines.retireNumber('demo', proxy(1))
  await lines.addNumbers('demo', [proxy(1), proxy(0)])
  t.same(await states(lines), ['00 in_service 1 1', '01 in_service 0 0'])
  t.equal((await lines.allocate(wanted(person(0), person(2)))).number, proxy(1))
})

t.test('a pool whose numbers are all drained says so', async (t) => {
  const { lines, wanted } = await freshLines(t, store, two)
  await lines.prepare()
  for (const at of [0, 1]) await lines.drainNumber('demo', proxy(at))
  await t.rejects(lines.allocate(wanted(person(0), person(1))), { code: 'pool_drained' })
})

t.test('new numbers serve at once, in other processes as soon as they hear of it, and after a restart', async (t) => {
  const { lines, wanted, now } = await freshLines(t, store, two)
  const other = linesOn(t, store, two)
  await lines.prepare()
  await other.lines.prepare()
  await lines.addNumbers('demo', ['+46701740690', proxy(5)])
  t.equal(lines.isProxyNumber('+46701740690'), true)
  const swedish = await lines.allocate(wanted(person(0), person(1)))
  t.equal(swedish.number, '+46701740690', 'in the country of the customer')
  await other.lines.sweep()
  t.equal(other.lines.isProxyNumber(proxy(5)), true)
  t.equal((await other.lines.lookup('+46701740690', person(0), 'c1')).kind, 'connect')
  await t.rejects(lines.allocate(wanted(person(3), '+46701740690' as never)), { code: 'phone_is_proxy' })
  await lines.retireNumber('demo', proxy(5))
  await lines.retireNumber('demo', proxy(0))
  await other.lines.sweep()
  t.equal(other.lines.isProxyNumber(proxy(5)), false)
  const restarted = linesOn(t, store, two, { now: now() })
  await restarted.lines.prepare()
  t.same(await states(restarted.lines), ['00 retired 0 0', '01 in_service 0 0', '05 retired 0 0', '90 in_service 1 1'])
  t.same([proxy(0), proxy(1), proxy(5), '+46701740690'].map((number) => restarted.lines.isProxyNumber(number)), [false, true, false, true])
})

t.test('what cannot be is refused', async (t) => {
  const pools = [{ id: 'demo', numbers: [proxy(0)] }, { id: 'other', numbers: [proxy(1)] }]
  const { lines } = await freshLines(t, store, { pools })
  for (const number of [proxy(1), '442079460002', '+44 20', '', '+0442079460002']) await t.rejects(lines.addNumbers('demo', [proxy(2), number]), { code: 'request_invalid', field: 'number' })
  t.equal(lines.isProxyNumber(proxy(2)), false, 'nothing was added')
  for (const pool of ['nosuch', '']) {
    await t.rejects(lines.addNumbers(pool, [proxy(2)]), { code: 'number_not_found' })
    await t.rejects(lines.numbers(pool), { code: 'number_not_found' })
  }
  for (const number of [proxy(3), proxy(1), 'x']) {
    await t.rejects(lines.drainNumber('demo', number), { code: 'number_not_found', field: 'number' })
    await t.rejects(lines.retireNumber('demo', number), { code: 'number_not_found', field: 'number' })
  }
})

t.test('a range has every number between its ends', async (t) => {
  t.same(expandRange('+442079460018-+442079460019'), [proxy(18), proxy(19)])
  t.same(expandRange(proxy(7)), [proxy(7)])
})

t.test('allocating while numbers are drained never uses a drained one afterwards', async (t) => {
  const { lines, wanted } = await freshLines(t, store)
  await lines.prepare()
  const works: Promise<unknown>[] = []
  for (let at = 0; at < 40; at++) {
    works.push(lines.allocate(wanted(person(at), person(at + 40))))
    if (at % 4 === 0) works.push(lines.drainNumber('demo', proxy(at / 4)))
  }
  await Promise.allSettled(works)
  for (let at = 0; at < 20; at++) {
    const { number } = await lines.allocate(wanted(person(at), person(at + 60)))
    t.ok(Number(number.slice(-2)) >= 10, number)
  }
  const loads = await lines.numbers('demo')
  t.equal(loads.reduce((sum, { live }) => sum + live, 0), loads.reduce((sum, { held }) => sum + held, 0))
})
