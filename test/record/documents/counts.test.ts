import fc from 'fast-check'
import t from 'tap'
import { exact, sumOf, textOf, toldOf, type DayCounts } from '../../../src/record/documents/counts.js'

/** A day whose people are nobody but the parties of its calls. */
const day = fc.integer({ min: 0, max: 60 }).chain((calls) => fc.record<DayCounts>({ calls: fc.constant(calls), people: fc.integer({ min: 0, max: 2 * calls }) }))

t.test('G22, G25: a range holds the count, and no day from 1 to 9 is told', (t) => {
  fc.assert(fc.property(day, ({ calls, people }) => {
    const told = toldOf({ calls, people })
    for (const [count, { from, to }] of [[calls, told.calls], [people, told.people]] as const) {
      if (count < from || count > to) return false
      if (from === to && count > 0 && count < 10) return false
    }
    return true
  }))
  t.strictSame(['calls', 'people'].map((of) => textOf(toldOf({ calls: 3, people: 4 })[of as 'calls'])), ['1 to 9', '0 to 18'])
  t.strictSame(textOf(toldOf({ calls: 12, people: 5 }).people), '1 to 9')
  t.strictSame(textOf(toldOf({ calls: 0, people: 0 }).calls), '0')
  t.end()
})

t.test('G22 days with few calls look alike, whatever was there, and so do the sums of any windows', (t) => {
  fc.assert(fc.property(fc.array(day, { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (others, one, another) => {
    const window = (calls: number): unknown => {
      const told = [...others, { calls, people: 2 * calls }].map(toldOf)
      return [told, sumOf(told.map(({ calls }) => calls)), sumOf(told.map(({ people }) => people))]
    }
    return JSON.stringify(window(one)) === JSON.stringify(window(another))
  }))
  t.end()
})

t.test('whoever may see the calls gets the counts', (t) => {
  t.strictSame(exact({ calls: 3, people: 4 }), { calls: { from: 3, to: 3 }, people: { from: 4, to: 4 } })
  t.strictSame(textOf(sumOf([exact({ calls: 3, people: 4 }).calls, toldOf({ calls: 20, people: 30 }).calls])), '23')
  t.end()
})
