import closeWithGrace from 'close-with-grace'
import { createApp, type App } from './app.js'
import { loadConfig, type Config } from './config.js'
import { startEmbedded, type Embedded } from './embedded/start.js'
import { admitted } from './sip/admitted.js'
import { MaskError } from './errors.js'
import { guardConsole } from './telemetry/console-guard.js'
import { createLog, errorFields, type Log } from './telemetry/log.js'

/** Milliseconds after which a stop stops waiting. */
const stopDeadlineMs = 10_000

/** One sentence for the person who started us; nothing that a library made up. */
function sentenceFor(error: unknown, config: Config | undefined): string {
  if (error instanceof MaskError && error.code === 'config_invalid') return String(error.cause)
  const { code } = error as { code?: string }
  if (code === 'EADDRINUSE') return portTaken(error as { port?: number, address?: string }, config)
  if (code === 'EACCES') return 'A port or a folder of the configuration may not be used by this user.'
  if (error instanceof MaskError) return `${error.message} (${error.code})`
  return `Maskline cannot start (${error instanceof Error ? error.name : 'unknown error'}).`
}

/** Names the variable that stands for the port, or all that there are when it cannot be told. */
function portTaken({ port, address = 'this machine' }: { readonly port?: number, readonly address?: string }, config: Config | undefined): string {
  const ports = { MASKLINE_HTTP_PORT: config?.http.port, MASKLINE_METRICS_PORT: config?.metrics.port, MASKLINE_SIP_PORT: config?.sip.port }
  const names = Object.entries(ports).filter(([, own]) => own === port).map(([name]) => name)
  return `Port ${port ?? ''} on ${address} is in use; set ${(names.length > 0 ? names : Object.keys(ports)).join(' or ')} to another one.`
}

function banner(config: Config, app: App, embedded: Embedded): string {
  const base = `http://${config.http.host}:${app.httpPort}`
  // A key of your own stays out of the output, which is often kept.
  const key = config.secrets.apiKey === null ? app.apiKey : '$MASKLINE_API_KEY'
  const sip = embedded.sip ? `${config.sip.host}:${embedded.sip.sipPort} (UDP and TCP)` : 'your drachtio-server'
  return [
    '',
    'Maskline is ready.',
    '',
    `  Console  ${base}/console/   sign in with the API key`,
    `  API      ${base}/v1   described at ${base}/openapi.json`,
    `  API key  ${key}`,
    `  Metrics  http://${config.metrics.host}:${app.metricsPort}/metrics   for Prometheus, without a key`,
    `  SIP      ${sip}, calls leave to ${config.trunks[0]!.gateways[0]!}`,
    '',
    'Ask for a line between two people (numbers reserved for fiction):',
    '',
    `  curl -s ${base}/v1/deliveries -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' \\`,
    `    -d '{"reference":"order-1","courier":{"phone":"+46701740605"},"customer":{"phone":"+46701740606"},"ttlSeconds":3600}'`,
    '',
    ''
  ].join('\n')
}

async function start(config: Config, log: Log): Promise<void> {
  const embedded = await startEmbedded(config, log, await admitted(config))
  let app: App
  try {
    app = await createApp(config, embedded, log)
  } catch (error) {
    await embedded.close()
    throw error
  }
  process.stdout.write(banner(config, app, embedded))
  stopWithGrace(config, log, app, embedded)
}

/** SIGTERM lets the calls end by themselves first, and a second one stops that waiting; SIGINT and a fault do not wait. */
function stopWithGrace({ call: { drainSeconds } }: Config, log: Log, app: App, embedded: Embedded): void {
  let closing = false
  const grace = closeWithGrace({ delay: stopDeadlineMs, logger: false, skip: ['SIGTERM'] }, async ({ err }) => {
    closing = true
    if (err) log.fatal('process.failed', errorFields(err))
    await app.close()
    await embedded.close()
  })
  let limit: AbortController | undefined
  const drain = async (): Promise<void> => {
    limit?.abort()
    if (limit !== undefined) return
    limit = new AbortController()
    const timer = setTimeout(() => limit?.abort(), drainSeconds * 1000)
    if (drainSeconds > 0) await app.drain(limit.signal)
    clearTimeout(timer)
    if (!closing) grace.close()
  }
  process.on('SIGTERM', () => void drain())
}

let config: Config | undefined
try {
  config = loadConfig()
  const log = createLog(config.log.level)
  guardConsole(log)
  await start(config, log)
} catch (error) {
  process.stderr.write(`${sentenceFor(error, config)}\n`)
  process.exitCode = 1
}
