import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.js'
import { MaskError } from '../errors.js'
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
  const { host, port, tls, accounts } = config.sip
  // The secret lives as long as the process: only this process ever connects.
  const admin = { host: '127.0.0.1', port: 0, secret: randomBytes(24).toString('hex') }
  const sip = await startSipServer({ host, port, admin, log, admits, guestDomain: accounts?.domain, tls: tls === null ? undefined : { port: tls.port, cert: pem('sip.tls.certFile', tls.certFile), key: pem('sip.tls.keyFile', tls.keyFile) } })
  closers.push(() => sip.close())
  return sip
}

/** @throws MaskError config_invalid when the file of a setting cannot be read */
function pem(setting: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    throw new MaskError('config_invalid', { cause: `The file of the setting ${setting} cannot be read.` })
  }
}
