import { cpus, loadavg } from 'node:os'
import type { Invariants } from './invariants.js'
import type { Town } from './town.js'

/** What both runs tell. */
export function summary(town: Town, invariants: Invariants, seconds: number): Readonly<Record<string, unknown>> {
  return {
    seconds: Math.round(seconds),
    calls: town.calls,
    talks: town.deliveries.all.reduce((sum, { talks }) => sum + talks, 0),
    deliveries: town.deliveries.all.length,
    noNumberFree: town.deliveries.exhausted,
    scripts: Object.fromEntries([...town.played].sort(([, a], [, b]) => b.begun - a.begun)),
    failedWhileRestarting: invariants.excused,
    broken: invariants.counts,
    violations: invariants.violations,
    machine: { cores: cpus().length, load: loadavg().map((load) => Math.round(load * 10) / 10) }
  }
}

/** A few lines for a person. */
export function table(rows: readonly (readonly [string, unknown])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${typeof value === 'string' ? value : JSON.stringify(value)}\n`).join('')
}
