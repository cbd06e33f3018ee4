/** In which order test files run, and which beside which: the slowest first, so that no worker is left alone with one. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Those that hardly compute: they wait, for speech in real time and for timers of SIP. */
const waiting = [
  'e2e/flows', 'e2e/callback', 'failures/killed', 'media/engines', 'e2e/no-ack', 'media/conformance', 'e2e/outcomes', 'account/account', 'media/rtpengine/engine', 'failures/store',
  'http/health', 'media/freeswitch/traps', 'media/freeswitch/steps', 'e2e/destinations', 'robust/torture', 'sip/gateways', 'e2e/proof', 'e2e/uniform'
].map(testFile)

/** The slowest of the others. */
const slowest = [
  'http/console/pages', 'privacy/canary', 'http/console/whole', 'failures/processes', 'life/churn', 'http/console/access', 'cli/server', 'line/model', 'failures/drain', 'robust/fuzz',
  'line/processes', 'demo/main', 'failures/sip', 'failures/sip-killed', 'line/sizing', 'http/isolation'
].map(testFile)

/**
 * @param {readonly string[]} files test files, relative to the project
 * @returns {{ busy: string[], waiting: string[] }} the same, in two queues
 */
export function ordered(files) {
  const busy = new Set([...slowest.filter((file) => files.includes(file)), ...files.filter((file) => !waiting.includes(file))])
  return { busy: [...busy], waiting: waiting.filter((file) => files.includes(file)) }
}

function testFile(name) {
  const file = `test/${name}.test.ts`
  if (!existsSync(fileURLToPath(new URL(`../${file}`, import.meta.url)))) throw new Error(`${file} is gone; scripts/order.mjs still names it.`)
  return file
}
