/**
 * What a line costs: `npm run bench:lines -- --live 1000000 --operations 40000 --seconds 20`. Prints JSON.
 * Allocations and look-ups through the store at few and at many live deliveries and numbers, and over HTTP
 * against a bare route. Rates depend on the machine; the ratios and the processor times are what to compare.
 */
import { parseArgs } from 'node:util'
import { measureHttp } from './lines/http.js'
import { measureStore, type Measured, type StoreResult } from './lines/store.js'

const { values } = parseArgs({
  options: { live: { type: 'string', default: '1000000' }, operations: { type: 'string', default: '40000' }, seconds: { type: 'string', default: '20' }, only: { type: 'string' } }
})
const operations = Number(values.operations)
const few = 1000

const report: Record<string, unknown> = {}
if (values.only !== 'http') {
  const results: StoreResult[] = []
  for (const [numbers, live] of [[20, few], [5000, few], [20, Number(values.live)], [5000, Number(values.live)]] as const) {
    process.stderr.write(`${live} live deliveries on ${numbers} numbers …\n`)
    results.push(await measureStore(numbers, live, operations))
  }
  report.store = results
  // The most that one operation costs over the least, over all states of the store.
  report.costFactor = { allocate: factor(results.map(({ allocate }) => allocate)), lookup: factor(results.map(({ lookup }) => lookup)) }
}
if (values.only !== 'store') {
  process.stderr.write('over HTTP …\n')
  report.http = await measureHttp(Number(values.seconds))
}
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)

function factor(measured: readonly Measured[]): number {
  const costs = measured.map(({ redisCpuUs, nodeCpuUs }) => redisCpuUs + nodeCpuUs)
  return Math.round(Math.max(...costs) / Math.min(...costs) * 100) / 100
}
