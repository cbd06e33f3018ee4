import t from 'tap'
import { decide } from '../../src/call/decide.js'
import type { E164 } from '../../src/phone/types.js'

const callee = '+46701740606' as E164
const party = { deliveryId: 'demo-x', shopId: 'demo', reference: 'order-1', caller: 'courier', phones: { courier: '+46701740605' as E164, customer: callee } } as const
const policy = { mayDial: () => true, asksCode: false }

t.test('a party of a live delivery is connected to the other party', (t) => {
  t.same(decide({ kind: 'connect', ...party, callee }, policy), { kind: 'connect', belonging: party, callee, support: false })
  t.end()
})

t.test('the country and kind of the callee are asked about once more', (t) => {
  const asked: string[] = []
  const decision = decide({ kind: 'connect', ...party, callee }, { ...policy, mayDial: (number) => { asked.push(number); return false } })
  t.same(asked, [callee])
  t.match(decision, { kind: 'announce', prompt: 'unavailable', reason: 'callee_not_allowed' })
  t.end()
})

t.test('a stranger hears that the number is not available and is tied to nothing', (t) => {
  t.same(decide({ kind: 'unknown' }, policy), { kind: 'announce', prompt: 'unavailable', reason: 'line_unknown' })
  t.end()
})

t.test('a late party hears that the delivery is over', (t) => {
  t.same(decide({ kind: 'over', ...party }, policy), { kind: 'announce', belonging: party, prompt: 'over', reason: 'delivery_over' })
  t.end()
})

t.test('a late party is put through to the shop\'s support line where there is one', (t) => {
  const support = '+46701740699' as E164
  t.same(decide({ kind: 'over', ...party }, { ...policy, support }), { kind: 'connect', belonging: party, callee: support, support: true })
  t.match(decide({ kind: 'over', ...party }, { ...policy, support, mayDial: () => false }), { kind: 'announce', reason: 'callee_not_allowed' })
  t.end()
})

t.test('a stranger is asked for a code where the trunk says so', (t) => {
  t.same(decide({ kind: 'unknown' }, { ...policy, asksCode: true }), { kind: 'ask' })
  t.match(decide({ kind: 'over', ...party }, { ...policy, asksCode: true }), { kind: 'announce' }, 'a party is never asked')
  t.end()
})

t.test('whoever withholds their number may be refused, and is not dialled for then', (t) => {
  const refusing = { ...policy, refusesWithheld: true, mayDial: () => t.fail('nobody is looked at') }
  const refused = { kind: 'announce', belonging: party, prompt: 'unavailable', reason: 'withheld_refused' }
  t.same(decide({ kind: 'connect', ...party, callee }, refusing), refused)
  t.same(decide({ kind: 'over', ...party }, { ...refusing, support: '+46701740699' as E164 }), refused, 'the support line is a use, too')
  t.match(decide({ kind: 'over', ...party }, refusing), { prompt: 'over' }, 'a party may hear that it is over')
  t.same(decide({ kind: 'unknown' }, { ...refusing, asksCode: true }), { kind: 'ask' }, 'whose line it is becomes known by the code')
  t.end()
})

t.test('what a party may not do now sounds like a number that is not available', (t) => {
  t.match(decide({ kind: 'wrong_direction', ...party }, policy), { prompt: 'unavailable', reason: 'wrong_direction' })
  t.match(decide({ kind: 'limited', ...party, limit: 'concurrent' }, policy), { prompt: 'unavailable', reason: 'line_busy' })
  for (const limit of ['hourly', 'caller', 'number'] as const) {
    t.match(decide({ kind: 'limited', ...party, limit }, policy), { prompt: 'unavailable', reason: 'too_many_calls' })
  }
  t.end()
})
