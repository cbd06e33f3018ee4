/**
 * Days in half an hour: `npm run soak -- --minutes 30 --rate 5 --engine rtpengine --phones 44 --seed 1`.
 * Two processes of the application, Redis, key store, SIP server and rtpengine, each restarted in turn, while people
 * call, hang up, cancel, enter codes and are called back, and deliveries run out. Prints JSON and a table; exits 1
 * when an invariant was broken.
 */
import { parseArgs } from 'node:util'
import { engines, type Engine } from './life/parts.js'
import { table } from './life/report.js'
import { soak } from './life/soak.js'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' }, rate: { type: 'string', default: '5' }, engine: { type: 'string', default: 'rtpengine' }, phones: { type: 'string', default: '44' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } } })
if (!engines.includes(values.engine as Engine)) throw new Error(`--engine is one of ${engines.join(', ')}.`)
const { invariants, left, happened, memory, samples, records, deletionRuns, summary } = await soak({ minutes: Number(values.minutes), rate: Number(values.rate), seed: Number(values.seed), engine: values.engine as Engine, phones: Number(values.phones) })
const leftovers = Object.entries(left).filter(([, count]) => count > 0)
process.stdout.write(`${JSON.stringify({ ...summary, records, deletionRuns, happened, left, memory, samples }, undefined, 1)}\n\n`)
process.stdout.write(table([
  ['soak', `${values.minutes} min over ${values.engine}, seed ${values.seed}`], ['calls', summary.calls], ['talks', summary.talks], ['deliveries', summary.deliveries], ['records', records.count],
  ['restarts', [...new Set(happened.map(({ what }) => what))].map((kind) => `${kind} ${happened.filter(({ what }) => what === kind).length}`).join(', ')],
  ['deletion runs', deletionRuns], ['failed in a restart', summary.failedWhileRestarting], ['left in use', leftovers.length === 0 ? 'nothing' : leftovers],
  ['heap', `${memory.first.heap} to ${memory.last.heap} MiB, ${memory.heapSlope} MiB/h`], ['resident', `${memory.first.rss} to ${memory.last.rss} MiB, ${memory.rssSlope} MiB/h`],
  ['broken', invariants.total === 0 ? 'nothing' : invariants.counts]
]))
process.exitCode = invariants.total === 0 ? 0 : 1
