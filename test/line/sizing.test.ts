import t from 'tap'
import { plan, play, sizePool, type Fleet } from '../../src/line/sizing.js'
import { freshLines, person, proxy } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const fleets: Readonly<Record<string, Fleet>> = {
  'a town': { couriers: 50, perHour: 3, shiftHours: 8, customers: 5000, liveMinutes: 45, quarantineHours: 24, days: 3 },
  'a town with few customers': { couriers: 50, perHour: 3, shiftHours: 8, customers: 500, liveMinutes: 45, quarantineHours: 24, days: 4 },
  'a city': { couriers: 500, perHour: 2.5, shiftHours: 10, customers: 50_000, liveMinutes: 40, quarantineHours: 24, days: 2 },
  'short quarantine': { couriers: 300, perHour: 4, shiftHours: 10, customers: 30_000, liveMinutes: 45, quarantineHours: 4, days: 2 }
}

t.test('a pool needs hardly more numbers than the busiest person has lines', async (t) => {
  for (const [name, fleet] of Object.entries(fleets)) {
    for (const seed of [1, 2]) {
      const { numbers, play } = sizePool(fleet, seed)
      t.equal(play.refused, 0)
      t.ok(numbers <= 1.1 * play.mostOfOnePerson, `${name}: ${numbers} numbers for ${play.mostOfOnePerson} lines of one person, ${play.lines} lines in all`)
      t.equal(play.peaks.reduce((sum, count) => sum + count, 0), fleet.couriers)
    }
  }
})

t.test('with fewer numbers than the busiest person needs somebody is refused', async (t) => {
  const fleet = fleets['a town']!
  const { numbers, play: enough } = sizePool(fleet)
  t.ok(play(fleet, enough.mostOfOnePerson - 1).refused > 0)
  t.equal(play(fleet, numbers * 2).refused, 0)
  t.same(play(fleet, numbers), play(fleet, numbers), 'the same days each time')
})

t.test('a dispatcher who bounds the deliveries at once bounds the lines', async (t) => {
  const fleet = { ...fleets['a city']!, quarantineHours: 0, atOnce: 3 }
  t.ok(sizePool(fleet).play.mostLive <= 3 + 1)
})

t.test('the real thing agrees: the same days, line by line', async (t) => {
  const store = await testStore(t, await testRedis(t))
  const fleet: Fleet = { couriers: 8, perHour: 1.5, shiftHours: 8, customers: 80, liveMinutes: 45, quarantineHours: 8, days: 3 }
  const { play: { mostOfOnePerson } } = sizePool(fleet)
  // With one number too few a single wish is refused, and that one hangs on milliseconds.
  for (const size of [Math.ceil(1.1 * mostOfOnePerson), mostOfOnePerson - 3]) {
    const { lines, wanted, now, advance } = await freshLines(t, store, { numbers: [`${proxy(0)}-${proxy(size - 1)}`] })
    const start = now()
    let refused = 0
    for (const { at, courier, customer, live } of plan(fleet, 1)) {
      advance((start + Math.round(at * 60_000) - now()) / 1000)
      const expiresAt = start + Math.round(live * 60_000)
      await lines.allocate(wanted(person(courier), person(10 + customer), { expiresAt, quarantineSeconds: fleet.quarantineHours * 3600 })).catch((error: unknown) => {
        t.match(error, { code: 'pool_exhausted' })
        refused++
      })
    }
    t.equal(refused > 0, size < mostOfOnePerson, `${size} numbers: ${refused} refused`)
  }
})
