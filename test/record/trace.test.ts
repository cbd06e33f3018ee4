import t from 'tap'
import fc from 'fast-check'
import { mostSteps, packSteps, stepNames, unpackSteps, type TraceStep } from '../../src/record/trace.js'
import { bench, callStart, courier, ends, everything } from './support.js'

const detail = fc.option(fc.oneof(fc.integer({ min: 0, max: 699 }), fc.stringMatching(/^[a-z_-]{1,24}$/)), { nil: undefined })
const step = fc.record({ at: fc.nat(), what: fc.constantFrom(...stepNames), detail }).map(({ at, what, detail }): TraceStep => ({ at, what, ...(detail === undefined ? {} : { detail }) }))

t.test('what was noted is read as it was', async (t) => {
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: mostSteps }), (steps) => t.same(unpackSteps(packSteps(steps)), steps)), { numRuns: 50 })
})

t.test('nothing that could be a number, a name or a key fits', async (t) => {
  for (const detail of ['+46701740605', '46701740605', 'Mari', 'sip:46701740605@10.0.0.1', '7', 46701740605, 700, -1, 1.5, 'a b', 'x;1 2']) {
    t.equal(packSteps([{ at: 1, what: 'state', detail }]), `1 ${stepNames.indexOf('state')}`, String(detail))
  }
})

t.test('a step of a later version is left out, and so is what is no step', async (t) => {
  t.same(unpackSteps(`5 ${stepNames.indexOf('state')} talking;6 999 later;nonsense;;7 ${stepNames.indexOf('end')}`), [{ at: 5, what: 'state', detail: 'talking' }, { at: 7, what: 'end' }])
  t.equal(packSteps(Array.from({ length: 500 }, (_, at) => ({ at, what: 'state' as const }))).split(';').length, mostSteps)
})

t.test('a trace lies sealed in the row of its call, and goes and hides with it', async (t) => {
  const rig = await bench(t, ['one'])
  const journal = rig.journal()
  const steps: TraceStep[] = [{ at: 0, what: 'a.in.invite' }, { at: 3, what: 'lookup', detail: 'connect' }]
  const start = callStart({ startedAt: rig.clock.now, trace: { steps } })
  await journal.open(start)
  t.match(await rig.log.trace('one', start.id), { call: { id: start.id, state: 'ringing' }, steps: [] })
  await journal.upkeep()
  t.same((await rig.log.trace('one', start.id))?.steps, steps, 'a call under way can be looked at from any process')
  steps.push({ at: 4000, what: 'state', detail: 'talking' })
  await journal.answered(start, start.startedAt + 4000)
  await journal.upkeep()
  t.match(await rig.log.trace('one', start.id), { call: { state: 'talking', answeredAt: start.startedAt + 4000 }, steps }, 'an upkeep does not undo the answer')
  steps.push({ at: 64_000, what: 'end', detail: 'caller_hung_up' })
  await journal.finish(start, ends.talked(start))
  t.match(await rig.log.trace('one', start.id), { call: { state: 'ended', reason: 'caller_hung_up' }, steps })

  t.equal(await rig.log.trace('two', start.id), undefined, 'another shop has no such call')
  t.notMatch(await everything(rig.store), /connect|talking/, 'sealed')
  t.equal(await rig.logWith({ restricted: async () => () => true }).trace('one', start.id), undefined, 'hidden where the record is')
  for await (const { calls } of rig.persons.calls('one', courier)) t.same(calls.map((call) => call.steps), [steps], 'the person it is about gets it')
  await rig.shelf.remove('one', '20261121', [start.id])
  t.equal(await rig.log.trace('one', start.id), undefined, 'gone with the record')
})

t.test('a call whose day key is gone is still ended, without a trace', async (t) => {
  const rig = await bench(t, ['one'])
  const journal = rig.journal()
  const start = callStart({ startedAt: rig.clock.now, trace: { steps: [{ at: 0, what: 'a.in.invite' }] } })
  await journal.open(start)
  await rig.ring.destroy([{ purpose: 'record', owner: 'one', period: '20261121' }])
  await journal.finish(start, ends.talked(start))
  t.match(String(await rig.store.hget('rec:{shop.one}:20261121', start.id)), /^(?!.*"t":).*"why":"caller_hung_up"/)
})
