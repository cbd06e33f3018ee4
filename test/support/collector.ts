import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

type Values = Readonly<Record<string, string | number>>

/** A span as it came, with its attributes as plain values and its times in nanoseconds. */
export interface ReceivedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly kind: number
  readonly from: bigint
  readonly to: bigint
  readonly attributes: Values
  readonly events: readonly { readonly name: string, readonly attributes: Values }[]
  readonly status: number
}

/** What it does with a request. `drips`: answers without ever coming to an end. */
type Manner = 'takes' | 'hangs' | 'drips' | 400 | 500 | 503

/** Plays a collector that speaks OTLP over HTTP, in JSON. */
export interface CollectorDouble {
  readonly url: string
  manner: Manner
  /** Requests so far, whatever became of them. */
  readonly requests: number
  /** What it took. */
  readonly spans: readonly ReceivedSpan[]
  readonly resources: readonly Values[]
  /** Everything that ever reached it: first lines, headers, bodies. */
  bytes(): Buffer
}

interface Attribute { readonly key: string, readonly value: { readonly stringValue?: string, readonly intValue?: number, readonly doubleValue?: number } }
interface RawSpan {
  readonly name: string, readonly traceId: string, readonly spanId: string, readonly parentSpanId?: string, readonly kind: number
  readonly startTimeUnixNano: string, readonly endTimeUnixNano: string, readonly attributes: readonly Attribute[]
  readonly events: readonly { readonly name: string, readonly attributes: readonly Attribute[] }[], readonly status: { readonly code: number }
}
interface Body { readonly resourceSpans: readonly { readonly resource: { readonly attributes: readonly Attribute[] }, readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[] }[] }

export async function startCollector(t: Pick<Test, 'teardown'>, manner: Manner = 'takes'): Promise<CollectorDouble> {
  const pieces: Buffer[] = []
  const spans: ReceivedSpan[] = []
  const resources: Values[] = []
  const timers = new Set<NodeJS.Timeout>()
  const take = (body: Buffer): void => {
    for (const { resource, scopeSpans } of (JSON.parse(body.toString()) as Body).resourceSpans) {
      resources.push(valuesOf(resource.attributes))
      spans.push(...scopeSpans.flatMap((scope) => scope.spans.map(readable)))
    }
  }
  const answer = (response: ServerResponse, body: Buffer): void => {
    if (double.manner === 'hangs') return
    if (double.manner === 'drips') { timers.add(setInterval(() => response.write(' '), 50)); return }
    if (double.manner === 'takes') take(body)
    response.writeHead(double.manner === 'takes' ? 200 : double.manner, { 'content-type': 'application/json' }).end('{}')
  }
  const server = createServer((request: IncomingMessage, response) => {
    double.requests++
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      const body = Buffer.concat(parts)
      pieces.push(Buffer.from(`${request.method ?? ''} ${request.url ?? ''}\n${request.rawHeaders.join('\n')}\n`), body)
      answer(response, body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const timer of timers) clearInterval(timer)
    server.close()
    server.closeAllConnections()
  })
  const double = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`, manner, requests: 0, spans, resources, bytes: () => Buffer.concat(pieces) }
  return double
}

function readable({ name, traceId, spanId, parentSpanId, kind, startTimeUnixNano, endTimeUnixNano, attributes, events, status }: RawSpan): ReceivedSpan {
  return {
    name, traceId, spanId, ...(parentSpanId === undefined ? {} : { parentSpanId }), kind, from: BigInt(startTimeUnixNano), to: BigInt(endTimeUnixNano),
    attributes: valuesOf(attributes), events: events.map((event) => ({ name: event.name, attributes: valuesOf(event.attributes) })), status: status.code
  }
}

function valuesOf(attributes: readonly Attribute[]): Values {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? value.doubleValue ?? '?']))
}
