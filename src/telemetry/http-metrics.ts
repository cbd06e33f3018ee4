import { Counter, Histogram, type Registry } from 'prom-client'
import type { EventBus } from '../events.js'

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Requests per route. A route is its pattern; what was asked for may hold an id and is never seen here. */
export function countHttp(events: EventBus, registry: Registry): void {
  const registers = [registry]
  const requests = new Histogram({
    name: 'maskline_http_request_seconds', help: 'From a request to the end of its answer.', labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 5], registers
  })
  const problems = new Counter({ name: 'maskline_http_problems_total', help: 'Answers that refuse, by the code of the problem (docs/api.md).', labelNames: ['code'], registers })
  events.on('http.answered', ({ method, route, status, ms, code }) => {
    requests.observe({ method: methods.has(method) ? method : 'other', route, status: `${Math.floor(status / 100)}xx` }, ms / 1000)
    if (code !== undefined) problems.inc({ code })
  })
}
