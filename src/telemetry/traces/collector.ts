import http from 'node:http'
import https from 'node:https'
import { ExportResultCode, type ExportResult } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace'
import type { EventBus } from '../../events.js'
import { errorFields, type Log } from '../log.js'

/** Spans wait so long for company, in milliseconds. */
const gatherMs = 1000
const mostInBatch = 512

export interface CollectorOptions {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  /** For one batch with all its tries. */
  readonly timeoutMs: number
  /** Spans that may wait or be on their way. */
  readonly mostWaiting: number
  readonly events: Pick<EventBus, 'emit'>
  readonly log: Log
}

/**
 * Sends spans by OTLP over HTTP in batches, in the background. One that finds no room is dropped, a batch that the
 * collector does not take in time is lost; both are counted (`traces.spans`), and nobody waits for either.
 */
export class Collector implements SpanProcessor {
  readonly #options: CollectorOptions
  readonly #agent: http.Agent
  readonly #batches: BatchSpanProcessor
  /** Ends each batch that is on its way. */
  readonly #underWay = new Set<(result: ExportResult) => void>()
  #waiting = 0
  #failing = false

  constructor(options: CollectorOptions) {
    this.#options = options
    const { endpoint, headers, timeoutMs, mostWaiting } = options
    const { Agent } = endpoint.startsWith('https:') ? https : http
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4 })
    const sender = new OTLPTraceExporter({ url: endpoint, headers, timeoutMillis: timeoutMs, httpAgentOptions: () => this.#agent })
    this.#batches = new BatchSpanProcessor({
      exporter: this.#watched(sender), maxQueueSize: mostWaiting, maxExportBatchSize: Math.min(mostInBatch, mostWaiting), scheduledDelayMillis: gatherMs,
      // Later than ours, which also frees the socket.
      exportTimeoutMillis: timeoutMs + 1000
    })
  }

  onStart(): void {
    // Nothing is known before the end.
  }

  onEnd(span: ReadableSpan): void {
    // The library's own bound leaves out what is on its way, and does not tell what it drops.
    if (this.#waiting >= this.#options.mostWaiting) { this.#tell('dropped', 1); return }
    this.#waiting++
    this.#batches.onEnd(span)
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush()
  }

  /** Sends what waits. */
  shutdown(): Promise<void> {
    return this.#batches.shutdown()
  }

  /** Ends what is still on its way; it counts as lost. */
  close(): void {
    // What the sender would try again waits for a socket that there never is.
    this.#agent.maxSockets = 0
    this.#agent.destroy()
    for (const end of this.#underWay) end({ code: ExportResultCode.FAILED, error: new Error('the process stops') })
  }

  #watched(sender: SpanExporter): SpanExporter {
    const { timeoutMs } = this.#options
    return {
      export: (spans, done) => {
        // The sender's own deadline begins anew with every byte that a slow collector sends.
        const late = setTimeout(() => this.#agent.destroy(), timeoutMs).unref()
        const end = (result: ExportResult): void => {
          if (!this.#underWay.delete(end)) return
          clearTimeout(late)
          this.#settle(spans.length, result)
          done(result)
        }
        this.#underWay.add(end)
        sender.export(spans, end)
      },
      shutdown: () => sender.shutdown()
    }
  }

  #settle(count: number, { code, error }: ExportResult): void {
    this.#waiting -= count
    const sent = code === ExportResultCode.SUCCESS
    this.#tell(sent ? 'sent' : 'failed', count)
    if (sent === !this.#failing) return
    this.#failing = !sent
    // Said once; the metric tells how many.
    if (sent) this.#options.log.info('traces.sent_again')
    else this.#options.log.warn('traces.not_taken', { ...errorFields(error), ...statusOf(error) })
  }

  #tell(outcome: 'sent' | 'failed' | 'dropped', count: number): void {
    this.#options.events.emit('traces.spans', { outcome, count })
  }
}

/** What a collector answered, where it did. */
function statusOf(error: unknown): { status?: number } {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'number' ? { status: code } : {}
}
