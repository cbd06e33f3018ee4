import { createRequire } from 'node:module'
import t from 'tap'
import { allowed } from '../../src/telemetry/traces/attributes.js'
import { startCollector, type CollectorDouble, type ReceivedSpan } from '../support/collector.js'
import { until } from '../support/whole.js'
import { findings } from '../privacy/canary.js'
import { courierNumber, customerNumber, freshLine, stage, strangerNumber, talking, type Stage } from './stage.js'

/** Files of the libraries; the metrics' own library loads the names of the API, which do nothing by themselves. */
const loaded = (): string[] => Object.keys(createRequire(import.meta.url).cache).filter((path) => /@opentelemetry\/(?!api\/)/.test(path))

/** Calls from courier to customer, who answers; returns the call's id. */
async function talk(play: Stage): Promise<string> {
  const line = await freshLine(play)
  const [call] = await talking(play, line)
  await call.hangUp()
  return (await play.endedCalls(line.id, 1))[0]!.id
}

const ofCall = (collector: CollectorDouble, id: string): Promise<ReceivedSpan[]> => until(async () => {
  const root = collector.spans.find(({ attributes }) => attributes['maskline.call.id'] === id)
  return root && collector.spans.filter(({ traceId }) => traceId === root.traceId)
}, 'the trace')

t.test('without a collector no library is loaded', async (t) => {
  const play = await stage(t)
  await talk(play)
  t.same(loaded(), [])
  t.match(await play.metrics(), /^# TYPE maskline_trace_spans_total counter$/m)
})

t.test('a call is one trace, and nobody stands in it', async (t) => {
  const collector = await startCollector(t)
  const play = await stage(t, (config) => { config.traces = { ...config.traces, endpoint: collector.url } })
  const began = BigInt(Date.now()) * 1_000_000n
  const id = await talk(play)
  const spans = await ofCall(collector, id)
  t.ok(loaded().length > 0)

  await t.test('as a tree whose times lie within each other', async (t) => {
    const by = new Map(spans.map((span) => [span.spanId, span]))
    const path = ({ name, parentSpanId }: ReceivedSpan): string => parentSpanId === undefined ? name : `${path(by.get(parentSpanId)!)}/${name}`
    // The record is opened, and an engine found, beside what follows on the look-up, and may be there sooner or later.
    t.same(spans.map((span) => ['open record', 'media'].includes(span.name) ? span.name : path(span)).sort(), ['call', 'call/answer', 'call/end', 'call/gate', 'call/look up', 'call/reach', 'call/reach/try', 'call/reach/try/ringing', 'call/talk', 'media', 'open record'])
    for (const span of spans) {
      const parent = by.get(span.parentSpanId ?? '')
      t.ok(span.from <= span.to && span.from >= began, span.name)
      if (parent) t.ok(parent.from <= span.from && span.to <= parent.to, `${span.name} within ${parent.name}`)
    }
  })

  await t.test('with what the record says, under an id that the call\'s leads to', async (t) => {
    const named = (name: string): ReceivedSpan => spans.find((span) => span.name === name)!
    t.match(named('call'), { kind: 2, attributes: { 'maskline.call.id': id, 'maskline.shop.id': 'demo', 'maskline.trunk.id': 'demo', 'maskline.call.started_by': 'courier', 'maskline.call.callee': 'customer', 'maskline.call.result': 'success', 'maskline.call.reason': 'caller_hung_up', 'maskline.call.outcome': 'reached', 'maskline.call.attempt': 1 } })
    t.match(named('try'), { kind: 3, attributes: { 'maskline.gateway': 1, 'maskline.trunk.id': 'demo', 'maskline.sip.status_code': 200, 'maskline.side': 'b' } })
    t.ok(named('call').events.some(({ name }) => name === 'a.in.bye'))
    const { status, body } = await play.api('GET', `/v1/calls/${id}/trace`)
    t.equal(status, 200)
    t.equal(named('call').events.length, (body.steps as { what: string }[]).filter(({ what }) => !/^(state|lookup|gate|media|record|end|b\.out\.invite|b\.in\.status)$/.test(what)).length, 'and every step is somewhere')
    t.match(play.logged(), new RegExp(`"callId":"${id}"`))
  })

  await t.test('G1: no number, name or address reaches the collector, whatever a client sends', async (t) => {
    const word = 'zqkanaarabbbb'
    const digits = courierNumber.slice(1)
    const headers = {
      authorization: `Bearer ${word}`, 'user-agent': word, 'x-request-id': digits, 'x-forwarded-for': word, baggage: `phone=${digits}`, tracestate: `a=${word}`,
      traceparent: `00-000000000000000000000${digits}-00000${digits}-01`
    }
    for (const path of [`/v1/deliveries/${digits}`, `/v1/${word}`, `/v1/calls?cursor=${digits}`, `/${word}?${digits}`]) {
      for (const method of ['GET', 'POST', 'PROPFIND']) await fetch(`http://127.0.0.1:${play.app.httpPort}${path}`, { method, headers })
    }
    const refused = play.stranger.call((await freshLine(play)).number, { via: play.via })
    await refused.refused(15_000)
    await play.app.close()
    t.ok(collector.spans.some(({ name }) => name === 'GET /v1/deliveries/:id'), 'requests are drawn, too')
    // Times are digits, too: only whole numbers that were used count.
    const numbers = [courierNumber, customerNumber, strangerNumber]
    t.same(findings(collector.bytes()).filter((found) => found === word || numbers.some((number) => number.endsWith(found))), [])
    for (const secret of ['127.0.0.1:5060', customerNumber.slice(1), play.app.apiKey, 'order-']) t.notOk(collector.bytes().includes(secret), secret)
    t.equal(collector.spans.filter(({ name }) => name === 'call').length, 1, 'nor is the stranger\'s call')
    for (const { attributes, events } of collector.spans) {
      for (const name of [attributes, ...events.map((event) => event.attributes)].flatMap((values) => Object.keys(values))) t.ok(Object.hasOwn(allowed, name), name)
    }
    for (const values of collector.resources) for (const name of Object.keys(values)) t.ok(Object.hasOwn(allowed, name), name)
  })
})

for (const manner of ['hangs', 500] as const) {
  t.test(`calls go on while the collector ${manner === 500 ? 'answers 500' : manner}`, async (t) => {
    const collector = await startCollector(t, manner)
    const play = await stage(t, (config) => { config.traces = { ...config.traces, endpoint: collector.url, timeoutMs: 500, queuedSpans: 64 } })
    for (let calls = 0; calls < 3; calls++) await talk(play)
    await until(async () => /^maskline_trace_spans_total\{outcome="failed"\} \d+$/m.test(await play.metrics()) ? true : undefined, 'the count')
    await play.idle()
    t.same(collector.spans, [])
  })
}
