import t from 'tap'
import { createForecast } from '../../src/telemetry/forecast.js'

const minute = 60_000

t.test('a pool that grows by ten an hour with twenty left is full in two hours', async (t) => {
  const forecast = createForecast()
  t.equal(forecast.hoursUntil(50, 20, 0), Infinity, 'one point is no trend')
  t.equal(Math.round(forecast.hoursUntil(50, 30, 60 * minute)), 2)
  t.equal(forecast.hoursUntil(30, 30, 61 * minute), 0)
})

t.test('no growth, no end; what is long ago does not count', async (t) => {
  const forecast = createForecast()
  forecast.hoursUntil(50, 0, 0)
  forecast.hoursUntil(50, 40, 60 * minute)
  t.equal(forecast.hoursUntil(50, 40, 300 * minute), Infinity)
  t.equal(forecast.hoursUntil(50, 30, 360 * minute), Infinity)
})
