import t from 'tap'
import { allocate } from '../../src/line/allocate.js'
import { CodeOffers } from '../../src/line/code.js'
import type { LineContext } from '../../src/line/context.js'
import { Doubts } from '../../src/line/doubts.js'
import { createNumberPlan } from '../../src/line/numbers.js'
import { slotOf } from '../../src/line/slot.js'
import { createVault } from '../../src/store/crypto.js'
import { createLog } from '../../src/telemetry/log.js'
import { freshLines, lineConfig, masterKey, person } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))
const vault = createVault(masterKey)

t.test('the same digits are never given twice on one number', async (t) => {
  const { wanted, now } = await freshLines(t, store)
  const config = lineConfig({ numbers: ['+442079460000'] })
  const context: LineContext = { store, vault, config, log: createLog('silent'), plan: createNumberPlan(config.pools), now }
  const codes = new CodeOffers(vault)
  const rows = ['1234567890', '1234567890', '1234567890', '1234567890', '9876543210']
  const fixed = Object.assign(new CodeOffers(vault), {
    offer: (pool: string) => {
      const row = rows.length > 1 ? rows.shift()! : rows[0]!
      return { row, shortest: 5, slots: [5, 6].map((length) => codes.slot(pool, row.slice(0, length))) }
    }
  })
  const given: string[] = []
  for (const at of [0, 2, 4]) given.push((await allocate(context, fixed, new Doubts(context), wanted(person(at), person(at + 1)))).accessCode)
  t.same(given, ['12345', '123456', '98765'])
})

t.test('codes are even, of the length that was learnt, and stand in a slot', async (t) => {
  const codes = new CodeOffers(vault)
  const seen = new Set<string>()
  for (let at = 0; at < 200; at++) {
    const { row, shortest, slots } = codes.offer('demo')
    t.match(row, /^\d{10}$/)
    t.equal(shortest, 5)
    t.same(slots, [codes.slot('demo', row.slice(0, 5)), codes.slot('demo', row.slice(0, 6))])
    seen.add(row)
  }
  t.equal(seen.size, 200)
  codes.learn('demo', 8)
  t.equal(codes.offer('demo').shortest, 8)
  t.equal(codes.offer('other').shortest, 5)
  codes.learn('demo', 99)
  t.equal(codes.offer('demo').slots.length, 2)
})

t.test('slots spread over the shards and differ', async (t) => {
  const slots = Array.from({ length: 5000 }, (_, at) => slotOf(vault.codeTag('demo', String(at))))
  t.equal(new Set(slots).size, 5000)
  t.ok(new Set(slots.map((slot) => slot.slice(0, 4))).size > 3500)
  for (const slot of slots.slice(0, 20)) t.match(slot, /^[0-3][0-9a-f]{3}[\w-]{14}$/)
})
