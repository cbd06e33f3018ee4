import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { dayOf } from '../../../src/record/day.js'
import { takeLock } from '../../../src/record/retention/lock.js'
import { createRecordShelf } from '../../../src/record/shelf.js'
import type { Store } from '../../../src/store/redis.js'
import { wholeCall } from '../support.js'
import { admin, dayMs, outcome, stage, start, type Stage } from './support.js'

const reason = 'a test'

/** A store whose process dies at its n-th command: whether that one still arrives or not, none comes after it. */
function mortal(store: Store, life: number, lastArrives: boolean): { store: Store, used: () => number } {
  let count = 0
  const dead = new Promise<never>(() => undefined)
  const step = (work: () => Promise<never>): Promise<never> => {
    count++
    if (count < life) return work()
    if (count === life && lastArrives) void work()
    return dead
  }
  const names = ['run', 'runDurably', 'call', 'transaction', 'get', 'set', 'del', 'hset', 'hget', 'hgetall', 'hdel', 'zadd', 'zrem', 'zrange'] as const
  const parts = Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => step(() => (store[name] as (...all: unknown[]) => Promise<never>)(...args))]))
  return { store: { ...store, ...parts }, used: () => count }
}

async function fill({ journal, room, time }: Stage): Promise<void> {
  const writer = journal()
  for (let at = 0; at < 6; at++) await wholeCall(writer, { deliveryId: `demo-${at % 3}`, startedAt: time.now + at * dayMs })
  await room.holds.create({ shopId: 'one', kind: 'hold', scope: { deliveryId: 'demo-2' }, reason, endsAt: time.now + 200 * dayMs, actor: admin })
}

t.test('G8 a run that is killed anywhere is taken up, and in the end the same is gone', async (t) => {
  const made = await stage(t)
  const { shelf, ring, store, pass, another, room } = made
  let resumed = 0
  for (let life = 1, done = false; !done; life += 2) {
    await fill(made)
    pass(35 * dayMs)
    await room.runner.confirmClock({ actor: admin, reason })
    const victim = mortal(store, life, life % 4 === 1)
    const dying = another({ store: victim.store, shelf: createRecordShelf({ store: victim.store }) })
    const outcomeOfDying = await Promise.race([dying.runner.run('one', { actor: admin }).then(() => 'ended'), sleep(60, 'killed')])
    done = outcomeOfDying === 'ended'
    // Its lock runs out.
    await store.del('ret:{shop.one}:lock')
    const run = await room.runner.run('one', { actor: admin })
    resumed += run.cause === 'resumed' ? 1 : 0
    t.match(run, { state: 'done' }, `killed at command ${life}`)
    t.match(outcome(run, 'record'), { failed: 0 })
    const left = (await Promise.all((await shelf.days('one')).map((day) => shelf.ofDelivery('one', 'demo-2').then((rows) => rows.filter((row) => row.day === day))))).flat()
    const all = (await Promise.all((await shelf.days('one')).map((day) => shelf.count('one', day)))).reduce((sum, count) => sum + count, 0)
    t.equal(all, left.length, 'only what is held is left')
    t.same((await ring.list({ purpose: 'record' })).map(({ scope }) => scope.period).sort(), await shelf.days('one'), 'with its keys and no others')
    t.ok(left.length >= 2)
    const again = await room.runner.run('one', { actor: admin })
    t.match(outcome(again, 'record'), { deleted: 0, keysDestroyed: 0 })
    // A fresh start on other days for the next round.
    for (const day of await shelf.days('one')) await shelf.clear('one', day)
    for (const hold of await room.holds.list('one')) await room.holds.end('one', hold.id, { actor: admin, reason })
    await ring.destroy((await ring.list({ purpose: 'record' })).map(({ scope }) => scope))
  }
  t.ok(resumed > 10, `${resumed} were taken up`)
})

t.test('G8 one process at a time; the lock of a dead one runs out, and a late one changes nothing', async (t) => {
  const { store, room, journal, shelf, pass, another } = await stage(t)
  await wholeCall(journal(), { startedAt: start })
  pass(31 * dayMs)
  const late = (await takeLock(store, 'one', 'late'))!
  t.equal(await takeLock(store, 'one', 'second'), undefined)
  await t.rejects(room.runner.run('one', { actor: admin }), { code: 'retention_running', retryAfter: 5 })
  t.ok(Number(await store.call('PTTL', late.fence.key)) <= 30_000)
  await store.del(late.fence.key)
  const next = (await takeLock(store, 'one', 'next'))!
  t.not(next.fence.token, late.fence.token)
  t.equal(next.resumes, true)
  await t.rejects(late.beat(0), { name: 'LockLost' })
  await t.rejects(late.end({ report: '{}', at: 1, failed: false }), { name: 'LockLost' })
  await t.rejects(shelf.clear('one', dayOf(start), { fence: late.fence }), { code: 'store_unavailable' }, 'its last command deletes nothing')
  t.equal(await shelf.count('one', dayOf(start)), 1)
  t.equal(await next.end({ report: JSON.stringify({ id: 'x' }), at: 1, failed: false }), 0)
  late.let()
  next.let()
  const runs = await Promise.allSettled([room, another(), another()].map((one) => one.runner.run('one', { actor: admin })))
  t.ok(runs.some(({ status }) => status === 'fulfilled'))
  t.equal(await shelf.count('one', dayOf(start)), 0)
})

t.test('G15 a hold that comes in the middle of a run is obeyed by the time it is answered', async (t) => {
  const { store, room, journal, shelf, pass } = await stage(t)
  const writer = journal()
  for (let at = 0; at < 1600; at++) await wholeCall(writer, { deliveryId: at === 1599 ? 'demo-last' : 'demo-many', startedAt: start + at })
  pass(31 * dayMs)
  const running = room.runner.run('one', { actor: admin })
  while (await shelf.count('one', dayOf(start)) === 1600) await sleep(0)
  const hold = await room.holds.create({ shopId: 'one', kind: 'hold', scope: { deliveryId: 'demo-last' }, reason, endsAt: start + 200 * dayMs, actor: admin })
  const thereWhenAnswered = (await shelf.ofDelivery('one', 'demo-last')).length
  const record = outcome(await running, 'record')
  t.equal((await shelf.ofDelivery('one', 'demo-last')).length, thereWhenAnswered, 'what was there when it was answered stays')
  t.equal(record.held, thereWhenAnswered)
  t.equal(record.deleted + record.held, 1600)
  t.ok(hold.id)
  t.equal(await store.get('ret:{shop.one}:lock'), undefined)
})

t.test('G15 a hold is not answered while a run that does not know it goes on', async (t) => {
  const { store, room } = await stage(t)
  const lock = (await takeLock(store, 'one', 'deaf'))!
  const creating = room.holds.create({ shopId: 'one', kind: 'hold', scope: { deliveryId: 'demo-a' }, reason, endsAt: start + dayMs, actor: admin })
  t.equal(await Promise.race([creating.then(() => 'answered'), sleep(150, 'waiting')]), 'waiting')
  t.equal(await lock.beat(0), 1)
  t.equal(await Promise.race([creating.then(() => 'answered'), sleep(150, 'waiting')]), 'waiting', 'not when it was told, but when it goes by it')
  await lock.beat(1)
  t.match(await creating, { kind: 'hold' })
  lock.let()
})
