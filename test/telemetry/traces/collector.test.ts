import t, { type Test } from 'tap'
import { loadConfig, type Config } from '../../../src/config.js'
import { createEvents, type EventBus } from '../../../src/events.js'
import { newId } from '../../../src/ids.js'
import { createMetrics } from '../../../src/telemetry/metrics.js'
import { traceIdOf } from '../../../src/telemetry/traces/tracer.js'
import { openTraces } from '../../../src/telemetry/traces/traces.js'
import type { Traces } from '../../../src/telemetry/traces/types.js'
import { startCollector, type CollectorDouble } from '../../support/collector.js'
import { captured } from '../../support/log.js'
import { until } from '../../support/whole.js'

// They wait for the time in which spans gather, and for deadlines.
t.jobs = 4

interface Bench {
  readonly collector: CollectorDouble
  readonly events: EventBus
  readonly traces: Traces
  readonly logged: () => string
  /** Ends a call of so many spans: the call itself and a look-up. */
  readonly call: (id?: string) => string
  /** Spans so far by what became of them. */
  readonly counts: () => Promise<Record<string, number>>
}

const spansOfCall = 2

async function bench(t: Test, manner: CollectorDouble['manner'] = 'takes', change: Partial<Config['traces']> = {}): Promise<Bench> {
  const collector = await startCollector(t, manner)
  const events = createEvents((error) => { throw error })
  const metrics = createMetrics(events, {})
  const { log, text } = captured()
  const traces = await openTraces({ config: { ...loadConfig({}).traces, endpoint: collector.url, timeoutMs: 30_000, ...change }, wayOut: 'way', events, log })
  t.teardown(() => traces.close())
  return {
    collector, events, traces, logged: text,
    call: (callId = newId()) => {
      events.emit('call.traced', { callId, shopId: 'demo', caller: 'courier', startedAt: Date.now(), result: 'client_error', reason: 'busy', steps: [{ at: 0, what: 'a.in.invite' }, { at: 2, what: 'lookup', detail: 'connect' }] })
      return callId
    },
    counts: async () => Object.fromEntries([...(await metrics.text()).matchAll(/^maskline_trace_spans_total\{outcome="(\w+)"\} (\d+)$/gm)].map(([, outcome = '', count]) => [outcome, Number(count)] as const))
  }
}

const settled = (bench: Bench, outcome: string, count: number): Promise<unknown> =>
  until(async () => (await bench.counts())[outcome] === count ? true : undefined, `${count} ${outcome}`)

t.test('what is over is sent with its headers, under an id that follows from the call\'s', async (t) => {
  const one = await bench(t, 'takes', { headers: { authorization: 'Bearer hunter2' } })
  const id = one.call()
  await settled(one, 'sent', spansOfCall)
  const { spans, resources } = one.collector
  t.match(spans.map(({ name, traceId }) => ({ name, traceId })), [{ name: 'look up', traceId: traceIdOf(id) }, { name: 'call', traceId: traceIdOf(id) }])
  t.equal(spans[0]!.parentSpanId, spans[1]!.spanId)
  t.match(resources[0], { 'service.name': 'maskline', 'service.version': /^\d+\.\d+\.\d+$/, 'telemetry.sdk.language': 'nodejs' })
  t.match(one.collector.bytes().toString(), /authorization\nBearer hunter2\n/)
  t.notMatch(one.logged(), /hunter2/)
})

t.test('of a stranger\'s call nothing is drawn, unless the fault is ours; nor of those who watch', async (t) => {
  const one = await bench(t)
  const stranger = { callId: newId(), startedAt: Date.now(), reason: 'line_unknown', steps: [] }
  one.events.emit('call.traced', { ...stranger, result: 'client_error' })
  for (const route of ['/healthz', '/readyz']) one.events.emit('http.answered', { requestId: newId(12), method: 'GET', route, status: 200, ms: 1 })
  one.events.emit('call.traced', { ...stranger, result: 'server_error', reason: 'store_unavailable' })
  await one.traces.close()
  t.match(one.collector.spans, [{ name: 'call', status: 2, attributes: { 'error.type': 'store_unavailable' } }])
  one.call()
  t.same(await one.counts(), { sent: 1 }, 'after the end nothing is drawn any more')
})

t.test('a share of the calls, the same ones in every process', async (t) => {
  const [one, other] = [await bench(t, 'takes', { percent: 10 }), await bench(t, 'takes', { percent: 10 })]
  const ids = Array.from({ length: 500 }, () => one.call())
  for (const id of ids) other.call(id)
  await Promise.all([one.traces.close(), other.traces.close()])
  const traced = (bench: Bench): string[] => [...new Set(bench.collector.spans.map(({ traceId }) => traceId))].sort()
  t.same(traced(one), traced(other))
  t.ok(traced(one).length > 15 && traced(one).length < 110, `${traced(one).length} of 500`)
  t.equal(one.collector.spans.length, spansOfCall * traced(one).length, 'whole ones')
})

for (const manner of [400, 500, 503, 'hangs'] as const) {
  t.test(`a collector that ${typeof manner === 'number' ? `answers ${manner}` : manner}: spans are lost and counted, and later ones arrive`, async (t) => {
    const one = await bench(t, manner, { timeoutMs: 1000 })
    one.call()
    await settled(one, 'failed', spansOfCall)
    one.collector.manner = 'takes'
    // On a busy machine a whole second may pass once more.
    const ids: string[] = []
    await until(async () => ids.push(one.call()) > 0 && (await one.counts()).sent !== undefined ? true : undefined, 'one that is sent')
    t.ok(one.collector.spans.length > 0 && one.collector.spans.every(({ traceId }) => ids.map(traceIdOf).includes(traceId)))
    t.match(one.logged(), /traces\.not_taken[^]*traces\.sent_again/)
    t.equal(one.logged().match(/not_taken/g)?.length, 1, 'said once')
    if (manner === 400 || manner === 500) t.match(one.logged(), new RegExp(`"status":${manner}`))
  })
}

t.test('an answer that never ends is cut off', async (t) => {
  const one = await bench(t, 'drips', { timeoutMs: 1000 })
  one.call()
  await settled(one, 'sent', spansOfCall)
  t.equal(one.collector.requests, 1, 'it said 200')
})

t.test('nobody there', async (t) => {
  // Between the second try, after about a second, and the third: none of them is cut off, which looks different.
  const one = await bench(t, 'takes', { endpoint: 'http://127.0.0.1:9/v1/traces', timeoutMs: 1700 })
  one.call()
  await settled(one, 'failed', spansOfCall)
  t.match(one.logged(), /"code":"ECONN(REFUSED|RESET)".*traces\.not_taken/)
})

t.test('while it hangs no more wait than there is room for', async (t) => {
  const one = await bench(t, 'hangs', { queuedSpans: 64, timeoutMs: 60_000 })
  for (let i = 0; i < 100; i++) one.call()
  t.same(await one.counts(), { dropped: 100 * spansOfCall - 64 })
  await until(async () => one.collector.requests > 0 ? true : undefined, 'a request')
  one.call()
  t.same(await one.counts(), { dropped: 101 * spansOfCall - 64 }, 'what is on its way takes room, too')
  await one.traces.close()
  t.match(one.collector.requests, 1)
  t.same(one.collector.spans, [], 'a stop does not wait for it')
  t.equal((await one.counts()).failed, 64, 'and counts it as lost')
})

t.test('a stop sends what waits', async (t) => {
  const one = await bench(t)
  for (let i = 0; i < 1000; i++) one.call()
  await one.traces.close()
  t.equal(one.collector.spans.length, 1000 * spansOfCall)
  t.same(await one.counts(), { sent: 1000 * spansOfCall })
})
