import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { EventBus } from '../events.js'
import { countHttp } from './http-metrics.js'
import { gaugePools, type PoolLoad } from './pool-metrics.js'
import { countRetention } from './retention-metrics.js'
import { countSip } from './sip-metrics.js'

/** Something that can be counted at any moment, such as calls or ports in use. */
export type Reading = Readonly<Record<string, number>>

export interface Metrics {
  /** The text of a scrape (Prometheus exposition format) and its content type. */
  readonly contentType: string
  text(): Promise<string>
}

/**
 * What Prometheus may know: counts and durations by result and reason. Labels come from fixed sets of ours;
 * no shop's reference, no delivery, no number.
 * @param readings asked at every scrape; `maskline_in_use{part,what}`
 * @param keys data keys that are alive, by purpose; `maskline_keys_alive{purpose}`
 * @param pools asked at a scrape, at most every ten seconds
 * @param dropped datagrams and connections of strangers so far; `maskline_sip_dropped_total`
 */
export function createMetrics(events: EventBus, readings: Readonly<Record<string, () => Reading>>, keys: () => Reading = () => ({}), dropped: () => number = () => 0, pools: () => Promise<readonly PoolLoad[]> = async () => []): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'maskline_process_' })
  const inUse: Gauge = new Gauge({
    name: 'maskline_in_use',
    help: 'What is in use now; all return to zero when nobody calls.',
    labelNames: ['part', 'what'],
    registers: [registry],
    collect: () => {
      for (const [part, read] of Object.entries(readings)) {
        for (const [what, count] of Object.entries(read())) inUse.set({ part, what }, count)
      }
    }
  })
  const strangers: Counter = new Counter({
    name: 'maskline_sip_dropped_total',
    help: 'Datagrams and connections of strangers that the embedded SIP server left without an answer.',
    registers: [registry],
    collect: () => {
      strangers.reset()
      strangers.inc(dropped())
    }
  })
  countCalls(events, registry)
  countRefusals(events, registry)
  countCaps(events, registry)
  countSpans(events, registry)
  countRetention(events, registry)
  countSip(events, registry)
  countHttp(events, registry)
  gaugePools(pools, registry)
  const alive: Gauge = new Gauge({
    name: 'maskline_keys_alive',
    help: 'Data keys that are neither expired nor destroyed.',
    labelNames: ['purpose'],
    registers: [registry],
    collect: () => {
      for (const [purpose, count] of Object.entries(keys())) alive.set({ purpose }, count)
    }
  })
  return { contentType: registry.contentType, text: () => registry.metrics() }
}

function countRefusals(events: EventBus, registry: Registry): void {
  const refused = new Counter({ name: 'maskline_overload_refused_total', help: 'Calls and requests that were turned away before any work.', labelNames: ['what'], registers: [registry] })
  events.on('overload.refused', ({ what }) => refused.inc({ what }))
}

function countCaps(events: EventBus, registry: Registry): void {
  const caps = new Counter({ name: 'maskline_caps_total', help: 'Caps of shops, deliveries, callers, numbers and the trunk that were nearly or wholly used, each once in its hour or day.', labelNames: ['cap', 'state'], registers: [registry] })
  events.on('cap.near', ({ cap }) => caps.inc({ cap, state: 'near' }))
  events.on('cap.reached', ({ cap }) => caps.inc({ cap, state: 'reached' }))
  events.on('trunk.cap', ({ cap, state }) => caps.inc({ cap, state }))
}

function countSpans(events: EventBus, registry: Registry): void {
  const spans = new Counter({ name: 'maskline_trace_spans_total', help: 'Spans of traces: taken by the collector (sent), not taken in time (failed), no room (dropped).', labelNames: ['outcome'], registers: [registry] })
  events.on('traces.spans', ({ outcome, count }) => spans.inc({ outcome }, count))
}

function countCalls(events: EventBus, registry: Registry): void {
  const ended = new Counter({ name: 'maskline_calls_ended_total', help: 'Calls by how they ended.', labelNames: ['result', 'reason'], registers: [registry] })
  const ring = new Histogram({ name: 'maskline_call_answer_seconds', help: 'From INVITE to answer.', buckets: [1, 2, 5, 10, 15, 20, 30, 45, 60], registers: [registry] })
  const talk = new Histogram({ name: 'maskline_call_talk_seconds', help: 'From answer to end.', buckets: [5, 15, 30, 60, 120, 300, 600, 900], registers: [registry] })
  const outcomes = new Counter({ name: 'maskline_call_outcomes_total', help: 'Calls of deliveries by what came of them.', labelNames: ['outcome'], registers: [registry] })
  const missed = new Counter({ name: 'maskline_calls_missed_total', help: 'Calls that came to nothing, by whose side it was.', labelNames: ['party', 'outcome'], registers: [registry] })
  const attempts = new Histogram({ name: 'maskline_reached_on_attempt', help: 'On which attempt of the day the parties of a delivery first talked.', buckets: [1, 2, 3, 4, 5], registers: [registry] })
  events.on('call.missed', ({ missedBy, outcome }) => missed.inc({ party: missedBy, outcome }))
  events.on('call.ended', ({ result, reason, outcome, attempt, firstReached, ringMs, talkMs }) => {
    ended.inc({ result, reason })
    if (outcome !== undefined) outcomes.inc({ outcome })
    if (firstReached && attempt !== undefined) attempts.observe(attempt)
    if (result !== 'success') return
    ring.observe(ringMs / 1000)
    talk.observe(talkMs / 1000)
  })
}
