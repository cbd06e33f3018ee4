import t from 'tap'
import { dayOf } from '../../../src/record/day.js'
import { verifyRun } from '../../../src/record/retention/runs.js'
import type { RetentionRun } from '../../../src/record/retention/types.js'
import { ends, everything, wholeCall } from '../support.js'
import { admin, dayMs, hourMs, intervalMs, minuteMs, outcome, stage, start } from './support.js'

const day = 86_400
const reason = 'a test'

t.test('G8 rows go one by one when their period is over, and the key of their day with the last', async (t) => {
  const { room, journal, shelf, ring, pass, run, audit } = await stage(t)
  const writer = journal()
  await room.periods.change('one', { actor: admin, periods: { record: day }, reason })
  // Four calls at noon, one, two and three o'clock.
  for (let hour = 0; hour < 4; hour++) await wholeCall(writer, { startedAt: start + hour * hourMs })
  await wholeCall(writer, { startedAt: start + dayMs })
  const today = dayOf(start)
  pass(dayMs)
  t.match(outcome(await run(), 'record'), { due: 0, deleted: 0, keysDestroyed: 0, oldestLeft: start, nextDue: start + dayMs })
  pass(minuteMs)
  t.match(outcome(await run(), 'record'), { due: 1, deleted: 1, held: 0, failed: 0, keysDestroyed: 0, oldestLeft: start + hourMs, nextDue: start + hourMs + dayMs })
  pass(hourMs)
  t.match(outcome(await run(), 'record'), { deleted: 1 })
  t.equal(await shelf.count('one', today), 2)
  t.ok(await ring.find({ purpose: 'record', owner: 'one', period: today }), 'the day is not over: others of it are still read')
  pass(11 * hourMs)
  t.match(outcome(await run(), 'record'), { deleted: 2, keysDestroyed: 1, oldestLeft: start + dayMs })
  t.equal(await ring.find({ purpose: 'record', owner: 'one', period: today }), undefined)
  t.same(await shelf.days('one'), [dayOf(start + dayMs)])
  t.match(outcome(await run(), 'record'), { due: 0, keysDestroyed: 0 }, 'once more does nothing')
  const { entries } = await audit.list('one', { limit: 50, action: 'key.destroyed' })
  t.equal(entries.length, 1, 'G6 its destruction stands in the trail')
  t.match(entries[0], { actor: { id: 'system' }, scope: new RegExp(`^record one ${today} ([0-9a-f]{4}-){7,}`) })
})

t.test('a key is destroyed before the rows under it go, so that a broken run leaves nothing readable', async (t) => {
  const order: string[] = []
  const plain = await stage(t)
  await wholeCall(plain.journal(), { startedAt: start })
  const room = plain.another({
    keyRing: { ...plain.ring, destroy: (scopes) => { order.push('key'); return plain.ring.destroy(scopes) } },
    shelf: { ...plain.shelf, clear: (...args) => { order.push('rows'); return plain.shelf.clear(...args) } }
  })
  plain.pass(40 * dayMs)
  t.match(outcome(await room.runner.run('one', { actor: admin }), 'record'), { deleted: 1, keysDestroyed: 1 })
  t.same(order, ['key', 'rows'])
})

t.test('a key store that is away keeps no row from going, and fails the run', async (t) => {
  const plain = await stage(t)
  await wholeCall(plain.journal(), { startedAt: start })
  const room = plain.another({ keyRing: { ...plain.ring, destroy: async () => { throw new Error('away') } } })
  plain.pass(40 * dayMs)
  const run = await room.runner.run('one', { actor: admin })
  t.match(outcome(run, 'record'), { due: 2, deleted: 1, failed: 1, keysDestroyed: 0 })
  t.equal(run.state, 'failed')
  t.match(outcome(await plain.run(), 'record'), { deleted: 0, keysDestroyed: 1 }, 'the next run makes up for it')
})

t.test('G9 a shorter period takes what exists at the next run; a longer one brings nothing back and is for what comes', async (t) => {
  const { room, journal, shelf, pass, run } = await stage(t)
  const writer = journal()
  const rows = async (): Promise<number> => (await Promise.all((await shelf.days('one')).map((one) => shelf.count('one', one)))).reduce((sum, count) => sum + count, 0)
  await run()
  await wholeCall(writer, { startedAt: start })
  pass(5 * dayMs)
  await wholeCall(writer, { startedAt: start + 5 * dayMs })
  pass(1)
  await room.periods.change('one', { actor: admin, periods: { record: 4 * day }, reason })
  t.equal(await rows(), 2, 'not before the run')
  await run()
  t.equal(await rows(), 1)
  await room.periods.change('one', { actor: admin, periods: { record: 60 * day }, reason })
  await run()
  t.equal(await rows(), 1, 'what is gone stays gone')
  pass(minuteMs)
  await wholeCall(writer, { startedAt: start + 5 * dayMs + minuteMs })
  pass(4 * dayMs)
  t.match(outcome(await run(), 'record'), { deleted: 1, oldestLeft: start + 5 * dayMs + minuteMs }, 'what was there before goes as it was promised')
  pass(55 * dayMs)
  t.equal(await rows(), 1)
  await room.runner.confirmClock({ actor: { id: 'boss', roles: ['operator'] }, reason })
  t.match(outcome(await run(), 'record'), { deleted: 0 })
  pass(dayMs)
  t.match(outcome(await run(), 'record'), { deleted: 1 })
})

t.test('a short period that is taken back before a run has seen it deletes nothing', async (t) => {
  const { room, journal, pass, run } = await stage(t)
  await run()
  await wholeCall(journal(), { startedAt: start })
  pass(2 * dayMs)
  await room.periods.change('one', { actor: admin, periods: { record: day }, reason: 'Mistyped' })
  pass(minuteMs)
  await room.periods.change('one', { actor: admin, periods: { record: 10 * day }, reason: 'Put right' })
  t.match(outcome(await run(), 'record'), { due: 0, oldestLeft: start, nextDue: start + 10 * dayMs })
})

t.test('G15 what is held stays with its key; the other rows of its day go', async (t) => {
  const { room, journal, shelf, ring, store, pass, run, audit, time } = await stage(t)
  const writer = journal()
  for (let i = 0; i < 3; i++) await wholeCall(writer, { deliveryId: `demo-${i}`, startedAt: start + i })
  await wholeCall(writer, { deliveryId: 'demo-1', startedAt: start + dayMs })
  const hold = await room.holds.create({ shopId: 'one', kind: 'hold', scope: { deliveryId: 'demo-1' }, reason: 'Claim of an insurer', endsAt: start + 300 * dayMs, actor: admin })
  pass(2.5 * dayMs + 30 * dayMs)
  await room.runner.confirmClock({ actor: admin, reason })
  t.match(outcome(await run(), 'record'), { due: 4, deleted: 2, held: 2, failed: 0, keysDestroyed: 0, oldestLeft: start + 1 })
  t.equal(await shelf.count('one', dayOf(start)), 1)
  t.ok(await ring.find({ purpose: 'record', owner: 'one', period: dayOf(start) }))
  const ttl = Number(await store.call('PTTL', `rec:{shop.one}:${dayOf(start)}`))
  t.ok(ttl > 0)
  pass(100 * dayMs)
  await room.runner.confirmClock({ actor: admin, reason })
  await run()
  for (const name of [`rec:{shop.one}:${dayOf(start)}`, `recs:{shop.one}:${dayOf(start)}`, `recp:{shop.one}:${dayOf(start)}`, 'recd:{shop.one}:demo-1']) {
    t.equal(Number(await store.call('PTTL', name)), -1, `${name} is not left to expire`)
  }
  t.match(await room.holds.list('one'), [{ id: hold.id, authorId: 'adminkey', reason: 'Claim of an insurer', createdAt: start }])
  pass(start + 300 * dayMs - time.now)
  t.same(await room.holds.list('one'), [], 'it ends by itself')
  await room.runner.confirmClock({ actor: admin, reason })
  t.match(outcome(await run(), 'record'), { due: 2, deleted: 2, held: 0, keysDestroyed: 2 })
  t.same(await store.hgetall('ret:{shop.one}:holds'), new Map(), 'and nothing of it stays')
  t.match((await audit.list('one', { limit: 50, action: 'persons.hold' })).entries, [{ reason: 'Claim of an insurer', actor: { id: 'adminkey' }, scope: /demo-1/ }])
})

t.test('G15 a restriction of a person covers the days on which they appear, for whichever party', async (t) => {
  const { room, journal, ring, pass, run, logWith } = await stage(t)
  const writer = journal()
  const [one, other] = ['+46701740620', '+46701740621'] as never[]
  await wholeCall(writer, { deliveryId: 'demo-a', phones: { courier: one!, customer: other! }, startedAt: start })
  await wholeCall(writer, { deliveryId: 'demo-b', startedAt: start + 1 })
  const key = (await ring.find({ purpose: 'record', owner: 'one', period: dayOf(start) }))!
  const log = logWith({ restricted: room.restricted })
  t.equal((await log.list('one', { from: start, to: start + dayMs, limit: 10 })).calls.length, 2)
  await room.holds.create({ shopId: 'one', kind: 'restriction', scope: { pseudonyms: { [dayOf(start)]: [key.tag('phone', other!)] } }, reason: 'Asked by the person', endsAt: start + 200 * dayMs, actor: admin })
  t.match((await log.list('one', { from: start, to: start + dayMs, limit: 10 })).calls, [{ deliveryId: 'demo-b' }], 'no normal read shows it')
  t.same(await log.ofDelivery('one', 'demo-a'), [])
  pass(31 * dayMs)
  t.match(outcome(await run(), 'record'), { due: 2, deleted: 1, held: 1, keysDestroyed: 0 })
})

t.test('records past their period are shown to nobody, even before a run has come', async (t) => {
  const { room, journal, pass, logWith } = await stage(t)
  await wholeCall(journal(), { startedAt: start })
  const log = logWith({ restricted: room.restricted })
  const seen = async (): Promise<number> => (await log.list('one', { from: start, to: start + dayMs, limit: 10 })).calls.length
  pass(30 * dayMs)
  t.equal(await seen(), 1)
  pass(1)
  t.equal(await seen(), 0)
})

t.test('a law that is switched on keeps records beyond their period, closed to every read', async (t) => {
  const { room, journal, store, shelf, pass, run, logWith } = await stage(t)
  const writer = journal()
  await run()
  await wholeCall(writer, { deliveryId: 'demo-early', startedAt: start })
  pass(minuteMs)
  await room.periods.change('one', { actor: admin, periods: { statutory: 200 * day }, reason, statutoryBasis: 'Communications Act § 111' })
  await run()
  pass(minuteMs)
  await wholeCall(writer, { deliveryId: 'demo-late', startedAt: start + 2 * minuteMs })
  pass(31 * dayMs)
  t.match(outcome(await run(), 'record'), { deleted: 1, keysDestroyed: 0 }, 'what was there before goes with its own period')
  t.same(await logWith({ restricted: room.restricted }).ofDelivery('one', 'demo-late'), [])
  pass(70 * dayMs)
  await room.runner.confirmClock({ actor: admin, reason })
  t.match(outcome(await run(), 'record'), { due: 0, oldestLeft: start + 2 * minuteMs, nextDue: start + 2 * minuteMs + 200 * dayMs })
  t.equal(Number(await store.call('PTTL', `rec:{shop.one}:${dayOf(start)}`)), -1)
  await room.periods.change('one', { actor: admin, periods: { statutory: null }, reason: 'The law fell' })
  t.match(outcome(await run(), 'record'), { deleted: 1, keysDestroyed: 1 })
  t.same(await shelf.days('one'), [])
})

t.test('keys of deliveries and webhooks go when nothing under them is needed; those of pools with the installation', async (t) => {
  const { room, ring, pass, run } = await stage(t)
  for (const [purpose, owner] of [['mapping', 'one'], ['mapping', 'gone'], ['webhook', 'one'], ['tag', 'demo'], ['settings', 'one']] as const) {
    await ring.use({ purpose, owner, period: '20261121' }, start + dayMs)
    await ring.use({ purpose, owner, period: '20261122' }, start + 2 * dayMs)
  }
  const left = async (): Promise<string[]> => (await ring.list()).filter(({ scope }) => scope.period !== '0').map(({ scope }) => `${scope.purpose} ${scope.owner}`).sort()
  pass(dayMs)
  t.match(outcome(await run(), 'mapping'), { due: 0, nextDue: start + dayMs })
  pass(1)
  const own = await run()
  t.match(outcome(own, 'mapping'), { due: 1, deleted: 1, keysDestroyed: 1, nextDue: start + 2 * dayMs })
  t.match(outcome(own, 'webhook'), { keysDestroyed: 1 })
  t.match(outcome(await run('system'), 'mapping'), { keysDestroyed: 2 }, 'of a pool, and of a shop that is no more')
  t.same(await left(), ['mapping gone', 'mapping one', 'settings one', 'settings one', 'tag demo', 'webhook one'])
  t.ok(room)
})

t.test('figures of days go with their period, and small ones as soon as the rows are gone', async (t) => {
  const { room, journal, statisticsShelf, statistics, pass, run } = await stage(t)
  const writer = journal()
  for (let i = 0; i < 12; i++) await wholeCall(writer, { deliveryId: `demo-${i}`, startedAt: start + i }, i < 11 ? ends.talked : (call) => ends.without(call, 'busy'))
  await room.periods.change('one', { actor: admin, periods: { record: day, statistics: 10 * day }, reason })
  pass(2.6 * dayMs)
  t.match(outcome(await run(), 'record'), { deleted: 12, keysDestroyed: 1 })
  t.equal(await statisticsShelf.settle('one'), 0, 'the run has settled the day already')
  t.match(await statistics.days('one', { from: start, to: start + dayMs }), [{ calls: 12, suppressed: true }])
  pass(8 * dayMs)
  await room.runner.confirmClock({ actor: admin, reason })
  t.match(outcome(await run(), 'statistics'), { due: 1, deleted: 1 })
  t.same(await statisticsShelf.days('one'), [])
})

t.test('the trail, reports and old settings go with the period of the audit class', async (t) => {
  const { room, audit, store, pass, run } = await stage(t)
  await run()
  await room.periods.change('one', { actor: admin, periods: { audit: 183 * day, record: 20 * day }, reason })
  pass(minuteMs)
  await room.periods.change('one', { actor: admin, periods: { record: 10 * day }, reason })
  await run()
  pass(184 * dayMs)
  await room.runner.confirmClock({ actor: admin, reason })
  const report = await run()
  // Two runs' reports, and the first setting of the call records, which a later one has replaced.
  t.match(outcome(report, 'audit'), { failed: 0, held: 0 })
  t.equal((await room.runner.runs.list('one', 10)).length, 1)
  t.match(await room.periods.changes('one'), [{ name: 'audit' }, { name: 'record', to: 10 * day }], 'what still holds is known')
  t.match(await audit.verify('one'), { whole: true })
  t.ok((await audit.oldest('one'))! > start + 184 * dayMs)
  await t.rejects(room.periods.classes('one', start + dayMs), { code: 'request_invalid', field: 'at' })
  t.equal(Number(await store.call('LLEN', 'ret:{shop.one}:runs')), 1)
})

t.test('recordings go day by day; held ones stay with their key; switched off all go at once', async (t) => {
  const files = new Map<string, Set<string>>()
  const recordings = {
    days: async () => [...files.keys()].sort(),
    ofDay: async (_shop: string, one: string) => [...files.get(one) ?? []],
    remove: async (_shop: string, id: string) => [...files].some(([one, ids]) => ids.delete(id) && (ids.size > 0 || files.delete(one)))
  }
  const { room, journal, ring, pass, run } = await stage(t, { recordings })
  const writer = journal()
  await room.periods.change('one', { actor: admin, periods: { recording: 10 * day }, reason })
  await run()
  const record = async (deliveryId: string, startedAt: number): Promise<void> => {
    const { id } = await wholeCall(writer, { deliveryId, startedAt })
    await ring.use({ purpose: 'recording', owner: 'one', period: dayOf(startedAt) }, startedAt + 32 * dayMs)
    files.set(dayOf(startedAt), (files.get(dayOf(startedAt)) ?? new Set()).add(id))
  }
  await record('demo-a', start)
  await record('demo-b', start + 1)
  await record('demo-a', start + dayMs)
  await record('demo-c', start + 11 * dayMs)
  await room.holds.create({ shopId: 'one', kind: 'hold', scope: { deliveryId: 'demo-b' }, reason, endsAt: start + 12 * dayMs, actor: admin })
  pass(11.6 * dayMs)
  await room.runner.confirmClock({ actor: admin, reason })
  t.match(outcome(await run(), 'recording'), { due: 3, deleted: 2, held: 1, keysDestroyed: 1 })
  pass(dayMs)
  t.match(outcome(await run(), 'recording'), { deleted: 1, held: 0, keysDestroyed: 1 })
  await room.periods.change('one', { actor: admin, periods: { recording: null }, reason })
  await record('demo-d', start + 12.6 * dayMs)
  t.match(outcome(await run(), 'recording'), { deleted: 2, failed: 0 })
  t.equal(files.size, 0)
})

t.test('G8 each run has a signed report that nobody else can write', async (t) => {
  const { journal, room, pass, run, signer } = await stage(t)
  await wholeCall(journal(), { startedAt: start })
  pass(31 * dayMs)
  const report = await run()
  t.equal(room.runner.publicKey, signer.publicKey)
  t.match(report, { shopId: 'one', startedAt: start + 31 * dayMs, cause: 'hand', state: 'done' })
  t.same(await room.runner.runs.list('one', 5), [report], 'it is kept as it was told')
  t.equal(verifyRun(report, signer.publicKey), true)
  const forged: RetentionRun[] = [
    { ...report, state: 'failed' },
    { ...report, classes: report.classes.map((one) => ({ ...one, deleted: one.deleted + 1 })) },
    { ...report, classes: report.classes.slice(1) },
    { ...report, startedAt: report.startedAt + 1 },
    { ...report, signature: '' }
  ]
  for (const one of forged) t.equal(verifyRun(one, signer.publicKey), false)
  t.equal(verifyRun(report, 'no key'), false)
})

t.test('runs in which nothing was due leave one report a day', async (t) => {
  const { room, pass, journal } = await stage(t)
  for (let at = 0; at < 30; at++) {
    await room.runner.tick()
    pass(intervalMs)
  }
  t.equal((await room.runner.runs.list('one', 500)).length, 1)
  await room.periods.change('one', { actor: admin, periods: { record: day }, reason })
  await wholeCall(journal(), { startedAt: start - dayMs })
  await room.runner.tick()
  pass(intervalMs)
  await room.runner.tick()
  t.match((await room.runner.runs.list('one', 500)).map(({ cause, classes }) => [cause, classes.find(({ name }) => name === 'record')?.deleted]), [['interval', 0], ['interval', 1], ['interval', 0]])
})

t.test('nothing of a person stands in reports, state and log', async (t) => {
  const { room, journal, store, pass, run, logged } = await stage(t)
  await wholeCall(journal(), { startedAt: start, reference: 'CANARY Kanarbiku', deliveryId: 'demo-canary' })
  await room.holds.create({ shopId: 'one', kind: 'hold', scope: { deliveryId: 'demo-canary' }, reason: 'CANARY reason', endsAt: start + 100 * dayMs, actor: admin })
  pass(31 * dayMs)
  await run()
  const own = (await everything(store)).split('\n').filter((line) => !line.startsWith('rec')).join('\n')
  t.notMatch(own.replaceAll(/recd:\S+/g, ''), /CANARY|Kanarbiku|4670174/)
  t.notMatch(JSON.stringify(await room.runner.runs.list('one', 10)), /CANARY|demo-canary|4670174/)
  t.notMatch(logged(), /CANARY|4670174/)
})
