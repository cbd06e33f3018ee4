import t from 'tap'
import { ClockGuard } from '../../../src/record/retention/clock-guard.js'
import { wholeCall } from '../support.js'
import { admin, dayMs, hourMs, intervalMs, minuteMs, outcome, stage, start, type Stage } from './support.js'

const decade = 3650 * dayMs
const reason = 'a test'
const limits = { skewMs: minuteMs, gapMs: 72 * hourMs }
const at = (store: number, steady: number, local = store): { local: number, store: number, steady: number } => ({ local, store, steady })

t.test('G8 a time of day is trusted as far as it can be explained', async (t) => {
  const guard = new ClockGuard(limits)
  t.equal(guard.fault(at(start, 0), undefined), undefined, 'nobody has seen any time before')
  guard.trust(at(start, 0))
  t.equal(guard.fault(at(start + decade, decade), start), undefined, 'this process ran all the while')
  t.equal(guard.fault(at(start + decade, minuteMs), start), 'clock_jumped')
  t.equal(guard.fault(at(start + 71 * hourMs, minuteMs), start), undefined, 'a machine that slept')
  t.equal(guard.fault(at(start, 0, start + 2 * minuteMs), start), 'clock_disagrees')
  t.equal(guard.fault(at(start, 0, start - 2 * minuteMs), start), 'clock_disagrees')
  t.equal(guard.fault(at(start - decade, 5), start), undefined, 'a clock that goes back deletes nothing too early')
  t.equal(guard.fault(at(start + decade, 5), start + decade - hourMs), undefined, 'another process was there')
  const fresh = new ClockGuard(limits)
  t.equal(fresh.fault(at(start + 71 * hourMs, 0), start), undefined, 'a stop over a long weekend')
  t.equal(fresh.fault(at(start + 73 * hourMs, 0), start), 'clock_jumped', 'nobody was there to see')
})

/** A shop with a row of today, of which no run must delete anything for a month. */
async function withRow(t: Parameters<typeof stage>[0]): Promise<Stage> {
  const made = await stage(t)
  await wholeCall(made.journal(), { startedAt: start })
  await made.room.runner.tick()
  return made
}

const rows = async ({ shelf }: Stage): Promise<number> => (await shelf.days('one')).length

t.test('G8 G11 a clock that leaps ahead wipes nothing: red until it is put right', async (t) => {
  const made = await withRow(t)
  const { room, time, ring, pass } = made
  time.now += decade
  await room.runner.tick()
  t.equal(await rows(made), 1)
  t.equal((await ring.list({ purpose: 'record' })).length, 1)
  t.match(await room.runner.health('one'), { state: 'failing', reason: 'clock_jumped' })
  t.equal(room.runner.deletes('one'), false)
  await t.rejects(room.runner.run('one', { actor: admin }), { code: 'clock_untrusted', reason: 'clock_jumped' })
  const restarted = made.another()
  await restarted.runner.tick()
  t.equal(await rows(made), 1, 'nor does a process that starts then')
  t.match(await restarted.runner.health('one'), { reason: 'clock_jumped' })
  time.now -= decade
  pass(intervalMs)
  await room.runner.tick()
  t.match(await room.runner.health('one'), { state: 'ok', lastRunAt: time.now }, 'put right, all goes on by itself')
  t.equal(room.runner.deletes('one'), true)
  t.equal(await rows(made), 1)
})

t.test('G8 a leap that is confirmed counts, and for the shop alone whose admin did it', async (t) => {
  const made = await withRow(t)
  const { room, time, audit } = made
  time.now += 40 * dayMs
  await room.runner.tick()
  await t.rejects(room.runner.run('one', { actor: admin, confirmClock: true }), { code: 'request_invalid', field: 'reason' })
  t.equal(await rows(made), 1)
  t.match(outcome(await room.runner.run('one', { actor: admin, confirmClock: true, reason: 'We were closed for a month' }), 'record'), { deleted: 1 })
  t.match(await room.runner.health('one'), { state: 'ok' })
  await room.runner.tick()
  t.match(await room.runner.health('two'), { state: 'failing', reason: 'clock_jumped' }, 'another shop waits for its own')
  t.match((await audit.list('one', { limit: 5, action: 'retention.run' })).entries, [{ scope: 'time confirmed: clock_jumped', reason: 'We were closed for a month' }])
  await room.runner.confirmClock({ actor: { id: 'boss', roles: ['operator'] }, reason })
  await room.runner.tick()
  for (const shop of ['one', 'two', 'system']) t.match(await room.runner.health(shop), { state: 'ok' })
})

t.test('G8 clocks that disagree stop deletion until they agree; whoever confirms gets the earlier one', async (t) => {
  const made = await withRow(t)
  const { room, time, pass } = made
  pass(dayMs)
  time.skew = 40 * dayMs
  await room.runner.tick()
  t.match(await room.runner.health('one'), { reason: 'clock_disagrees' })
  await t.rejects(room.runner.confirmClock({ actor: admin, reason }), { code: 'clock_untrusted' })
  t.match(await room.runner.run('one', { actor: admin, confirmClock: true, reason }), { startedAt: start + dayMs }, 'the one that deletes less')
  t.equal(await rows(made), 1)
  time.skew = -40 * dayMs
  await room.runner.tick()
  t.match(await room.runner.health('one'), { reason: 'clock_disagrees' })
  time.skew = 0
  await room.runner.tick()
  t.match(await room.runner.health('one'), { state: 'ok' })
  t.equal(await rows(made), 1)
})

t.test('G8 one machine with a wrong clock deletes nothing and stops nobody else', async (t) => {
  const made = await withRow(t)
  const { room, time, pass } = made
  const astray = made.another({ clocks: async () => ({ local: time.now + dayMs, store: time.now, steady: time.steady }) })
  pass(10 * dayMs)
  await room.runner.tick()
  await astray.runner.tick()
  t.match(await room.runner.health('one'), { state: 'ok', lastRunAt: time.now })
  t.equal(astray.runner.deletes('one'), true)
  await t.rejects(astray.runner.run('one', { actor: admin }), { code: 'clock_untrusted' })
  await room.runner.tick()
  pass(2 * minuteMs)
  await astray.runner.tick()
  t.match(await astray.runner.health('one'), { state: 'failing', reason: 'clock_disagrees' }, 'left alone with it, it says so')
  await room.runner.tick()
  t.match(await room.runner.health('one'), { state: 'ok' })
})

t.test('G8 after a stop within what is expected all that fell due goes at once', async (t) => {
  const made = await withRow(t)
  const { time, pass, another } = made
  pass(29 * dayMs)
  await made.room.runner.tick()
  // Nobody is there for two and a half days: no clock of a process goes on.
  time.now += 2.5 * dayMs
  time.steady = 0
  await another().runner.tick()
  t.equal(await rows(made), 0)
})

t.test('G8 a clock that was wrong ahead and is put back does not stop the runs', async (t) => {
  const made = await withRow(t)
  const { room, time, pass } = made
  time.now += 20 * hourMs
  await room.runner.tick()
  time.now -= 20 * hourMs
  pass(minuteMs)
  await room.runner.tick()
  t.match(await room.runner.health('one'), { state: 'ok', lastRunAt: time.now })
})
