import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type HrTime, type Tracer } from '@opentelemetry/api'
import { defaultResource, resourceFromAttributes, type Resource } from '@opentelemetry/resources'
import { RandomIdGenerator, SamplingDecision, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace'
import { within } from '../../deadline.js'
import { newId } from '../../ids.js'
import { attributes } from './attributes.js'
import { Collector } from './collector.js'
import { planOfCall, planOfRequest, type Planned } from './plan.js'
import type { Traces, TracesOptions } from './types.js'

/** Milliseconds that a stop gives to what still waits. */
const flushMs = 3000
/** As many events as a call can have steps. */
const spanLimits = { eventCountLimit: 200 }
/** Whoever watches us asks too often to be drawn. */
const watchers: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

export interface TracerOptions extends TracesOptions {
  readonly config: TracesOptions['config'] & { readonly endpoint: string }
}

/** The trace of a call has an id that follows from the call's: half of its SHA-256, 32 hex digits. */
export function traceIdOf(callId: string): string {
  return createHash('sha256').update(callId).digest('hex').slice(0, 32)
}

/** Listens to what is over and hands it to the collector as spans. Loads the libraries, so it is loaded only when wanted. */
export function startTraces({ config, wayOut, events, log }: TracerOptions): Traces {
  const { endpoint, headers, timeoutMs, queuedSpans, percent } = config
  const collector = new Collector({ endpoint, headers, timeoutMs, mostWaiting: queuedSpans, events, log })
  const ids = new Ids()
  const provider = new TracerProvider({ resource: resource(), spanProcessors: [collector], idGenerator: ids, spanLimits })
  const tracer = provider.getTracer('maskline')
  const sampler = new TraceIdRatioBasedSampler(percent / 100)
  const draw = (traceId: string, plan: () => Planned): void => {
    if (sampler.shouldSample(ROOT_CONTEXT, traceId).decision !== SamplingDecision.RECORD_AND_SAMPLED) return
    ids.traceId = traceId
    put(plan(), tracer, ROOT_CONTEXT)
  }
  const stops = [
    events.on('call.traced', (call) => {
      // Of a stranger's call nothing is kept anywhere, unless the fault is ours.
      if (call.shopId !== undefined || call.result === 'server_error') draw(traceIdOf(call.callId), () => planOfCall(call, wayOut))
    }),
    events.on('http.answered', (answer) => {
      if (!watchers.has(answer.route)) draw(ids.random(), () => planOfRequest(answer, Date.now()))
    })
  ]
  const close = async (): Promise<void> => {
    for (const stop of stops) stop()
    await within(flushMs, provider.shutdown()).catch(() => undefined)
    collector.close()
  }
  let closed: Promise<void> | undefined
  return { close: () => closed ??= close() }
}

/** Trace ids are ours to say, span ids are random. */
class Ids {
  traceId = ''
  readonly #random = new RandomIdGenerator()
  readonly random = (): string => this.#random.generateTraceId()
  readonly generateTraceId = (): string => this.traceId
  readonly generateSpanId = (): string => this.#random.generateSpanId()
}

function resource(): Resource {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
  const sdk = String(defaultResource().attributes['telemetry.sdk.version'])
  return resourceFromAttributes(attributes({
    'service.name': 'maskline', 'service.version': version, 'service.instance.id': newId(12),
    'telemetry.sdk.language': 'nodejs', 'telemetry.sdk.name': 'opentelemetry', 'telemetry.sdk.version': sdk
  }))
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const

function put({ name, kind, from, to, attributes, failed, events, children }: Planned, tracer: Tracer, parent: Context): void {
  const span = tracer.startSpan(name, { kind: kinds[kind], startTime: timeOf(from), attributes }, parent)
  for (const event of events) span.addEvent(event.name, event.attributes, timeOf(event.at))
  if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
  for (const child of children) put(child, tracer, trace.setSpan(parent, span))
  span.end(timeOf(to))
}

/** Seconds and nanoseconds. A plain number might be taken for a time since the start of the process. */
function timeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.floor((ms - seconds * 1000) * 1e6)]
}
