import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { sizePool, type Fleet as Played } from '../../../src/line/sizing.js'

interface Fleet { couriers: number, perHour: number, shiftHours: number, liveMinutes: number, quarantineHours: number }
const folder = fileURLToPath(new URL('../../../src/http/console/web/', import.meta.url))
const { numbersNeeded, perHourWith } = await import(join(folder, 'pages/numbers/forecast.js')) as { numbersNeeded: (fleet: Fleet) => number, perHourWith: (fleet: Fleet, numbers: number) => number }

const fleet: Fleet = { couriers: 20, perHour: 2, shiftHours: 8, liveMinutes: 45, quarantineHours: 24 }

test('the forecast is near what playing the days shows', (t) => {
  for (const change of [{}, { perHour: 4 }, { couriers: 100 }, { quarantineHours: 2 }, { shiftHours: 4, perHour: 3 }]) {
    const wanted = { ...fleet, ...change }
    const days: Played = { ...wanted, customers: 20_000, days: 6 }
    const played = sizePool(days).numbers
    const said = numbersNeeded(wanted)
    t.ok(said >= played * 0.9 && said <= played * 1.3 + 2, `${JSON.stringify(change)}: said ${said}, played ${played}`)
  }
  t.end()
})

test('more of anything never needs fewer numbers', (t) => {
  const more: Partial<Fleet>[] = [{ couriers: 200 }, { perHour: 3 }, { shiftHours: 10 }, { liveMinutes: 90 }, { quarantineHours: 48 }]
  for (const change of more) t.ok(numbersNeeded({ ...fleet, ...change }) >= numbersNeeded(fleet), JSON.stringify(change))
  t.equal(numbersNeeded({ ...fleet, perHour: 0 }), 0)
  t.ok(numbersNeeded({ ...fleet, perHour: 60, shiftHours: 24, quarantineHours: 720 }) > 40_000, 'a month of quarantine does not end the arithmetic')
  t.end()
})

test('the pace that a pool carries needs just that pool', (t) => {
  const pace = perHourWith(fleet, 20)
  t.ok(numbersNeeded({ ...fleet, perHour: pace }) <= 20)
  t.ok(numbersNeeded({ ...fleet, perHour: pace + 0.1 }) > 20)
  t.end()
})
