import { Counter, Histogram, type Registry } from 'prom-client'
import type { EventBus } from '../events.js'

/** Final statuses that RFC 6076 tells apart; of the others only the hundred is told. */
const told: ReadonlySet<number> = new Set([200, 408, 480, 486, 487, 500, 503, 504, 600, 603])

/** What RFC 6076 measures. The ratios SER, SEER, ISA and SCR are made of these counts in deploy/prometheus/alerts.yml. */
export function countSip(events: EventBus, registry: Registry): void {
  const registers = [registry]
  const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32]
  const invites = new Counter({ name: 'maskline_sip_invites_total', help: 'INVITEs by their final status (RFC 6076 4.6 to 4.8).', labelNames: ['direction', 'status'], registers })
  const delay = new Histogram({ name: 'maskline_sip_session_request_delay_seconds', help: 'From INVITE to the first status above 100 (RFC 6076 4.3, SRD).', labelNames: ['direction', 'result'], buckets, registers })
  const sessions = new Counter({ name: 'maskline_sip_sessions_total', help: 'Dialogs that ended, by whether both sides still answered (RFC 6076 4.9, SCR).', labelNames: ['direction', 'result'], registers })
  const disconnect = new Histogram({ name: 'maskline_sip_session_disconnect_delay_seconds', help: 'From our BYE to its answer (RFC 6076 4.4, SDD).', labelNames: ['result'], buckets, registers })
  events.on('sip.invite', ({ direction, status, delayMs }) => {
    invites.inc({ direction, status: told.has(status) ? String(status) : `${Math.floor(status / 100)}xx` })
    delay.observe({ direction, result: status === 200 ? 'success' : 'failure' }, delayMs / 1000)
  })
  events.on('sip.session', ({ direction, completed }) => sessions.inc({ direction, result: completed ? 'completed' : 'failed' }))
  events.on('sip.bye', ({ ms, answered }) => disconnect.observe({ result: answered ? 'success' : 'failure' }, ms / 1000))
}
