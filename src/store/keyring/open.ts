import { MaskError } from '../../errors.js'
import type { Log } from '../../telemetry/log.js'
import { parseRedisUrl } from '../client.js'
import { createStore, type Store } from '../redis.js'
import { text } from '../reply.js'
import { keyJournal, type KeyJournal } from './journal.js'
import { createRing, type KeyRingOptions } from './keyring.js'
import { pair } from './pair.js'
import { redisShelf } from './redis-shelf.js'
import { parseScope } from './scope.js'
import type { KeyShelf } from './shelf.js'
import type { KeyRing, KeyScope } from './types.js'

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

/** A key ring, and what its start did to keys: worth a place in the audit trail. */
export interface OpenedKeys {
  readonly ring: KeyRing
  /** How many keys are wrapped by another master key now. */
  readonly rewrapped: number
  /** What came back from a backup and was destroyed once more. */
  readonly destroyedAgain: readonly KeyScope[]
}

/**
 * The key ring at the start of a process: checks that keys and data belong together and that the master keys open
 * every key, destroys again what came back from a backup, and wraps by the current master key what is not yet.
 * @param data the store of the data; both are connected
 * @throws MaskError config_invalid with one sentence; store_unavailable
 */
export async function openKeyRing(data: Store, { store, ...options }: Omit<KeyRingOptions, 'journal'>): Promise<OpenedKeys> {
  await pair(store, data)
  await warn(store, options.log)
  const shelf = redisShelf(store)
  const journal = keyJournal(data)
  const destroyedAgain = await replay(shelf, journal, options)
  const ring = createRing(shelf, { ...options, journal })
  try {
    return { ring, rewrapped: await ring.rewrap(), destroyedAgain }
  } catch (error) {
    await ring.close()
    throw error
  }
}

/**
 * Keys that are there although they were destroyed came back from a backup. A key store that knows of no destruction
 * as late as the data do is a backup as a whole: then scopes that had no key in it are closed again as well.
 */
async function replay(shelf: KeyShelf, journal: KeyJournal, { log, clock = Date.now }: Pick<KeyRingOptions, 'log' | 'clock'>): Promise<KeyScope[]> {
  const destroyed = new Set(await journal.all())
  const whole = await shelf.lastDestroyed() < await journal.last()
  const back = whole ? [...destroyed] : await aliveOf(shelf, destroyed)
  if (back.length === 0) return []
  const again = await shelf.destroy(back, clock())
  await shelf.purge({ also: back, always: true, now: clock() })
  log.warn('keys.destroyed_again', { count: again.length, reason: 'older_key_store' })
  return again.map(({ scope }) => parseScope(scope))
}

async function aliveOf(shelf: KeyShelf, scopes: ReadonlySet<string>): Promise<string[]> {
  const alive: string[] = []
  for await (const page of shelf.list({})) alive.push(...page.map(({ scope }) => scope).filter((scope) => scopes.has(scope)))
  return alive
}

/** Keys that were made and are lost again take their data with them. */
async function warn(store: Store, log: Log): Promise<void> {
  const info = text(await store.call('INFO', 'persistence').catch(() => Buffer.from('')))
  if (/^aof_enabled:0/m.test(info)) log.warn('keys.not_durable', { reason: 'appendonly_off' })
}

function invalid(sentence: string): MaskError {
  return new MaskError('config_invalid', { cause: sentence })
}
