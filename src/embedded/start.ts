import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Config } from '../config.js'
import type { Log } from '../telemetry/log.js'
import { startPrivateRedis } from './redis.js'
import { startSipServer, type EmbeddedSipServer } from './sip/index.js'

type Admits = (address: string) => boolean

/** What a bare machine lacks, started as far as the configuration names nothing of its own. */
export interface Embedded {
  readonly redisUrl: string
  /** The key store; its account opens nothing else. */
  readonly keysUrl: string
  readonly drachtioUrl: string
  /** What the parts have in use. */
  readonly readings: Readonly<Record<string, () => Readonly<Record<string, number>>>>
  /** The SIP server, when it is ours. */
  readonly sip: EmbeddedSipServer | undefined
  close(): Promise<void>
}

/**
 * Starts private redis-servers for data and for keys and an embedded SIP server, each where the URL is null.
 * Meant for one small machine, tests and demos.
 * @param admits whose SIP is read at all, by IP address; everybody else gets no answer
 * @throws Error with `code` EADDRINUSE when the SIP port is taken; what had been started is stopped again
 */
export async function startEmbedded(config: Config, log: Log, admits: Admits): Promise<Embedded> {
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  const startRedis = async (dir: string, forKeys: boolean): Promise<string> => {
    const redis = await startPrivateRedis({ dir, log, forKeys })
    closers.push(() => redis.close())
    return redis.url
  }
  try {
    const redisUrl = config.redis.url ?? await startRedis(join(config.dataDir, 'redis'), false)
    const keysUrl = config.keys.url ?? await startRedis(join(config.dataDir, 'keys'), true)
    const sip = config.drachtio.url === null ? await startSip(config, log, closers, admits) : undefined
    const readings = sip ? { sip: () => ({ ...sip.stats() }) } : {}
    return { redisUrl, keysUrl, drachtioUrl: config.drachtio.url ?? sip!.adminUrl, sip, readings, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startSip(config: Config, log: Log, closers: (() => Promise<void>)[], admits: Admits): Promise<EmbeddedSipServer> {
  const { host, port } = config.sip
  // The secret lives as long as the process: only this process ever connects.
  const admin = { host: '127.0.0.1', port: 0, secret: randomBytes(24).toString('hex') }
  const sip = await startSipServer({ host, port, admin, log, admits })
  closers.push(() => sip.close())
  return sip
}
