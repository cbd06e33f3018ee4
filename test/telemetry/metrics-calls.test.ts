import t from 'tap'
import { createEvents, type Events } from '../../src/events.js'
import { createMetrics } from '../../src/telemetry/metrics.js'

const events = createEvents((error) => { throw error })
const metrics = createMetrics(events, {})
const ended: Events['call.ended'] = { callId: 'c', deliveryId: 'demo-canary', shopId: 'canary', caller: 'courier', at: 1, result: 'client_error', reason: 'busy', outcome: 'busy', attempt: 1, firstReached: false, ringMs: 1000, talkMs: 0 }

t.test('how often people reach each other, and on which attempt, without a word of who they are', async (t) => {
  events.emit('call.ended', ended)
  events.emit('call.missed', { callId: 'c', deliveryId: 'demo-canary', shopId: 'canary', caller: 'courier', missedBy: 'customer', outcome: 'busy', reason: 'busy', attempt: 1, at: 1 })
  events.emit('call.ended', { ...ended, result: 'success', reason: 'caller_hung_up', outcome: 'reached', attempt: 2, firstReached: true, talkMs: 5000 })
  events.emit('call.ended', { ...ended, result: 'success', reason: 'caller_hung_up', outcome: 'reached', attempt: 3, talkMs: 5000 })
  events.emit('call.ended', { callId: 'stranger', at: 1, result: 'client_error', reason: 'line_unknown', ringMs: 1, talkMs: 0 })
  const text = await metrics.text()
  for (const line of [
    'maskline_call_outcomes_total{outcome="busy"} 1', 'maskline_call_outcomes_total{outcome="reached"} 2',
    'maskline_calls_missed_total{party="customer",outcome="busy"} 1',
    'maskline_reached_on_attempt_bucket{le="1"} 0', 'maskline_reached_on_attempt_bucket{le="2"} 1', 'maskline_reached_on_attempt_count 1',
    'maskline_calls_ended_total{result="client_error",reason="line_unknown"} 1'
  ]) t.ok(text.includes(`\n${line}\n`), line)
  t.notMatch(text, /canary/)
})
