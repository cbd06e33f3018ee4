import t from 'tap'
import { reasons } from '../../src/call/termination.js'
import { missedBy, outcomeOf, reachOf } from '../../src/record/outcome.js'
import type { CallRecord } from '../../src/record/types.js'
import { noon } from './support.js'

t.test('every reason has an outcome, and whoever talked was reached', (t) => {
  const of = (outcome: string): string[] => reasons.filter((reason) => outcomeOf({ reason }) === outcome)
  t.same(of('missed'), ['caller_cancelled', 'no_answer', 'not_accepted', 'first_no_answer', 'first_not_accepted'])
  t.same(of('busy'), ['busy', 'first_busy', 'line_busy'])
  t.same(of('declined'), ['declined', 'first_declined'])
  t.same(of('reached'), [])
  for (const reason of reasons) t.equal(outcomeOf({ reason, answeredAt: 1 }), 'reached')
  t.end()
})

t.test('who missed a call', (t) => {
  for (const reason of ['no_answer', 'not_accepted', 'caller_cancelled', 'busy', 'declined', 'unreachable']) {
    t.equal(missedBy({ reason, callee: 'customer' }), 'customer', reason)
    t.equal(missedBy({ reason, callee: 'support' }), undefined, 'the support line is nobody to be told')
    t.equal(missedBy({ reason, callee: 'customer', answeredAt: 1 }), undefined, 'they talked')
    t.equal(missedBy({ reason }), undefined)
  }
  for (const reason of ['first_no_answer', 'first_busy', 'first_declined', 'first_unreachable', 'first_not_accepted']) t.equal(missedBy({ reason, callee: 'customer' }), 'courier', reason)
  for (const reason of ['line_busy', 'media_unavailable', 'process_died', 'redirected', 'delivery_over']) t.equal(missedBy({ reason, callee: 'customer' }), undefined, reason)
  t.end()
})

t.test('how the parties of a delivery reached each other', (t) => {
  const call = (at: number, over: Partial<CallRecord>): CallRecord =>
    ({ id: `c${at}`, deliveryId: 'demo-abc', reference: 'order-1', startedBy: 'courier', callee: 'customer', startedAt: noon + at, state: 'ended', ...over })
  t.same(reachOf([]), { reached: false, attempts: 0, missedBy: { courier: 0, customer: 0 } })
  const calls = [
    call(0, { reason: 'no_answer' }),
    call(30_000, { startedBy: 'customer', callee: 'courier', reason: 'busy' }),
    call(60_000, { callee: undefined, reason: 'too_many_calls' } as object),
    call(90_000, { answeredAt: noon + 95_400, reason: 'caller_hung_up' }),
    call(120_000, { reason: 'no_answer' }),
    call(150_000, { callee: 'support', answeredAt: noon + 151_000, reason: 'caller_hung_up' }),
    call(180_000, { state: 'ringing' })
  ]
  t.same(reachOf(calls), { reached: true, attempts: 5, reachedOnAttempt: 3, firstReachedAfterSeconds: 95, missedBy: { courier: 1, customer: 2 } })
  t.end()
})
