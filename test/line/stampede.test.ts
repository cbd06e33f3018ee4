import t from 'tap'
import { MaskError } from '../../src/errors.js'
import { epochMs } from '../../src/line/tags.js'
import type { AllocatedDelivery } from '../../src/line/types.js'
import { freshLines, linesOn, person } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const redis = await testRedis(t)

t.test('200 allocations in the same instant for the same people never share a number', async (t) => {
  const stores = await Promise.all([0, 1, 2, 3].map(() => testStore(t, redis)))
  const first = await freshLines(t, stores[0]!)
  const processes = [first, ...stores.slice(1).map((store) => linesOn(t, store))]
  const courier = person(0)
  const customers = [1, 2, 3, 4, 5].map(person)
  const attempts = Array.from({ length: 200 }, async (_, at) => {
    const customer = customers[at % customers.length]!
    const { lines, wanted } = processes[at % processes.length]!
    return { customer, delivery: await lines.allocate(wanted(courier, customer, { reference: `r${at}` })) }
  })
  const settled = await Promise.allSettled(attempts)
  const made = settled.flatMap((one) => one.status === 'fulfilled' ? [one.value] : [])
  const refused = settled.flatMap((one) => one.status === 'rejected' ? [one.reason as unknown] : [])
  t.equal(made.length, 20, 'as many as the pool has numbers')
  t.equal(new Set(made.map(({ delivery }) => delivery.number)).size, 20, 'the courier has each number once')
  t.ok(refused.every((error) => error instanceof MaskError && error.code === 'pool_exhausted'))
  for (const { customer, delivery } of made) {
    t.match(await first.lines.lookup(delivery.number, courier, delivery.id), { kind: 'connect', callee: customer, deliveryId: delivery.id })
    t.match(await first.lines.lookup(delivery.number, customer, `${delivery.id}2`), { kind: 'connect', callee: courier, deliveryId: delivery.id })
  }
})

t.test('the same while an epoch turns, with clocks on both sides of it', async (t) => {
  const stores = await Promise.all([0, 1, 2, 3].map(() => testStore(t, redis)))
  const turn = Math.ceil(1_700_000_000_000 / epochMs) * epochMs
  for (const others of [0, 20]) {
    const first = await freshLines(t, stores[0]!, {}, { now: turn - 1 })
    // Some of the numbers are taken in the epoch before already.
    for (let at = 0; at < others; at += 4) await first.lines.allocate(first.wanted(person(0), person(50 + at)))
    const clocks = stores.map((_, at) => ({ now: turn - 1 + at % 2 }))
    const processes = stores.map((store, at) => linesOn(t, store, {}, clocks[at]))
    const settled = await Promise.allSettled(Array.from({ length: 200 }, async (_, at) => {
      const { lines, wanted } = processes[at % processes.length]!
      if (at === 100) for (const clock of clocks) clock.now = turn
      const customer = person(1 + at % 5)
      return { customer, delivery: await lines.allocate(wanted(person(0), customer, { reference: `r${at}` })) }
    }))
    const made = settled.flatMap((one) => one.status === 'fulfilled' ? [one.value] : [])
    t.equal(made.length, 20 - others / 4)
    t.equal(new Set(made.map(({ delivery }) => delivery.number)).size, made.length)
    for (const { customer, delivery } of made) {
      t.match(await first.lines.lookup(delivery.number, person(0), delivery.id), { kind: 'connect', callee: customer, deliveryId: delivery.id })
      t.match(await processes[1]!.lines.lookup(delivery.number, customer, `${delivery.id}2`), { kind: 'connect', callee: person(0), deliveryId: delivery.id })
    }
  }
})

t.test('one reference in the same instant goes to one delivery', async (t) => {
  const store = await testStore(t, redis)
  const { lines, wanted } = await freshLines(t, store)
  const settled = await Promise.allSettled(Array.from({ length: 50 }, (_, at) => lines.allocate(wanted(person(at), person(at + 1), { reference: 'same' }))))
  t.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1)
})

t.test('closing, changing and allocating at once leaves every number with one delivery for each person', async (t) => {
  const store = await testStore(t, redis)
  const { lines, wanted } = await freshLines(t, store, { numbers: ['+442079460000-+442079460005'] })
  const made: AllocatedDelivery[] = []
  for (let round = 0; round < 10; round++) {
    const works: Promise<unknown>[] = []
    for (let at = 0; at < 10; at++) {
      works.push(lines.allocate(wanted(person(at % 4), person(10 + (at + round) % 6), { quarantineSeconds: 0 })).then((delivery) => made.push(delivery)))
      const old = made[(at * 7 + round) % Math.max(made.length, 1)]
      if (old !== undefined) works.push(at % 2 === 0 ? lines.close('shop', old.id) : lines.addPhone('shop', old.id, 'courier', person(20 + at % 3)))
    }
    await Promise.allSettled(works)
  }
  const seen = new Map<string, string>()
  let live = 0
  for (const { id } of made) {
    const delivery = await lines.find('shop', id).catch(() => undefined)
    if (delivery?.state !== 'live') continue
    live++
    for (let at = 0; at < 30; at++) {
      const found = await lines.lookup(delivery.number, person(at), `${id}${at}`)
      if (found.kind === 'unknown') continue
      const key = `${delivery.number} ${at}`
      t.equal(seen.get(key) ?? found.deliveryId, found.deliveryId)
      seen.set(key, found.deliveryId)
      if (found.kind === 'connect') await lines.release(found.deliveryId, `${id}${at}`)
    }
  }
  t.ok(live > 0)
})
