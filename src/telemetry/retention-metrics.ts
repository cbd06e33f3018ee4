import { Counter, Gauge, type Registry } from 'prom-client'
import type { EventBus } from '../events.js'

/** Deletion runs: what they did in this process, and whether what is due goes. No shop stands in a label. */
export function countRetention(events: EventBus, registry: Registry): void {
  const registers = [registry]
  const runs = new Counter({ name: 'maskline_retention_runs_total', help: 'Deletion runs of this process.', labelNames: ['state'], registers })
  const rows = new Counter({ name: 'maskline_retention_rows_total', help: 'Rows that were due, by what became of them.', labelNames: ['class', 'outcome'], registers })
  const keys = new Counter({ name: 'maskline_retention_keys_destroyed_total', help: 'Keys destroyed by deletion runs.', labelNames: ['class'], registers })
  const last = new Gauge({ name: 'maskline_retention_last_run_seconds', help: 'Unix time of the last run that this process made.', registers })
  const failing = new Gauge({ name: 'maskline_retention_failing', help: 'Shops of which what is due is not deleted.', registers })
  const unrecorded = new Counter({ name: 'maskline_retention_unrecorded_calls_total', help: 'Calls without a record because deletion fails (record.stopWhenDeletionFails).', registers })
  const red = new Set<string>()
  events.on('retention.run', ({ at, state, classes }) => {
    runs.inc({ state })
    last.set(at / 1000)
    for (const { name, deleted, held, failed, keysDestroyed } of classes) {
      rows.inc({ class: name, outcome: 'deleted' }, deleted)
      rows.inc({ class: name, outcome: 'held' }, held)
      rows.inc({ class: name, outcome: 'failed' }, failed)
      keys.inc({ class: name }, keysDestroyed)
    }
  })
  events.on('retention.health', ({ shopId, failing: isFailing }) => {
    if (isFailing) red.add(shopId)
    else red.delete(shopId)
    failing.set(red.size)
  })
  events.on('call.unrecorded', () => unrecorded.inc())
}
