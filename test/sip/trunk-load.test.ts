import t from 'tap'
import { TrunkLoad } from '../../src/sip/trunk-load.js'

const minute = 60_000
const noon = Date.UTC(2026, 10, 21, 12)

function load(limits: ConstructorParameters<typeof TrunkLoad>[0]): { trunk: TrunkLoad, clock: { now: number }, told: string[] } {
  const clock = { now: noon }
  const told: string[] = []
  return { clock, told, trunk: new TrunkLoad(limits, () => clock.now, (cap, state, used) => { told.push(`${cap} ${state} ${used}`) }) }
}

t.test('minutes of a day: those of calls that ended and those of calls that live, from the answer on', async (t) => {
  const { trunk, clock, told } = load({ minutesPerDay: 10 })
  const [first, second] = [trunk.enter(), trunk.enter()]
  clock.now += 30 * minute
  first.answered()
  second.answered()
  clock.now += 3 * minute
  first.leave()
  first.leave()
  t.doesNotThrow(() => trunk.enter().leave(), 'six are used, and none of them twice')
  clock.now += 2 * minute
  t.doesNotThrow(() => trunk.enter().leave())
  t.same(told, ['trunk_minutes_per_day near 8'])
  clock.now += 2 * minute
  t.throws(() => trunk.enter(), { code: 'trunk_busy', reason: 'minutes' })
  t.throws(() => trunk.enter(), { code: 'trunk_busy' })
  t.same(told, ['trunk_minutes_per_day near 8', 'trunk_minutes_per_day reached 10'], 'told once')
  clock.now = Date.UTC(2026, 10, 22, 0, 4)
  t.doesNotThrow(() => trunk.enter().leave(), 'of the call that lives, four minutes are of this day')
  clock.now += 6 * minute
  t.throws(() => trunk.enter(), { code: 'trunk_busy' })
  second.leave()
  t.equal(told.at(-1), 'trunk_minutes_per_day reached 10', 'a new day tells anew')
})

t.test('calls at the same time', async (t) => {
  const { trunk, told } = load({ maxCalls: 5 })
  const places = Array.from({ length: 5 }, () => trunk.enter())
  t.throws(() => trunk.enter(), { code: 'trunk_busy', reason: 'calls', sipStatus: 503 })
  t.equal(trunk.calls, 5)
  for (const place of places) place.leave()
  t.equal(trunk.calls, 0)
  t.same(told, ['trunk_calls_at_once near 4', 'trunk_calls_at_once reached 5'])
})

t.test('without limits there are none', async (t) => {
  const { trunk, clock, told } = load({ maxCalls: 0 })
  for (let call = 0; call < 50; call++) trunk.enter().answered()
  clock.now += 1000 * minute
  trunk.enter()
  t.same(told, [])
})
