import { Redis, type RedisOptions } from 'ioredis'
import { within } from '../deadline.js'
import type { Log } from '../telemetry/log.js'
import { int, isNoScript, list, storeError, text, type Reply } from './reply.js'
import type { Script } from './scripts.js'

export type Arg = string | number | Buffer

export interface SetOptions {
  /** Life of the key in milliseconds. */
  readonly ttlMs?: number
  /** Write only when the key is not there. */
  readonly ifAbsent?: boolean
}

/** Which members of a sorted set; bounds are inclusive, in Redis notation (`-inf`, `(5`). */
export interface Range {
  readonly min?: string | number
  readonly max?: string | number
  readonly limit?: number
  readonly reverse?: boolean
}

/**
 * The store. Every method rejects with MaskError only: store_unavailable at once while Redis is away and
 * after the command deadline when it hangs, store_full when it takes no more data. Nothing is queued for
 * later and nothing is sent twice; a command that timed out may nevertheless have been carried out.
 */
export interface Store {
  /** Runs a script atomically, one round trip. All keys must share one tag (keys.ts). */
  run(script: Script, keys: readonly string[], args: readonly Arg[]): Promise<Reply>
  /** Any other command. */
  call(command: string, ...args: Arg[]): Promise<Reply>
  /** Commands carried out together or not at all (MULTI); all keys must share one tag. */
  transaction(commands: readonly (readonly [string, ...Arg[]])[]): Promise<readonly Reply[]>
  get(key: string): Promise<Buffer | undefined>
  /** @returns false when `ifAbsent` and the key was there */
  set(key: string, value: Arg, options?: SetOptions): Promise<boolean>
  /** @returns how many were there */
  del(...keys: string[]): Promise<number>
  hset(key: string, fields: Readonly<Record<string, Arg>>): Promise<void>
  hget(key: string, field: string): Promise<Buffer | undefined>
  hgetall(key: string): Promise<Map<string, Buffer>>
  hdel(key: string, ...fields: string[]): Promise<number>
  zadd(key: string, score: number, member: string): Promise<void>
  zrem(key: string, ...members: string[]): Promise<number>
  zrange(key: string, range?: Range): Promise<string[]>
  /** Key names that match a glob pattern, in batches; a name may come twice. */
  scan(pattern: string): AsyncGenerator<string[]>
  /** Resolves when Redis answers. */
  ping(): Promise<void>
  /** Waits for the first connection. @param ms how long at most */
  ready(ms: number): Promise<void>
  close(): Promise<void>
}

export interface StoreOptions {
  /** `redis://[user:password@]host:port[/db]`, rediss:// for TLS. */
  readonly url: string
  readonly commandTimeoutMs: number
  readonly log: Log
}

/** Connects in the background and stays connected; until then and in between commands fail at once. */
export function createStore(options: StoreOptions): Store {
  const redis = new Redis(options.url, settings(options.commandTimeoutMs))
  watch(redis, options.log)
  const call = async (command: string, ...args: Arg[]): Promise<Reply> => {
    try {
      return await redis.callBuffer(command, ...args) as Reply
    } catch (error) {
      throw isNoScript(error) ? error : storeError(error)
    }
  }
  return {
    call,
    run: (script, keys, args) => runScript(call, script, [keys.length, ...keys, ...args]),
    transaction: (commands) => transact(redis, commands),
    ...commandsOver(call),
    ready: (ms) => untilReady(redis, ms),
    close: () => disconnect(redis, options.commandTimeoutMs)
  }
}

function settings(commandTimeoutMs: number): RedisOptions {
  return {
    commandTimeout: commandTimeoutMs,
    // A server that hangs is left, so that the commands after the first do not wait for it too.
    socketTimeout: commandTimeoutMs,
    connectTimeout: Math.max(commandTimeoutMs, 1000),
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
    // No queue of any kind: whoever asks learns at once, and nothing is done twice behind their back.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // After a failover the old primary refuses to write: look for the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    disableClientInfo: true
  }
}

function watch(redis: Redis, log: Log): void {
  let up = false
  redis.on('ready', () => {
    up = true
    log.info('store.ready')
  })
  redis.on('close', () => {
    if (up) log.warn('store.lost')
    up = false
  })
  // Without a listener an error event would end the process; the commands themselves report what fails.
  redis.on('error', () => undefined)
}

type Call = Store['call']

async function runScript(call: Call, script: Script, rest: readonly Arg[]): Promise<Reply> {
  try {
    return await call('EVALSHA', script.sha, ...rest)
  } catch (error) {
    if (!isNoScript(error)) throw error
    return await call('EVAL', script.source, ...rest)
  }
}

/** MULTI, the commands and EXEC in one write: no other client of this connection comes in between. */
async function transact(redis: Redis, commands: readonly (readonly [string, ...Arg[]])[]): Promise<readonly Reply[]> {
  try {
    const pipeline = redis.multi()
    for (const [command, ...args] of commands) pipeline.callBuffer(command, ...args)
    const results = await pipeline.exec() ?? []
    return results.map(([error, value]) => {
      if (error !== null) throw error
      return value as Reply
    })
  } catch (error) {
    throw storeError(error)
  }
}

function commandsOver(call: Call): Omit<Store, 'call' | 'run' | 'transaction' | 'ready' | 'close'> {
  const maybe = (reply: Reply): Buffer | undefined => Buffer.isBuffer(reply) ? reply : undefined
  return {
    get: async (key) => maybe(await call('GET', key)),
    set: async (key, value, { ttlMs, ifAbsent } = {}) =>
      await call('SET', key, value, ...(ttlMs === undefined ? [] : ['PX', ttlMs]), ...(ifAbsent ? ['NX'] : [])) !== null,
    del: async (...keys) => int(await call('DEL', ...keys)),
    hset: async (key, fields) => { await call('HSET', key, ...Object.entries(fields).flat()) },
    hget: async (key, field) => maybe(await call('HGET', key, field)),
    hgetall: async (key) => pairs(list(await call('HGETALL', key))),
    hdel: async (key, ...fields) => int(await call('HDEL', key, ...fields)),
    zadd: async (key, score, member) => { await call('ZADD', key, score, member) },
    zrem: async (key, ...members) => int(await call('ZREM', key, ...members)),
    zrange: async (key, range = {}) => list(await call('ZRANGE', key, ...rangeArgs(range))).map(text),
    scan: (pattern) => scan(call, pattern),
    ping: async () => { await call('PING') }
  }
}

function rangeArgs({ min = '-inf', max = '+inf', limit, reverse }: Range): Arg[] {
  return [...(reverse ? [max, min, 'BYSCORE', 'REV'] : [min, max, 'BYSCORE']), ...(limit === undefined ? [] : ['LIMIT', 0, limit])]
}

function pairs(flat: readonly Reply[]): Map<string, Buffer> {
  const map = new Map<string, Buffer>()
  for (let at = 0; at + 1 < flat.length; at += 2) map.set(text(flat[at]), flat[at + 1] as Buffer)
  return map
}

async function * scan(call: Call, pattern: string): AsyncGenerator<string[]> {
  let cursor = '0'
  do {
    const [next, names] = list(await call('SCAN', cursor, 'MATCH', pattern, 'COUNT', 500))
    cursor = text(next)
    yield list(names).map(text)
  } while (cursor !== '0')
}

async function untilReady(redis: Redis, ms: number): Promise<void> {
  if (redis.status === 'ready') return
  let onReady: () => void = () => undefined
  const ready = new Promise<void>((resolve) => {
    onReady = resolve
    redis.once('ready', onReady)
  })
  await within(ms, ready, 'store_unavailable').finally(() => redis.off('ready', onReady))
}

async function disconnect(redis: Redis, ms: number): Promise<void> {
  if (redis.status === 'ready') await within(ms, redis.quit()).catch(() => undefined)
  redis.disconnect()
}
