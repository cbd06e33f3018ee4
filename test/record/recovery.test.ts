import t from 'tap'
import { MaskError } from '../../src/errors.js'
import type { Journal } from '../../src/record/journal.js'
import type { Store } from '../../src/store/redis.js'
import { dayOf as day } from '../../src/record/day.js'
import { bench, callStart, dayMs, ends, noon, wholeCall } from './support.js'

const rig = await bench(t, ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'])
const { log, journal, clock, statistics } = rig
const hour = 3_600_000

/** As the background of a living process does it. */
const seconds = async (count: number, ...journals: Journal[]): Promise<number> => {
  let found = 0
  for (let passed = 0; passed < count; passed += 15) {
    rig.pass(15_000)
    for (const one of await Promise.all(journals.map((journal) => journal.upkeep()))) found += one
  }
  return found
}

t.test('the call of a dead process is finished as indeterminate, once, and no other is touched', async (t) => {
  const dead = journal()
  const lost = callStart({ startedAt: clock.now })
  await dead.open(lost)
  await dead.answered(lost, clock.now + 5000)
  dead.close()
  const told: object[] = []
  const alive = [journal({ onRecovered: (ended) => told.push(ended) }), journal({ onRecovered: (ended) => told.push(ended) })] as const
  t.equal(await seconds(45, ...alive), 0, 'not while its lease runs')
  const fresh = callStart({ startedAt: clock.now })
  await alive[0].open(fresh)
  t.equal(await seconds(90, ...alive), 1, 'two processes find it, one finishes it')
  t.match(told, [{ callId: lost.id, deliveryId: 'demo-abc', caller: 'courier', result: 'indeterminate', reason: 'process_died', outcome: 'reached', attempt: 1, ringMs: 5000, talkMs: 0 }], 'and tells of it')
  const [first, second] = await log.ofDelivery('one', 'demo-abc')
  t.match(first, { id: lost.id, state: 'ended', result: 'indeterminate', reason: 'process_died', ringMs: 5000, talkMs: 0 }, 'it ended when its process was last seen')
  t.match(second, { id: fresh.id, state: 'ringing' })
  t.match((await statistics.days('one', { from: noon, to: noon + dayMs }))[0], { suppressed: true }, 'and was counted')
  t.equal(await rig.store.hget('stat:{shop.one}:20261121', 'calls').then(String), '1', 'once')
})

t.test('a process that comes back after its call was given up changes nothing', async (t) => {
  const slow = journal()
  const start = callStart({ shopId: 'two', startedAt: clock.now })
  await slow.open(start)
  const other = journal({ shops: () => ['two', 'three'] })
  await other.recover()
  t.equal(await seconds(75, other), 1)
  t.equal(await slow.finish(start, { at: clock.now, result: 'success', reason: 'caller_hung_up' }), undefined)
  t.match(await log.ofDelivery('two', 'demo-abc'), [{ result: 'indeterminate' }])
  t.equal(await rig.store.hget('stat:{shop.two}:20261121', 'calls').then(String), '1')
})

t.test('a clock that jumps kills no living call', async (t) => {
  const living = journal({ shops: () => [] })
  const start = callStart({ shopId: 'three', startedAt: clock.now })
  await living.open(start)
  const other = journal({ shops: () => ['two', 'three'] })
  await other.recover()
  clock.now += 5 * hour
  t.equal(await other.recover() + await other.recover(), 0, 'all leases look over at once')
  t.equal(await seconds(120, other, living), 0, 'but the living process goes on renewing')
  clock.now -= 10 * hour
  t.equal(await seconds(120, other, living), 0)
  t.equal(await seconds(75, other), 1, 'and a dead one is found although the clock says that its lease runs for hours')
  t.match(await log.ofDelivery('three', 'demo-abc'), [{ ringMs: 240_000 }], 'with the time for which it lived')
})

t.test('own calls are never given up, whatever the store says', async (t) => {
  const living = journal({ shops: () => ['four'] })
  await living.open(callStart({ shopId: 'four', startedAt: clock.now }))
  t.equal(await seconds(300, living), 0)
})

t.test('shops that are made at run time are looked after', async (t) => {
  const shops = ['five']
  const other = journal({ shops: () => shops })
  const dead = journal({ shops: () => [] })
  await dead.open(callStart({ shopId: 'six', startedAt: clock.now }))
  dead.close()
  t.equal(await seconds(90, other), 0)
  shops.push('six')
  t.equal(await seconds(90, other), 1)
})

t.test('an end that could not be written is written when the store is back', async (t) => {
  let away = false
  const run: Store['run'] = async (...args) => {
    if (away) throw new MaskError('store_unavailable')
    return rig.store.run(...args)
  }
  const writer = journal({ store: { ...rig.store, run } })
  const start = callStart({ shopId: 'seven', startedAt: clock.now })
  await writer.open(start)
  away = true
  t.equal(await writer.finish(start, { at: clock.now + 1000, result: 'client_error', reason: 'busy' }), undefined)
  t.match(await log.ofDelivery('seven', 'demo-abc'), [{ state: 'ringing' }])
  away = false
  await new Promise((resolve) => setTimeout(resolve, 1200))
  t.match(await log.ofDelivery('seven', 'demo-abc'), [{ state: 'ended', reason: 'busy', ringMs: 1000 }])
})

/** A replica that takes over may lack what was written last. */
async function failover(shopId: string): Promise<void> {
  for await (const names of rig.store.scan(`*{shop.${shopId}}*`)) await rig.store.del(...names)
}

t.test('a record that was lost in a failover is written anew, under way or at the end', async (t) => {
  const writer = journal({ shops: () => ['eight'] })
  const [talking, ending] = [callStart({ shopId: 'eight', startedAt: clock.now }), callStart({ shopId: 'eight', startedAt: clock.now })]
  for (const start of [talking, ending]) await writer.open(start)
  await writer.answered(talking, clock.now + 4000)
  await failover('eight')
  t.match(await writer.finish(ending, { at: clock.now + 2000, result: 'client_error', reason: 'busy' }), { attempt: 1 })
  await seconds(15, writer)
  t.match(await log.ofDelivery('eight', 'demo-abc'), [{ id: talking.id, state: 'talking' }, { id: ending.id, state: 'ended', reason: 'busy' }].sort((a, b) => a.id < b.id ? -1 : 1))
  t.match(await log.live('eight'), { live: 1, talking: 1 })
  t.match(await writer.finish(talking, ends.talked(talking)), { attempt: 2, firstReached: true })
  t.equal(await rig.store.hget(`stat:{shop.eight}:${day(clock.now)}`, 'calls').then(String), '2', 'each is counted once')
})

t.test('but what was deleted stays deleted: in mid-call, and after another process had given the call up', async (t) => {
  const writer = journal({ shops: () => [] })
  const [erased, hung] = [callStart({ shopId: 'nine', startedAt: clock.now }), callStart({ shopId: 'nine', startedAt: clock.now })]
  for (const start of [erased, hung]) await writer.open(start)
  await rig.shelf.remove('nine', day(clock.now), [erased.id])
  t.equal((await log.live('nine')).live, 1)
  await writer.upkeep()
  t.equal(await writer.finish(erased, ends.talked(erased)), undefined)
  t.match(await log.ofDelivery('nine', 'demo-abc'), [{ id: hung.id }], 'no row comes back')
  const other = journal({ shops: () => ['nine'] })
  await other.recover()
  t.equal(await seconds(75, other), 1)
  await rig.shelf.remove('nine', day(clock.now), [hung.id])
  await writer.upkeep()
  t.equal(await writer.finish(hung, ends.talked(hung)), undefined)
  t.same(await log.ofDelivery('nine', 'demo-abc'), [])
  t.equal(await rig.store.call('EXISTS', 'open:{shop.nine}'), 0)
})

t.test('no time in a record is absurd, whatever the clocks said', async (t) => {
  const writer = journal()
  await wholeCall(writer, { deliveryId: 'demo-bent', startedAt: noon }, () => ({ at: noon - hour, answeredAt: noon - 2 * hour, result: 'success', reason: 'caller_hung_up' }))
  t.match(await log.ofDelivery('one', 'demo-bent'), [{ ringMs: 0, talkMs: 0, answeredAt: noon, endedAt: noon }])
})
