/**
 * Calls with hang-ups and cancels at random moments: `npm run churn -- --calls 10000 --rate 20 --engine rtpengine --seed 1`.
 * Phones (`--phones 44`, 93 at most) call each other over a process of the application and do everything that people do at the
 * phone; in the end nothing may be left. Prints JSON and a table; exits 1 when something was broken.
 * The seed decides who does what and when; what that meets hangs on the machine too.
 */
import { parseArgs } from 'node:util'
import { churn } from './life/churn.js'
import { engines, type Engine } from './life/parts.js'
import { table } from './life/report.js'

const { values } = parseArgs({ options: { calls: { type: 'string', default: '10000' }, rate: { type: 'string', default: '20' }, engine: { type: 'string', default: 'embedded' }, phones: { type: 'string', default: '44' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } } })
if (!engines.includes(values.engine as Engine)) throw new Error(`--engine is one of ${engines.join(', ')}.`)
const run = await churn({ calls: Number(values.calls), rate: Number(values.rate), seed: Number(values.seed), engine: values.engine as Engine, phones: Number(values.phones), tells: true })
const { invariants, left, fds, memory, samples, records, summary } = run
const leftovers = Object.entries(left).filter(([, count]) => count > 0)
process.stdout.write(`${JSON.stringify({ ...summary, records, left, fds, memory, samples }, undefined, 1)}\n\n`)
process.stdout.write(table([
  ['calls', `${String(summary.calls)} in ${String(summary.seconds)} s over ${values.engine}, seed ${values.seed}`], ['talks', summary.talks], ['records', records.count],
  ['left in use', leftovers.length === 0 ? 'nothing' : leftovers], ['descriptors', `${fds.before} before, ${fds.after} after`],
  ['heap', `${memory.first.heap} to ${memory.last.heap} MiB, resident ${memory.first.rss} to ${memory.last.rss} MiB`], ['broken', invariants.total === 0 ? 'nothing' : invariants.counts]
]))
process.exitCode = invariants.total === 0 ? 0 : 1
