import type { Command } from './command.js'
import { exits } from './fault.js'
import { table } from './text.js'

export interface NumberRow { readonly number: string, readonly country: string, readonly state: string, readonly live: number, readonly held: number }

/** The proxy numbers of the shop's pool. */
export const numbers: Command = {
  help: 'the proxy numbers of the pool: state, live deliveries, with those in quarantine',
  run: async ({ server }) => {
    const data = await server().get<{ numbers: NumberRow[] }>('/v1/numbers')
    const rows = data.numbers.map(({ number, country, state, live, held }) => [number, country, state, live, held])
    return { data, text: table(['NUMBER', 'COUNTRY', 'STATE', 'LIVE', 'HELD'], rows), exit: exits.well }
  }
}

/** How full a pool is: numbers, deliveries on all of them, and on the one that has most. */
export function loadOf(rows: readonly NumberRow[]): { all: number, inService: number, live: number, held: number, fullest: number } {
  const sum = (of: (row: NumberRow) => number): number => rows.reduce((total, row) => total + of(row), 0)
  return {
    all: rows.length,
    inService: rows.filter(({ state }) => state === 'in_service').length,
    live: sum(({ live }) => live),
    held: sum(({ held }) => held),
    fullest: rows.reduce((most, { held }) => Math.max(most, held), 0)
  }
}
