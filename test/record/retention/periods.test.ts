import fc from 'fast-check'
import t from 'tap'
import { apply, cutoff, dueAt } from '../../../src/record/retention/cutoff.js'
import type { Applied } from '../../../src/record/retention/history.js'
import { classNames, type ClassName } from '../../../src/record/retention/types.js'
import { everything } from '../support.js'
import { admin, config, dayMs, hourMs, memorySettings, minuteMs, stage, start } from './support.js'

const day = 86_400
const invalid = (field: string): { code: string, field: string } => ({ code: 'request_invalid', field })

t.test('G10 absent is the shortest default, and every class says what it is for', async (t) => {
  const { room } = await stage(t)
  const classes = await room.periods.classes('one')
  t.same(classes.map(({ name }) => name).sort(), [...classNames].sort())
  t.same(Object.fromEntries(classes.map(({ name, periodSeconds }) => [name, periodSeconds])), {
    mapping: 3 * day, quarantine: day, webhook: day, record: 30 * day, statistics: 396 * day, audit: 365 * day, recording: null, statutory: null
  })
  for (const one of classes) {
    for (const text of [one.purpose, one.startEvent, one.place, one.method, one.owner]) t.ok(text.length > 3, one.name)
    t.ok(one.minimumSeconds > 0 && one.minimumSeconds < one.maximumSeconds, one.name)
    t.equal(one.canBeOff, ['recording', 'statutory'].includes(one.name), one.name)
    t.equal(one.reviewedAt, undefined)
  }
})

t.test('G10 zero, negative, fractional, huge, absent and forbidden periods are refused with their field', async (t) => {
  const { room, store } = await stage(t)
  const before = await everything(store)
  const table = await room.periods.classes('one')
  for (const { name, minimumSeconds, maximumSeconds, canBeOff } of table) {
    const wrong = [0, -1, -86_400, minimumSeconds - 1, maximumSeconds + 1, minimumSeconds + 0.5, 1e300, Infinity, NaN, 2 ** 53, ...canBeOff ? [] : [null]]
    for (const value of wrong) {
      await t.rejects(room.periods.change('one', { actor: admin, periods: { [name]: value }, reason: 'a test', statutoryBasis: 'a law' }), { code: 'request_invalid', field: `periods.${name}` }, `${name} ${value}`)
    }
  }
  await t.rejects(room.periods.change('one', { actor: admin, periods: { record: 7 * day, audit: 1 }, reason: 'a test' }), invalid('periods.audit'), 'all or none')
  t.equal(await everything(store), before, 'nothing was written')
})

t.test('a reason is asked for, in words and without a phone number', async (t) => {
  const { room } = await stage(t)
  for (const reason of ['', '   ', '\u00a0\u2003', '\u200b', '...', '42', 'x'.repeat(301), 'asked by +46701740605', 'call 0701 74 06 05', 'line\nbreak']) {
    await t.rejects(room.periods.change('one', { actor: admin, periods: { record: 7 * day }, reason }), { code: 'request_invalid', field: 'reason' }, JSON.stringify(reason))
  }
  t.same(await room.periods.changes('one'), [])
})

t.test('every change is kept with who, when, from, to and why, and audited', async (t) => {
  const { room, audit, pass, time, store } = await stage(t)
  await room.periods.change('one', { actor: admin, periods: { record: 7 * day, audit: 400 * day }, reason: '  Shorter is enough  ' })
  pass(hourMs)
  await room.periods.change('one', { actor: { id: 'other', roles: ['admin'] }, periods: { record: 7 * day }, reason: 'Reviewed' })
  t.same(await room.periods.changes('one'), [
    { at: start, actorId: 'adminkey', name: 'record', from: 30 * day, to: 7 * day, reason: 'Shorter is enough' },
    { at: start, actorId: 'adminkey', name: 'audit', from: 365 * day, to: 400 * day, reason: 'Shorter is enough' },
    { at: start + hourMs, actorId: 'other', name: 'record', from: 7 * day, to: 7 * day, reason: 'Reviewed' }
  ])
  t.match((await room.periods.classes('one')).find(({ name }) => name === 'record'), { periodSeconds: 7 * day, reviewedAt: time.now })
  t.match((await audit.list('one', { limit: 10 })).entries.reverse(), [
    { action: 'retention.change', actor: { id: 'adminkey' }, scope: 'record=604800 audit=34560000', reason: 'Shorter is enough', result: 'done' },
    { action: 'retention.change', actor: { id: 'other' }, scope: 'record=604800', reason: 'Reviewed' }
  ])
  t.same((await room.periods.classes('two')).find(({ name }) => name === 'record')?.periodSeconds, 30 * day, 'another shop is not touched')
  t.notMatch(await everything(store), /Shorter is enough/, 'reasons lie sealed')
})

t.test('G19 the settings of a past date are shown as they were', async (t) => {
  const { room, pass, run } = await stage(t)
  const at = async (time: number, name: ClassName): Promise<number | null | undefined> => (await room.periods.classes('one', time)).find((one) => one.name === name)?.periodSeconds
  await t.rejects(room.periods.classes('one', start - 1), { code: 'request_invalid', field: 'at' }, 'nobody knows what was before')
  await run()
  for (const days of [7, 14, 3]) {
    pass(dayMs)
    await room.periods.change('one', { actor: admin, periods: { record: days * day, recording: 2 * day }, reason: 'a test' })
  }
  pass(dayMs)
  t.equal(await at(start, 'record'), 30 * day)
  t.equal(await at(start + dayMs - 1, 'record'), 30 * day)
  t.equal(await at(start + dayMs, 'record'), 7 * day)
  t.equal(await at(start + 2.5 * dayMs, 'record'), 14 * day)
  t.equal(await at(start + 4 * dayMs, 'record'), 3 * day)
  t.equal(await at(start + minuteMs, 'recording'), null)
  t.equal(await at(start + 2 * dayMs, 'recording'), 2 * day)
  await t.rejects(room.periods.classes('one', start - 1), invalid('at'))
  await t.rejects(room.periods.classes('one', start + 4 * dayMs + 1), invalid('at'))
})

t.test('the quarantine has one place: the setting of the shop', async (t) => {
  const settings = memorySettings(7200)
  const { room, run, pass } = await stage(t, { settings })
  const quarantine = async (): Promise<unknown> => (await room.periods.classes('one')).find(({ name }) => name === 'quarantine')?.periodSeconds
  t.equal(await quarantine(), 7200)
  await room.periods.change('one', { actor: admin, periods: { quarantine: 3600 }, reason: 'a test' })
  t.equal((await settings.read('one')).quarantineSeconds, 3600)
  t.match(await room.periods.changes('one'), [{ from: 7200, to: 3600 }])
  await settings.change('one', { quarantineSeconds: 1800 })
  t.equal(await quarantine(), 1800)
  pass(minuteMs)
  await run()
  t.match((await room.periods.changes('one')).at(-1), { actorId: 'system', name: 'quarantine', from: 3600, to: 1800, at: start + minuteMs }, 'what was changed elsewhere is noted by the next run')
  await run()
  t.equal((await room.periods.changes('one')).length, 2, 'once')
})

t.test('a default of the installation that changes is a change of every shop without a setting of its own', async (t) => {
  const { room, another, run, pass } = await stage(t)
  await room.periods.change('two', { actor: admin, periods: { record: 20 * day }, reason: 'a test' })
  for (const shop of ['one', 'two']) await run(shop)
  pass(minuteMs)
  const after = another({ config: { ...config, record: { ...config.record, retentionDays: 7 } } })
  for (const shop of ['one', 'two']) await after.runner.run(shop, { actor: admin })
  t.match(await room.periods.changes('one'), [{ actorId: 'system', name: 'record', from: 30 * day, to: 7 * day }])
  t.equal((await room.periods.changes('two')).length, 1)
  const shorter = another({ config: { ...config, line: { ...config.line, maxTtlSeconds: 3600 } } })
  t.equal((await shorter.periods.classes('one')).find(({ name }) => name === 'mapping')?.periodSeconds, 3600, 'no period is beyond its bound')
})

t.test('a recording is kept no longer than the record that leads to it, and a law has a name', async (t) => {
  const { room } = await stage(t)
  const change = (periods: Record<string, number | null>, statutoryBasis?: string): Promise<unknown> => room.periods.change('one', { actor: admin, periods, reason: 'a test', ...(statutoryBasis === undefined ? {} : { statutoryBasis }) })
  await change({ record: 5 * day })
  await t.rejects(change({ recording: 6 * day }), invalid('periods.recording'))
  await change({ recording: 5 * day })
  await t.rejects(change({ record: 4 * day }), invalid('periods.record'))
  await change({ record: 4 * day, recording: null })
  await t.rejects(change({ statutory: 365 * day }), invalid('statutoryBasis'))
  await t.rejects(change({ statutory: 365 * day }, ' '), invalid('statutoryBasis'))
  await change({ statutory: 365 * day }, 'Communications Act § 111')
  t.match((await room.periods.classes('one')).find(({ name }) => name === 'statutory'), { periodSeconds: 365 * day, basis: 'Communications Act § 111' })
})

t.test('where recordings are switched off nothing more is recorded', async (t) => {
  const settings = memorySettings()
  const { room } = await stage(t, { settings })
  await room.periods.change('one', { actor: admin, periods: { recording: day }, reason: 'a test' })
  await settings.change('one', { recording: true })
  await room.periods.change('one', { actor: admin, periods: { record: 20 * day }, reason: 'a test' })
  t.equal((await settings.read('one')).recording, true)
  await room.periods.change('one', { actor: admin, periods: { recording: null }, reason: 'a test' })
  t.equal((await settings.read('one')).recording, false)
})

t.test('two changes at once are both kept', async (t) => {
  const { room, another } = await stage(t)
  const rooms = [room, another(), another()]
  await Promise.all(rooms.map((one, at) => one.periods.change('one', { actor: admin, periods: { record: (at + 2) * day }, reason: 'a test' })))
  const changes = await room.periods.changes('one')
  t.equal(changes.length, 3)
  changes.forEach(({ from }, at) => t.equal(from, at === 0 ? 30 * day : changes[at - 1]!.to, 'each begins where the one before ended'))
})

t.test('a period is told also while the store is away', async (t) => {
  const { room, another, store } = await stage(t)
  await room.periods.change('one', { actor: admin, periods: { record: 5 * day }, reason: 'a test' })
  t.equal(await room.periods.period('one', 'record'), 5 * day)
  const deaf = another({ store: { ...store, hgetall: async () => { throw new Error('away') } } })
  t.equal(await deaf.periods.period('one', 'record'), 30 * day, 'the default for who never heard')
  t.equal(await deaf.periods.period('one', 'recording'), null)
})

const values = fc.array(fc.record({ value: fc.option(fc.integer({ min: 1, max: 40 }), { nil: null }), wait: fc.integer({ min: 0, max: 30_000 }) }), { minLength: 1, maxLength: 8 })
const appliedOf = (steps: readonly { value: number | null, wait: number }[]): { applied: readonly Applied[], now: number } =>
  steps.reduce<{ applied: readonly Applied[], now: number }>(({ applied, now }, { value, wait }) => ({ applied: apply(applied, value, now + wait, 10_000), now: now + wait }), { applied: [], now: 1_000_000 })

t.test('G9 what is due stays due: lengthening brings nothing back, shortening takes at once', async () => {
  fc.assert(fc.property(values, fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 60_000 }), (steps, age, later) => {
    const { applied, now } = appliedOf(steps)
    const began = now - age
    const due = began < cutoff(applied, now)
    const longer = apply(applied, 10_000, now + later, 10_000)
    if (due && began >= cutoff(longer, now + later)) return false
    const last = applied.at(-1)!.value ?? 0
    // Never older than the period of now, whatever was before; never gone before the shortest it was ever promised.
    if (!due && age > last * 1000) return false
    return due === dueAt(applied, began) < now
  }), { numRuns: 3000 })
})

t.test('G9 data from before a longer period keeps the shorter one', async (t) => {
  const applied: readonly Applied[] = [{ value: 100, from: 0 }, { value: 300, from: 500_000 }]
  t.equal(dueAt(applied, 450_000), 550_000)
  t.equal(dueAt(applied, 500_000), 800_000)
  t.equal(cutoff(applied, 560_000), 460_000, 'what began before the change goes as it was promised')
  t.equal(cutoff(applied, 700_000), 500_000)
  t.equal(cutoff(applied, 900_000), 600_000)
  t.equal(cutoff([{ value: null, from: 0 }], 900_000), 900_000, 'what is off is due at once')
})
