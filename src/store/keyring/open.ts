import { MaskError } from '../../errors.js'
import type { Log } from '../../telemetry/log.js'
import { parseRedisUrl } from '../client.js'
import { createStore, type Store } from '../redis.js'
import { text } from '../reply.js'
import { createKeyRing, type KeyRingOptions } from './keyring.js'
import { pair } from './pair.js'
import type { KeyRing } from './types.js'

const setting = 'keys.url (MASKLINE_KEYS_URL)'

export interface KeyStoreOptions {
  readonly url: string
  /** Where the data lie: another server, so that who copies one has not copied the other. */
  readonly dataUrl: string
  readonly commandTimeoutMs: number
  readonly log: Log
}

/** Connects to the Redis of the keys. @throws MaskError config_invalid */
export function createKeyStore({ url, dataUrl, ...rest }: KeyStoreOptions): Store {
  const { hosts, cluster } = parseRedisUrl(url, setting)
  if (cluster) throw invalid(`The setting ${setting} must name one Redis, or one behind Sentinel; a cluster is not made for keys.`)
  const places = new Set(parseRedisUrl(dataUrl).hosts.map(({ host, port }) => `${host}:${port}`))
  if (hosts.some(({ host, port }) => places.has(`${host}:${port}`))) throw invalid(`The setting ${setting} names the server of redis.url: keys need a Redis of their own.`)
  return createStore({ url, setting, ...rest })
}

/**
 * The key ring at the start of a process: checks that keys and data belong together and that the master keys open
 * every key, and wraps by the current one what is not yet.
 * @param data the store of the data; both are connected
 * @throws MaskError config_invalid with one sentence; store_unavailable
 */
export async function openKeyRing(data: Store, options: KeyRingOptions): Promise<KeyRing> {
  await pair(options.store, data)
  await warn(options)
  const ring = createKeyRing(options)
  try {
    await ring.rewrap()
    return ring
  } catch (error) {
    await ring.close()
    throw error
  }
}

/** Keys that were made and are lost again take their data with them. */
async function warn({ store, log }: KeyRingOptions): Promise<void> {
  const info = text(await store.call('INFO', 'persistence').catch(() => Buffer.from('')))
  if (/^aof_enabled:0/m.test(info)) log.warn('keys.not_durable', { reason: 'appendonly_off' })
}

function invalid(sentence: string): MaskError {
  return new MaskError('config_invalid', { cause: sentence })
}
