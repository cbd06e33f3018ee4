/**
 * What Maskline costs, in one run: `npm run bench` (about a quarter of an hour) or `npm run bench -- --quick`.
 * Calls through each media engine beside bare peers (bench/engines.ts), then lines through the store and over HTTP beside
 * raw Redis and a bare route (bench/lines.ts). JSON on standard output, a table on standard error, a picture in
 * docs/images/bench.svg with `--picture`. More words go to bench/engines.ts: `--rounds`, `--sustain`, `--sip` and so on.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { picture, type EnginesReport } from './engines/picture.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const words = process.argv.slice(2)
const quick = words.includes('--quick')
const forEngines = words.filter((word) => word !== '--picture')

interface Measured { readonly perSecond: number, readonly nodeCpuUs: number, readonly redisCpuUs: number }
interface LinesReport {
  readonly store: readonly { readonly liveDeliveries: number, readonly allocate: Measured, readonly lookup: Measured, readonly rawSet: Measured, readonly rawScript: Measured }[]
  readonly http: unknown
}

const engines = await json<EnginesReport>('bench/engines.ts', forEngines)
const lines = await json<LinesReport>('bench/lines.ts', quick ? ['--live', '2000', '--operations', '4000', '--seconds', '4'] : ['--live', '100000', '--operations', '20000', '--seconds', '10'])
process.stderr.write(`${storeTable(lines)}\n`)
if (words.includes('--picture')) writeFileSync(join(root, 'docs', 'images', 'bench.svg'), picture(engines))
process.stdout.write(`${JSON.stringify({ engines, lines }, undefined, 2)}\n`)

/** Runs another bench and reads what it prints; what it says goes on to standard error. */
async function json<T>(script: string, args: readonly string[]): Promise<T> {
  const child = spawn(process.execPath, ['--import=tsx', script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`${script} ended with ${code}`)
  return JSON.parse(text) as T
}

function storeTable({ store }: LinesReport): string {
  const { liveDeliveries, ...rows } = store.at(-1)!
  const row = (name: string, { perSecond, nodeCpuUs, redisCpuUs }: Measured): string => `| ${name} | ${perSecond} | ${nodeCpuUs} | ${redisCpuUs} |`
  return [
    `| with ${liveDeliveries} live deliveries | a second | Node CPU µs | Redis CPU µs |`, '| --- | --- | --- | --- |',
    row('allocation', rows.allocate), row('look-up', rows.lookup), row('raw SET', rows.rawSet), row('empty script', rows.rawScript)
  ].join('\n')
}
