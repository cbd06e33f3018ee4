import t from 'tap'
import { createMetrics } from '../../../src/telemetry/metrics.js'
import { gatedJournal } from '../../../src/record/retention/gate.js'
import type { RetainedData } from '../../../src/record/retention/types.js'
import { callStart, ends, wholeCall } from '../support.js'
import { admin, dayMs, intervalMs, minuteMs, outcome, stage, start } from './support.js'

/** A store of webhooks, the last of which cannot be deleted as long as `broken`. */
function stubborn(): RetainedData & { broken: boolean, rows: number } {
  return {
    name: 'webhook', of: 'shops', broken: true, rows: 10,
    async due() { return this.rows },
    async delete({ next }) {
      const before = this.rows
      while (this.rows > (this.broken ? 3 : 0)) {
        await next()
        this.rows--
      }
      if (this.broken) throw new Error('jammed')
      return { deleted: before, held: 0, failed: 0, keysDestroyed: 0 }
    },
    oldest: async () => start - 10 * dayMs
  }
}

t.test('G11 runs that fail again and again turn red, are told once, and stop no other class', async (t) => {
  const data = stubborn()
  const { room, journal, events, audit, pass, logged } = await stage(t, { more: [data] })
  const metrics = createMetrics(events, {})
  await wholeCall(journal(), { startedAt: start })
  pass(31 * dayMs)
  await room.runner.tick()
  const [first] = await room.runner.runs.list('one', 1)
  t.match(outcome(first!, 'webhook'), { due: 10, deleted: 7, held: 0, failed: 3 })
  t.match(outcome(first!, 'record'), { deleted: 1 }, 'the others go on')
  t.equal(first!.state, 'failed')
  t.match(await room.runner.health('one'), { state: 'ok', failures: 1 })
  for (let at = 0; at < 4; at++) {
    pass(5 * minuteMs)
    await room.runner.tick()
  }
  t.match(await room.runner.health('one'), { state: 'failing', failures: 5, reason: 'runs_failed' }, 'tried every five minutes')
  t.equal(room.runner.deletes('one'), false)
  t.equal(logged().split('\n').filter((line) => line.includes('"retention.failing"') && line.includes('"one"')).length, 1)
  t.match((await audit.list('one', { limit: 10, action: 'retention.run' })).entries, [{ result: 'failed', actor: { id: 'system' } }])
  t.match(await metrics.text(), /maskline_retention_failing 2\b/)
  t.match(await metrics.text(), /maskline_retention_runs_total\{state="failed"\} 1[0-9]/)
  t.match(await metrics.text(), /maskline_retention_rows_total\{class="record",outcome="deleted"\} 1\b/)
  t.match(await metrics.text(), /maskline_retention_keys_destroyed_total\{class="record"\} 1\b/)
  data.broken = false
  pass(5 * minuteMs)
  await room.runner.tick()
  t.match(await room.runner.health('one'), { state: 'ok', failures: 0 })
  t.match(await metrics.text(), /maskline_retention_failing 0\b/)
  t.match(logged(), /"retention.recovered"/)
})

t.test('G11 a class that can neither be counted nor deleted fails the run', async (t) => {
  const broken: RetainedData = { name: 'webhook', of: 'both', due: async () => { throw new Error('x') }, delete: async () => { throw new Error('x') }, oldest: async () => { throw new Error('x') } }
  const { run } = await stage(t, { more: [broken] })
  const report = await run()
  t.match(outcome(report, 'webhook'), { due: 1, failed: 1 })
  t.equal(report.state, 'failed')
})

t.test('G11 holds that cannot be read keep everything, and the run fails', async (t) => {
  const { room, journal, shelf, ring, another, pass } = await stage(t)
  await wholeCall(journal(), { startedAt: start })
  await room.holds.create({ shopId: 'one', kind: 'hold', scope: { deliveryId: 'demo-abc' }, reason: 'a test', endsAt: start + 90 * dayMs, actor: admin })
  pass(31 * dayMs)
  const deaf = another({ keyRing: { ...ring, use: async () => { throw new Error('away') } } })
  t.match(await deaf.runner.run('one', { actor: admin }), { state: 'failed', classes: [] })
  t.equal((await shelf.days('one')).length, 1)
  t.equal((await ring.list({ purpose: 'record' })).length, 1)
  t.match(await deaf.runner.health('one'), { failures: 1 })
})

t.test('G11 no run for three intervals is a failure of its own', async (t) => {
  const { room, pass, store, time } = await stage(t)
  t.match(await room.runner.health('one'), { state: 'ok' })
  await room.runner.tick()
  await store.set('ret:{shop.one}:lock', 'somebody else')
  pass(3 * intervalMs)
  await room.runner.tick()
  t.match(await room.runner.health('one'), { state: 'ok' })
  pass(2 * minuteMs)
  await room.runner.tick()
  t.match(await room.runner.health('one'), { state: 'failing', reason: 'runs_missing', lastRunAt: start })
  t.equal(room.runner.deletes('one'), false)
  await store.del('ret:{shop.one}:lock')
  await room.runner.tick()
  t.match(await room.runner.health('one'), { state: 'ok', lastRunAt: time.now })
})

t.test('G11 where it is wanted calls go on without a record while deletion fails', async (t) => {
  const { journal, log } = await stage(t)
  let fails = false
  const skipped: string[] = []
  const gated = gatedJournal(journal(), () => !fails, (shopId) => skipped.push(shopId))
  const kept = callStart({ startedAt: start })
  await gated.open(kept)
  fails = true
  const unkept = callStart({ startedAt: start + 1, deliveryId: 'demo-none' })
  await gated.open(unkept)
  await gated.answered(unkept, start + 5)
  t.equal(await gated.finish(unkept, ends.talked(unkept)), undefined)
  await gated.answered(kept, start + 5)
  await gated.finish(kept, ends.talked(kept))
  t.same(skipped, ['one'])
  t.same(await log.ofDelivery('one', 'demo-none'), [])
  t.match(await log.ofDelivery('one', 'demo-abc'), [{ state: 'ended' }], 'one that was begun is finished')
})
