import t from 'tap'
import { allocate } from '../../src/line/allocate.js'
import { CodeOffers } from '../../src/line/code.js'
import type { LineContext } from '../../src/line/context.js'
import { Doubts } from '../../src/line/doubts.js'
import { CapAlarms } from '../../src/line/alarms.js'
import { createNumberPlan } from '../../src/line/numbers.js'
import { slotOf } from '../../src/line/slot.js'
import { createTags } from '../../src/line/tagged.js'
import { epochMs } from '../../src/line/tags.js'
import { createLog } from '../../src/telemetry/log.js'
import { freshLines, lineConfig, person } from '../support/lines.js'
import { testRedis, testStore } from '../support/redis.js'

const store = await testStore(t, await testRedis(t))

t.test('the same digits are never given twice on one number, whatever the epoch', async (t) => {
  const { keys, wanted, now, advance } = await freshLines(t, store)
  const config = lineConfig({ numbers: ['+442079460000'] })
  const context: LineContext = { store, keys, config, log: createLog('silent'), plan: createNumberPlan(config.pools), tags: createTags({ keys, store, clock: now }), alarms: new CapAlarms({ store, log: createLog('silent') }), now }
  const rows = ['12345', '12345', '12345', '12346', '12345', '12346', '98765']
  class Fixed extends CodeOffers {
    protected override digits(): string {
      return rows.shift()!
    }
  }
  const given: string[] = []
  const codes = new Fixed()
  const next = async (at: number): Promise<unknown> => given.push((await allocate(context, codes, new Doubts(context), wanted(person(at), person(at + 1)))).accessCode)
  advance((epochMs - now() % epochMs) / 1000 - 1)
  for (const at of [0, 2]) await next(at)
  advance(1)
  await next(4)
  t.same(given, ['12345', '12346', '98765'])
  t.same(rows, [])
})

t.test('codes are of the length that was learnt, longer at once and shorter with patience', async (t) => {
  const codes = new CodeOffers()
  const seen = new Set<string>()
  for (let at = 0; at < 200; at++) {
    const code = codes.offer('demo')
    t.match(code, /^\d{5}$/)
    seen.add(code)
  }
  t.ok(seen.size > 190)
  codes.learn('demo', 8)
  t.equal(codes.offer('demo').length, 8)
  t.equal(codes.offer('other').length, 5)
  for (let at = 0; at < 255; at++) codes.learn('demo', 6)
  t.equal(codes.offer('demo').length, 8)
  codes.learn('demo', 6)
  t.equal(codes.offer('demo').length, 6)
  codes.learn('demo', 99)
  t.equal(codes.offer('demo').length, 10)
  for (let at = 0; at < 256; at++) codes.learn('demo', 4)
  t.equal(codes.offer('demo').length, 5)
})

t.test('slots spread over the shards and differ', async (t) => {
  const { keys, now } = await freshLines(t, store)
  const key = await keys.use({ purpose: 'tag', owner: 'demo', period: '20231109' }, now())
  const slots = Array.from({ length: 5000 }, (_, at) => slotOf(key.tag('code', String(at))))
  t.equal(new Set(slots).size, 5000)
  t.ok(new Set(slots.map((slot) => slot.slice(0, 4))).size > 3500)
  for (const slot of slots.slice(0, 20)) t.match(slot, /^[0-3][0-9a-f]{3}[\w-]{14}$/)
})
