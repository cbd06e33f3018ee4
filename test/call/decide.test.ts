import t from 'tap'
import { decide } from '../../src/call/decide.js'
import type { E164 } from '../../src/phone/types.js'

const callee = '+46701740606' as E164
const party = { deliveryId: 'demo-x', shopId: 'demo', reference: 'order-1', caller: 'courier' } as const
const yes = (): boolean => true

t.test('a party of a live delivery is connected to the other party', (t) => {
  t.same(decide({ kind: 'connect', ...party, callee }, yes), { kind: 'connect', belonging: party, callee })
  t.end()
})

t.test('the country and kind of the callee are asked about once more', (t) => {
  const asked: string[] = []
  const decision = decide({ kind: 'connect', ...party, callee }, (number) => { asked.push(number); return false })
  t.same(asked, [callee])
  t.match(decision, { kind: 'announce', prompt: 'unavailable', reason: 'callee_not_allowed' })
  t.end()
})

t.test('a stranger hears that the number is not available and is tied to nothing', (t) => {
  t.same(decide({ kind: 'unknown' }, yes), { kind: 'announce', prompt: 'unavailable', reason: 'line_unknown' })
  t.end()
})

t.test('a late party hears that the delivery is over', (t) => {
  t.same(decide({ kind: 'over', ...party }, yes), { kind: 'announce', belonging: party, prompt: 'over', reason: 'delivery_over' })
  t.end()
})

t.test('what a party may not do now sounds like a number that is not available', (t) => {
  t.match(decide({ kind: 'wrong_direction', ...party }, yes), { prompt: 'unavailable', reason: 'wrong_direction' })
  t.match(decide({ kind: 'limited', ...party, limit: 'concurrent' }, yes), { prompt: 'unavailable', reason: 'line_busy' })
  for (const limit of ['hourly', 'caller', 'number'] as const) {
    t.match(decide({ kind: 'limited', ...party, limit }, yes), { prompt: 'unavailable', reason: 'too_many_calls' })
  }
  t.end()
})
