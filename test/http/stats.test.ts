import t from 'tap'
import type { CallStart } from '../../src/record/types.js'
import { newId } from '../../src/ids.js'
import { keys, testApi } from './support.js'

const now = Date.UTC(2026, 10, 21, 12)
const { send, journal } = await testApi(t, { clock: () => now })
const dayMs = 86_400_000

/** A call that was talked through after 4 seconds, for a minute; or that ended for a reason. */
async function call(startedAt: number, deliveryId: string, reason?: string): Promise<void> {
  const start: CallStart = { id: newId(), shopId: 'one', deliveryId, reference: 'canary-order-7731', startedBy: 'courier', callee: 'customer', phones: {}, startedAt }
  await journal.open(start)
  await journal.finish(start, reason === undefined
    ? { at: startedAt + 64_000, answeredAt: startedAt + 4000, result: 'success', reason: 'caller_hung_up' }
    : { at: startedAt + 20_000, result: 'client_error', reason })
}

t.before(async () => {
  for (let i = 0; i < 12; i++) await call(now - dayMs, `demo-${i}`)
  for (let i = 0; i < 10; i++) await call(now - dayMs, `demo-busy-${i}`, 'busy')
  for (let i = 0; i < 30; i++) await call(now, `demo-${i}`, i < 3 ? 'declined' : 'no_answer')
  await call(now - 40 * dayMs, 'demo-old')
})

t.test('what became of each day\'s calls', async (t) => {
  const answer = await send('GET', '/v1/stats')
  t.equal(answer.statusCode, 200, answer.body)
  t.strictSame(answer.json(), {
    days: [
      {
        day: '2026-11-20', calls: 22, reached: 12, missed: 0, busy: 10, declined: 0, failed: 0, averageRingSeconds: 4, averageTalkSeconds: 60,
        reasons: { caller_hung_up: 12, busy: 10 }, tried: [22, 0, 0, 0, 0], reachedOnAttempt: [12, 0, 0, 0, 0]
      },
      { day: '2026-11-21', calls: 30, reached: 0, busy: 0, failed: 0, reasons: {}, tried: [30, 0, 0, 0, 0], suppressed: true }
    ]
  }, 'the last 30 days, no count below ten, and none that would tell one')
})

t.test('a window is of UTC days, by day or by time', async (t) => {
  const daysOf = async (query: string): Promise<string[]> => (await send('GET', `/v1/stats?${query}`)).json<{ days: { day: string }[] }>().days.map(({ day }) => day)
  t.strictSame(await daysOf('from=2026-11-20&to=2026-11-20'), ['2026-11-20'])
  t.strictSame(await daysOf('from=2026-11-20T23:59:59Z&to=2026-11-21T00:00:00Z'), ['2026-11-20', '2026-11-21'])
  t.strictSame(await daysOf('from=2020-01-01'), ['2026-10-12', '2026-11-20', '2026-11-21'])
  for (const query of ['from=yesterday', 'from=2026-13-01', 'to=2026-02-30', 'from=2026-11-21&to=2026-11-20', 'day=1']) t.equal((await send('GET', `/v1/stats?${query}`)).statusCode, 422, query)
})

t.test('what is going on now', async (t) => {
  const start: CallStart = { id: newId(), shopId: 'one', deliveryId: 'demo-live', reference: 'canary-order-7731', startedBy: 'courier', callee: 'customer', phones: {}, startedAt: now }
  await journal.open(start)
  const calls = async (): Promise<unknown> => (await send('GET', '/v1/stats/now')).json<{ calls: unknown }>().calls
  t.strictSame(await calls(), { live: 1, ringing: 1, talking: 0 })
  await journal.answered(start, now + 1)
  t.strictSame(await calls(), { live: 1, ringing: 0, talking: 1 })
  t.match((await send('GET', '/v1/stats/now')).json(), { today: { day: '2026-11-21', calls: 30, suppressed: true } })
  const other = await send('GET', '/v1/stats/now', undefined, { key: keys.two })
  t.strictSame(other.json(), { calls: { live: 0, ringing: 0, talking: 0 }, caps: { callsAtOnce: { used: 0, limit: 500 }, callsPerHour: { used: 0, limit: 20_000 }, minutesPerDay: { used: 0, limit: 50_000 } }, today: { day: '2026-11-21', calls: 0, reached: 0, missed: 0, busy: 0, declined: 0, failed: 0, reasons: {} } }, 'another shop has its own')
})
