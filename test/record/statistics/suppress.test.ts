import t from 'tap'
import fc from 'fast-check'
import { outcomes } from '../../../src/record/outcome.js'
import { hiddenCells, smallest, tellable } from '../../../src/record/statistics/suppress.js'
import type { Counters } from '../../../src/record/statistics/types.js'

const hidden = (cells: Record<string, number>): string[] => [...hiddenCells(cells)].sort()

t.test('G22 a small cell is hidden, and never alone', (t) => {
  t.same(hidden({ a: 50, b: 20 }), [])
  t.same(hidden({ a: 50, b: 3 }), ['a', 'b'], 'the total less the other would tell it')
  t.same(hidden({ a: 50, b: 20, c: 3 }), ['b', 'c'], 'the next smallest goes with it')
  t.same(hidden({ a: 50, b: 20, c: 3, d: 4 }), ['b', 'c', 'd'], 'two that are small together are still small')
  t.same(hidden({ a: 50, b: 20, c: 6, d: 4 }), ['c', 'd'])
  t.same(hidden({ a: 50, b: 9, c: 0 }), ['a', 'b'], 'nobody is in a cell of none')
  t.end()
})

t.test('G22 nothing hidden can be computed from the total and what is told', (t) => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 8 }), (counts) => {
    const cells = Object.fromEntries(counts.map((count, at) => [`c${at}`, count]))
    const total = counts.reduce((sum, count) => sum + count, 0)
    fc.pre(total >= smallest)
    const gone = hiddenCells(cells)
    for (const [name, count] of Object.entries(cells)) if (!gone.has(name) && count > 0 && count < smallest) throw new Error(name)
    const rest = [...gone].reduce((sum, name) => sum + cells[name]!, 0)
    if (gone.size > 0 && (gone.size < 2 || rest < smallest)) throw new Error(`${JSON.stringify(cells)} tells ${rest}`)
  }))
  t.end()
})

/** Counters that hang together: attempts of one delivery after the other. */
const day: fc.Arbitrary<Counters> = fc.record({
  reached: fc.integer({ min: 0, max: 60 }), missed: fc.integer({ min: 0, max: 30 }), busy: fc.integer({ min: 0, max: 15 }), declined: fc.integer({ min: 0, max: 15 }), failed: fc.integer({ min: 0, max: 15 }),
  split: fc.integer({ min: 0, max: 15 }), again: fc.integer({ min: 0, max: 20 }), none: fc.integer({ min: 0, max: 12 })
}).map(({ split, again, none, ...cells }) => {
  const calls = Object.values(cells).reduce((sum, count) => sum + count, 0)
  const attempts = Math.max(0, calls - none)
  const twice = Math.min(again, Math.floor(attempts / 2))
  const first = Math.min(cells.reached, attempts - twice)
  return {
    calls,
    outcomes: cells,
    reasons: {
      reached: { caller_hung_up: cells.reached }, missed: { no_answer: Math.max(0, cells.missed - split), not_accepted: Math.min(split, cells.missed) },
      busy: { busy: cells.busy }, declined: { declined: cells.declined }, failed: { unreachable: Math.max(0, cells.failed - split), delivery_over: Math.min(split, cells.failed) }
    },
    ringMs: cells.reached * 4000,
    talkMs: cells.reached * 60_000,
    tried: [attempts - 2 * twice, twice, 0, 0, 0],
    reachedOn: [Math.max(0, first - again), Math.min(first, again), 0, 0, 0]
  }
})

t.test('G22 a day tells no small count, in no table, by no subtraction', (t) => {
  fc.assert(fc.property(day, (counters) => {
    const told = tellable('20261121', counters)
    const small = (count: number | undefined): boolean => count !== undefined && count > 0 && count < smallest
    const known = [told.calls, ...Object.values(told.outcomes), ...Object.values(told.reasons), ...told.tried ?? [], ...told.reachedOn ?? []]
    if (known.some(small)) throw new Error(JSON.stringify(told))
    // What is left of a total when all that is told of its parts is taken away.
    const restOf = (total: number | undefined, parts: readonly number[]): number => total === undefined ? 0 : parts.reduce((sum, part) => sum - part, total)
    if (small(restOf(told.calls, Object.values(told.outcomes)))) throw new Error(`outcomes: ${JSON.stringify(told)}`)
    for (const outcome of outcomes) {
      const of = Object.keys(counters.reasons[outcome]).flatMap((reason) => told.reasons[reason] ?? [])
      if (small(restOf(told.outcomes[outcome], of))) throw new Error(`${outcome}: ${JSON.stringify(told)}`)
    }
    if (told.tried && small(restOf(told.calls, told.tried.map((count, at) => count * (at + 1))))) throw new Error(`tried: ${JSON.stringify(told)}`)
    if (told.reachedOn && small(restOf(told.outcomes.reached, told.reachedOn))) throw new Error(`reached: ${JSON.stringify(told)}`)
    if (told.outcomes.reached === undefined && told.reachedOn) throw new Error('who was reached bounds how many calls reached')
    if (told.averageTalkMs !== undefined && told.outcomes.reached === undefined) throw new Error('the average of a hidden count')
    const complete = Object.keys(told.outcomes).length === outcomes.length && told.tried !== undefined && told.reachedOn !== undefined && told.calls !== undefined &&
      Object.keys(told.reasons).length === Object.values(counters.reasons).flatMap(Object.keys).length
    if (complete === told.suppressed) throw new Error(`suppressed: ${JSON.stringify(told)}`)
  }), { numRuns: 2000 })
  t.end()
})

t.test('a quiet day tells that it was quiet', (t) => {
  const counters = fc.sample(day, 1)[0]!
  t.same(tellable('20261121', { ...counters, calls: 9 }), { day: '20261121', outcomes: {}, reasons: {}, suppressed: true })
  t.same(tellable('20261121', { ...counters, calls: 0 }), { day: '20261121', calls: 0, outcomes: { reached: 0, missed: 0, busy: 0, declined: 0, failed: 0 }, reasons: {}, suppressed: false })
  t.end()
})
