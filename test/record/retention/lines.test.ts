import t from 'tap'
import { createLines } from '../../../src/line/lines.js'
import type { ShortenLimits } from '../../../src/line/types.js'
import { lineConfig, person } from '../../support/lines.js'
import { silent } from '../../support/log.js'
import { admin, config, hourMs, intervalMs, minuteMs, outcome, stage, start } from './support.js'

const hour = 3600
const reason = 'a test'

t.test('G9 a shorter life or quarantine takes deliveries that exist at the next run, and is looked for once', async (t) => {
  const asked: ShortenLimits[] = []
  const made = await stage(t)
  const { store, ring, time, pass } = made
  const lines = createLines({ store, keys: ring, config: lineConfig(), log: silent, clock: () => time.now, elapsed: () => time.now })
  t.teardown(() => lines.stop())
  await lines.prepare()
  const room = made.another({ poolOf: () => 'demo', lines: { shorten: (shopId, pool, limits) => { asked.push(limits); return lines.shorten(shopId, pool, limits) } } })
  const run = (): ReturnType<typeof made.run> => room.runner.run('one', { actor: admin })
  const wanted = { shopId: 'one', poolId: 'demo', courier: person(0), customer: person(1), direction: 'both', quarantineSeconds: 86_400 } as const
  await run()
  const live = await lines.allocate({ ...wanted, reference: 'a', expiresAt: start + 24 * hourMs })
  pass(2 * hourMs)
  t.match(outcome(await run(), 'mapping'), { due: 0 })
  t.same(asked, [], 'as long as nobody shortens anything nothing is looked through')
  await room.periods.change('one', { actor: admin, periods: { mapping: hour }, reason })
  t.match(outcome(await run(), 'mapping'), { deleted: 1, failed: 0 })
  t.match(await lines.find('one', live.id), { state: 'closed', endedAt: time.now })
  pass(2 * minuteMs)
  t.match(outcome(await run(), 'mapping'), { deleted: 0 })
  t.equal(asked.length, 2, 'again, because a process may have given a line by what it knew before')
  await run()
  t.equal(asked.length, 2)
  await room.periods.change('one', { actor: admin, periods: { quarantine: 60 }, reason })
  pass(2 * minuteMs)
  t.match(outcome(await run(), 'quarantine'), { deleted: 1 })
  await t.rejects(lines.find('one', live.id), { code: 'delivery_not_found' })
  await room.periods.change('one', { actor: admin, periods: { mapping: 3 * hour, quarantine: hour }, reason })
  await run()
  pass(intervalMs)
  await room.periods.change('one', { actor: admin, periods: { mapping: 2 * hour }, reason })
  pass(2 * minuteMs)
  await run()
  t.same(asked.map(({ lifeSeconds, quarantineSeconds }) => [lifeSeconds, quarantineSeconds]), [[hour, Infinity], [hour, Infinity], [Infinity, 60], [2 * hour, Infinity]], 'shorter than it was')
  const shorter = made.another({ poolOf: () => 'demo', lines: { shorten: async (_shop, _pool, limits) => { asked.push(limits); return { ended: 0, released: 0 } } }, config: { ...config, line: { ...config.line, quarantineSeconds: hour } } })
  await shorter.runner.run('two', { actor: admin })
  t.equal(asked.length, 4)
})
