import fc from 'fast-check'
import t from 'tap'
import { formatTime, parseTime } from '../../src/http/time.js'

t.test('what is written is read back', async (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.integer({ min: 0, max: 4e12 }), (time) => parseTime(formatTime(time)) === time)))
})

t.test('any offset names the same moment', async (t) => {
  const offset = fc.record({ sign: fc.constantFrom(1, -1), hours: fc.integer({ min: 0, max: 23 }), minutes: fc.integer({ min: 0, max: 59 }) })
  t.doesNotThrow(() => fc.assert(fc.property(fc.integer({ min: 1e12, max: 3e12 }), offset, (time, { sign, hours, minutes }) => {
    const shifted = formatTime(time + sign * (hours * 60 + minutes) * 60_000)
    const zone = `${sign > 0 ? '+' : '-'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
    return parseTime(shifted.replace('Z', zone)) === time
  })))
})

t.test('any text is a time or none, never an accident', async (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.string(), (text) => {
    const time = parseTime(text)
    return time === undefined || Number.isSafeInteger(time)
  })))
})

t.test('the forms of RFC 3339', async (t) => {
  for (const text of ['2026-01-31T12:00:00Z', '2026-01-31t12:00:00z', '2026-01-31T12:00:00.000Z', '2026-01-31T13:00:00+01:00', '2026-01-31T12:00:00.000000000Z']) {
    t.equal(parseTime(text), Date.UTC(2026, 0, 31, 12), text)
  }
  t.equal(parseTime('2028-02-29T00:00:00Z'), Date.UTC(2028, 1, 29))
  for (const text of [
    '', '2026', '2026-01-31', '2026-01-31T12:00:00', '2026-01-31 12:00:00Z', '2026-01-31T12:00Z', '2026-1-31T12:00:00Z', '31 Jan 2026',
    '2026-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-10T00:00:00Z', '2026-01-00T00:00:00Z',
    '2026-01-31T25:00:00Z', '2026-01-31T12:60:00Z', '2026-01-31T12:00:00+25:00', '2026-01-31T12:00:00Z ', '2026-01-31T12:00:00Z\n', '+002026-01-31T12:00:00Z'
  ]) t.equal(parseTime(text), undefined, `"${text}"`)
})
