import t from 'tap'
import { EndCall, reasons, statusOf, terminated, terminationOf } from '../../src/call/termination.js'
import { MaskError } from '../../src/errors.js'
import { CallerGone, CallFailed } from '../../src/sip/types.js'

t.test('every refusal of a callee has one meaning and one status for the caller', (t) => {
  const cases: [number, string, number][] = [
    [486, 'busy', 486], [600, 'busy', 486], [603, 'declined', 603], [607, 'declined', 603],
    [488, 'media_incompatible', 488], [606, 'media_incompatible', 488], [302, 'redirected', 480],
    [404, 'unreachable', 480], [408, 'unreachable', 480], [480, 'unreachable', 480], [503, 'unreachable', 480], [407, 'unreachable', 480]
  ]
  for (const [status, reason, answer] of cases) {
    const termination = terminationOf(new CallFailed(status))
    t.equal(termination.reason, reason, `${status}`)
    t.equal(statusOf(termination), answer, `${status} is told as ${answer}`)
  }
  t.end()
})

t.test('what we throw ourselves keeps its reason', (t) => {
  t.same(terminationOf(new EndCall('no_answer')), { result: 'client_error', reason: 'no_answer' })
  t.same(terminationOf(new CallerGone()), { result: 'client_error', reason: 'caller_cancelled' })
  t.same(terminationOf(new MaskError('store_unavailable')), { result: 'server_error', reason: 'store_unavailable' })
  t.same(terminationOf(new MaskError('store_full')), { result: 'server_error', reason: 'store_unavailable' })
  t.same(terminationOf(new MaskError('phone_in_use')), { result: 'server_error', reason: 'internal' })
  t.same(terminationOf(new TypeError('x')), { result: 'server_error', reason: 'internal' })
  t.same(terminationOf(undefined), { result: 'server_error', reason: 'internal' })
  t.end()
})

t.test('a caller who is gone is answered nothing', (t) => {
  t.equal(statusOf(terminated('caller_cancelled')), 0)
  t.equal(statusOf(terminated('caller_hung_up')), 0)
  t.end()
})

t.test('every reason has a result, and failures of ours say so', (t) => {
  for (const reason of reasons) t.type(terminated(reason).result, 'string', reason)
  t.equal(statusOf(terminated('shutting_down')), 503)
  t.end()
})
