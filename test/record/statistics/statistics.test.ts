import t from 'tap'
import { bench, callStart, dayMs, ends, everything, noon, wholeCall } from '../support.js'

const { store, shelf, journal, statistics, statisticsShelf, clock } = await bench(t, ['one'])
const writer = journal()
const window = { from: noon, to: noon + 1 }

t.test('a day counts outcomes, reasons, times, attempts and when people were reached', async (t) => {
  const shopId = 'counts'
  const many = async (count: number, delivery: (at: number) => string, end: Parameters<typeof wholeCall>[2], over = {}): Promise<void> => {
    for (let at = 0; at < count; at++) await wholeCall(writer, { shopId, deliveryId: delivery(at), ...over }, end)
  }
  const eachOwn = (kind: string) => (at: number): string => `demo-${kind}-${at}`
  await many(12, eachOwn('at-once'), (start) => ends.talked(start, 4000, 60_000))
  await many(11, eachOwn('later'), (start) => ends.without(start, 'no_answer'))
  await many(11, eachOwn('later'), (start) => ends.talked(start, 8000, 20_000))
  await many(10, eachOwn('busy'), (start) => ends.without(start, 'busy'))
  await many(10, eachOwn('over'), (start) => ends.without(start, 'delivery_over'), { callee: undefined })
  await many(10, eachOwn('far'), (start) => ends.without(start, 'unreachable'))
  t.same(await statistics.days(shopId, window), [{
    day: '20261121',
    calls: 64,
    outcomes: { reached: 23, missed: 11, busy: 10, declined: 0, failed: 20 },
    reasons: { caller_hung_up: 23, no_answer: 11, busy: 10, delivery_over: 10, unreachable: 10 },
    averageRingMs: Math.round((12 * 4000 + 11 * 8000) / 23),
    averageTalkMs: Math.round((12 * 60_000 + 11 * 20_000) / 23),
    tried: [32, 11, 0, 0, 0],
    reachedOn: [12, 11, 0, 0, 0],
    suppressed: false
  }])
})

t.test('attempts are counted up to five and more; who talks again is not reached anew', async (t) => {
  const shopId = 'attempts'
  for (let delivery = 0; delivery < 10; delivery++) {
    const over = { shopId, deliveryId: `demo-${delivery}` }
    for (let attempt = 1; attempt <= 6; attempt++) {
      const start = callStart(over)
      await writer.open(start)
      t.same(await writer.finish(start, attempt === 6 ? ends.talked(start) : ends.without(start)), { attempt, firstReached: attempt === 6 })
    }
    const again = callStart(over)
    await writer.open(again)
    t.same(await writer.finish(again, ends.talked(again)), { attempt: 7, firstReached: false })
  }
  t.match(await statistics.days(shopId, window), [{ tried: [0, 0, 0, 0, 10], reachedOn: [0, 0, 0, 0, 10], outcomes: { reached: 20, missed: 50 } }])
})

t.test('a call counts for the UTC day on which it began, whatever local time says', async (t) => {
  const shopId = 'days'
  const { TZ } = process.env
  process.env.TZ = 'Europe/Tallinn'
  t.teardown(() => {
    if (TZ === undefined) delete process.env.TZ
    else process.env.TZ = TZ
  })
  t.equal(new Date(Date.UTC(2026, 9, 25, 1)).getHours(), 3, 'local time is not UTC here')
  // The last second of a UTC day; in Tallinn it is two hours past midnight, and the clocks change that night.
  const eve = Date.UTC(2026, 9, 24, 23, 59, 59)
  for (let i = 0; i < 10; i++) {
    await wholeCall(writer, { shopId, startedAt: eve, deliveryId: `demo-${i}` })
    await wholeCall(writer, { shopId, startedAt: eve + 1000, deliveryId: `demo-${i}` })
  }
  const days = await statistics.days(shopId, { from: eve, to: eve + 1001 })
  t.match(days, [{ day: '20261024', calls: 10 }, { day: '20261025', calls: 10 }])
  t.same((await statistics.days(shopId, { from: eve, to: eve + 1 })).map(({ day }) => day), ['20261024'])
  t.same(await shelf.days(shopId), ['20261024', '20261025'])
})

t.test('G22 small counts do not outlive the rows', async (t) => {
  const shopId = 'settled'
  for (let i = 0; i < 20; i++) await wholeCall(writer, { shopId, deliveryId: `demo-${i}` }, i < 4 ? (start) => ends.without(start, 'busy') : ends.talked)
  const before = await statistics.days(shopId, window)
  t.match(before, [{ calls: 20, suppressed: true, outcomes: { missed: 0, declined: 0, failed: 0 } }])
  t.notHas(before[0]!.outcomes, { busy: 4 })
  t.equal(await statisticsShelf.settle(shopId), 0, 'not while there are rows')
  await shelf.clear(shopId, '20261121')
  t.equal(await statisticsShelf.settle(shopId), 0, 'not while a call of that day may still end')
  clock.now += 2 * dayMs
  t.equal(await statisticsShelf.settle(shopId), 1)
  t.equal(await statisticsShelf.settle(shopId), 0)
  t.same(await statistics.days(shopId, window), before, 'what may be told stays')
  t.notMatch([...await store.hgetall(`stat:{shop.${shopId}}:20261121`)].join('\n'), /busy/, 'and nothing else')
  clock.now -= 2 * dayMs
})

t.test('days go when their period is over', async (t) => {
  const shopId = 'gone'
  for (const startedAt of [noon, noon + dayMs]) await wholeCall(writer, { shopId, startedAt })
  t.same(await statisticsShelf.days(shopId), ['20261121', '20261122'])
  t.equal(await statisticsShelf.remove(shopId, ['20261121']), 1)
  t.equal(await statisticsShelf.remove(shopId, ['20261121']), 0)
  t.equal(await statisticsShelf.remove(shopId, []), 0)
  t.same(await statisticsShelf.days(shopId), ['20261122'])
  t.same((await statistics.days(shopId, { from: 0, to: noon + 9 * dayMs })).map(({ day }) => day), ['20261122'])
})

t.test('a call of a person that was erased is counted as little as it is kept', async (t) => {
  const shopId = 'erased'
  const start = callStart({ shopId })
  await writer.open(start)
  await shelf.remove(shopId, '20261121', [start.id])
  t.equal(await writer.finish(start, ends.talked(start)), undefined)
  t.notMatch(await everything(store), `stat:{shop.${shopId}}`)
})
