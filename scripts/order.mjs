/** In which order test files run, and which beside which: the slowest first, so that no worker is left alone with one. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Those that hardly compute, the slowest first: they wait, for speech in real time and for timers of SIP. */
const waiting = [
  'e2e/flows', 'failures/killed', 'e2e/callback', 'life/churn', 'media/engines', 'e2e/destinations', 'e2e/no-ack', 'e2e/outcomes', 'media/conformance', 'media/rtpengine/engine', 'failures/store',
  'media/freeswitch/traps', 'media/freeswitch/steps', 'account/account', 'failures/sip', 'e2e/proof', 'e2e/uniform', 'e2e/relay-killed', 'http/webhooks/webhooks', 'demo/main', 'e2e/talk', 'failures/sentinel',
  'http/health', 'sip/gateways', 'robust/torture', 'embedded/sip/callers', 'sip/late-offer', 'embedded/sip/callees', 'demo/scenes', 'store/redis', 'embedded/sip/server', 'shop/shops', 'media/embedded/voice',
  'embedded/phone/phone', 'embedded/sip/drachtio/admin', 'media/embedded/offer-first'
].map(testFile)

/** The slowest of the others. */
const slowest = [
  'http/console/pages', 'failures/processes', 'http/console/whole', 'privacy/canary', 'http/console/access', 'cli/server', 'e2e/traces', 'e2e/left', 'line/model', 'failures/start', 'failures/sip-killed',
  'line/sizing', 'failures/cluster', 'record/retention/kill', 'line/processes', 'robust/fuzz', 'failures/drain', 'http/isolation'
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
