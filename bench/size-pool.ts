/**
 * How many numbers does a fleet need? `npm run size-pool -- --couriers 200 --per-hour 3 --quarantine 24`
 * Without options it plays a few usual fleets. Plays days with the rule of allocation and looks for the
 * smallest pool with which nobody is refused; the busiest person's lines are what no pool can do without.
 */
import { parseArgs } from 'node:util'
import { sizePool, type Fleet, type Size } from '../src/line/sizing.js'

const { values } = parseArgs({
  options: {
    couriers: { type: 'string' }, 'per-hour': { type: 'string' }, shift: { type: 'string' }, customers: { type: 'string' },
    live: { type: 'string' }, quarantine: { type: 'string' }, days: { type: 'string' }, 'at-once': { type: 'string' }, seed: { type: 'string' }
  }
})

const usual: Fleet = { couriers: 200, perHour: 3, shiftHours: 8, customers: 20_000, liveMinutes: 45, quarantineHours: 24, days: 3 }
const several: readonly Fleet[] = [
  usual,
  { ...usual, customers: 1000 },
  { ...usual, quarantineHours: 4 },
  { ...usual, quarantineHours: 0 },
  { ...usual, couriers: 2000, customers: 200_000 },
  { ...usual, couriers: 2000, customers: 200_000, shiftHours: 12, perHour: 2 }
]

const seed = number('seed', 1, 1, 1e9)
const own = Object.keys(values).some((name) => name !== 'seed')
print(own ? [asked()] : several)

function asked(): Fleet {
  const couriers = number('couriers', usual.couriers, 1, 50_000)
  const atOnce = number('at-once', 0, 0, 1000)
  return {
    couriers,
    perHour: number('per-hour', usual.perHour, 0.01, 60),
    shiftHours: number('shift', usual.shiftHours, 0.1, 24),
    customers: number('customers', couriers * 100, 1, 5_000_000),
    liveMinutes: number('live', usual.liveMinutes, 1, 1440),
    quarantineHours: number('quarantine', usual.quarantineHours, 0, 720),
    days: number('days', usual.days, 1, 60),
    ...(atOnce === 0 ? {} : { atOnce })
  }
}

function number(name: keyof typeof values, byDefault: number, low: number, high: number): number {
  const value = Number(values[name] ?? byDefault)
  if (value >= low && value <= high) return value
  process.stderr.write(`--${name} must be a number from ${low} to ${high}.\n`)
  process.exit(1)
}

function print(fleets: readonly Fleet[]): void {
  const head = ['couriers', 'an hour', 'shift h', 'customers', 'live min', 'quarantine h', 'lines', 'busiest', 'live', 'NUMBERS', 'ratio']
  line(head)
  let last: Size | undefined
  for (const fleet of fleets) {
    last = sizePool(fleet, seed)
    const { numbers, play } = last
    line([fleet.couriers, fleet.perHour, fleet.shiftHours, fleet.customers, fleet.liveMinutes, fleet.quarantineHours, play.lines, play.mostOfOnePerson, play.mostLive, numbers, (numbers / play.mostOfOnePerson).toFixed(2)])
  }
  process.stdout.write('\nbusiest: most lines, live and in quarantine, of one person at the same time; live: of these live.\n')
  if (last !== undefined && fleets.length === 1) chart(last)
}

function line(cells: readonly (string | number)[]): void {
  process.stdout.write(`${cells.map((cell) => String(cell).padStart(14)).join('')}\n`)
}

/** Couriers by the most lines that they had at the same time. */
function chart({ numbers, play: { peaks } }: Size): void {
  const step = Math.max(1, Math.ceil(peaks.length / 20))
  const rows = Array.from({ length: Math.ceil(peaks.length / step) }, (_, row) => peaks.slice(row * step, (row + 1) * step).reduce((sum, count) => sum + count, 0))
  const widest = Math.max(...rows)
  process.stdout.write('\nlines at once   couriers\n')
  for (const [row, count] of rows.entries()) {
    if (count === 0) continue
    const range = step === 1 ? String(row) : `${row * step}-${(row + 1) * step - 1}`
    process.stdout.write(`${range.padStart(13)}   ${'█'.repeat(Math.max(1, Math.round(count / widest * 50)))} ${count}\n`)
  }
  process.stdout.write(`\nNumbers needed: ${numbers}\n`)
}
