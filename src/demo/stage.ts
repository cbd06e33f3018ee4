import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp, type App } from '../app.js'
import { loadConfig, type Config } from '../config.js'
import { createGateway, createPhone, type Gateway, type Phone } from '../embedded/phone/index.js'
import { startEmbedded } from '../embedded/start.js'
import { admitted } from '../sip/admitted.js'
import { createLog } from '../telemetry/log.js'

/** Numbers reserved for fiction. */
const numbers = { courier: '+46701740605', customer: '+46701740606' }

/** A delivery as the API answers it. */
export interface Line {
  readonly number: string
  readonly expiresAt: string
}

/** Everything that the demo plays on: the application, a carrier's gateway and two phones. */
export interface Stage {
  readonly gateway: Gateway
  readonly courier: Phone
  readonly customer: Phone
  readonly app: App
  /** Asks for a line between the two over HTTP. @returns the status and the answer */
  askForLine(ttlSeconds: number): Promise<{ status: number, line: Line }>
  close(): Promise<void>
}

/**
 * Starts everything in this process on free ports, with its files in a folder that goes away at the end.
 * @throws what the parts throw; what had been started is stopped again
 */
export async function setStage(env: NodeJS.ProcessEnv): Promise<Stage> {
  const closers: (() => Promise<unknown>)[] = []
  const own = <T extends { close(): Promise<unknown> }>(part: T): T => {
    closers.push(() => part.close())
    return part
  }
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'maskline-demo-'))
    closers.push(() => rm(dataDir, { recursive: true, force: true }))
    const gateway = own(await createGateway())
    const config = demoConfig(env, dataDir, gateway.uri)
    // The ladder is for standard output; the log, when somebody asks for it, goes beside it.
    const log = createLog(env.MASKLINE_LOG_LEVEL ?? 'silent', process.stderr)
    // Before the application, so that they can still answer its goodbyes when it closes.
    const courier = own(await createPhone({ number: numbers.courier, log }))
    const customer = own(await createPhone({ number: numbers.customer, log }))
    gateway.register(courier, customer)
    const embedded = own(await startEmbedded(config, log, await admitted(config)))
    const app = own(await createApp(config, embedded, log))
    gateway.routeTo(`sip:${config.sip.host}:${embedded.sip?.sipPort ?? config.sip.port}`)
    return { gateway, courier, customer, app, askForLine: (ttlSeconds) => askForLine(config, app, ttlSeconds), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The defaults, but on free ports; a drachtio-server that the environment names takes the place of the embedded one. */
function demoConfig(env: NodeJS.ProcessEnv, dataDir: string, gateway: string): Config {
  const { MASKLINE_DRACHTIO_URL, MASKLINE_SIP_HOST, MASKLINE_SIP_PORT } = env
  const real = MASKLINE_DRACHTIO_URL ? { MASKLINE_DRACHTIO_URL, MASKLINE_SIP_HOST, MASKLINE_SIP_PORT } : { MASKLINE_SIP_PORT: '0' }
  const config = loadConfig({ ...real, MASKLINE_HTTP_PORT: '0', MASKLINE_METRICS_PORT: '0', MASKLINE_TRUNK_GATEWAY: gateway, MASKLINE_DATA_DIR: dataDir })
  return { ...config, line: { ...config.line, minTtlSeconds: 1 } }
}

async function askForLine(config: Config, app: App, ttlSeconds: number): Promise<{ status: number, line: Line }> {
  const answer = await fetch(`http://${config.http.host}:${app.httpPort}/v1/deliveries`, {
    method: 'POST',
    headers: { authorization: `Bearer ${app.apiKey}`, 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ reference: 'demo', courier: { phone: numbers.courier }, customer: { phone: numbers.customer }, ttlSeconds }),
    signal: AbortSignal.timeout(5000)
  })
  return { status: answer.status, line: await answer.json() as Line }
}
