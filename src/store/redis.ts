import { MaskError } from '../errors.js'
import { within } from '../deadline.js'
import type { Log } from '../telemetry/log.js'
import { connectRedis, isCluster, parseRedisUrl, primaries, relearn, writeGatherer, type Client } from './client.js'
import { int, isMoved, isNoScript, list, storeError, text, type Reply } from './reply.js'
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
  /**
   * As run, and resolves only when as many replicas have it as the URL asks for (`wait`), so that it
   * survives the loss of the primary. @throws store_unavailable when they have not: it may be lost or kept
   */
  runDurably(script: Script, keys: readonly string[], args: readonly Arg[]): Promise<Reply>
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
  /** See client.ts; one Redis, one behind Sentinel, or a cluster. */
  readonly url: string
  /** The setting that holds it, for the sentence about a wrong one. */
  readonly setting?: string
  readonly commandTimeoutMs: number
  readonly log: Log
}

/**
 * Connects in the background and stays connected; until then and in between commands fail at once.
 * @throws MaskError config_invalid
 */
export function createStore(options: StoreOptions): Store {
  const { commandTimeoutMs: timeoutMs, log } = options
  const address = parseRedisUrl(options.url, options.setting)
  const redis = connectRedis(address, timeoutMs)
  watch(redis, log)
  const call = callOn(redis, timeoutMs)
  const run: Store['run'] = (script, keys, args) => runScript(call, script, [keys.length, ...keys, ...args])
  // WAIT holds up whatever comes behind it on its connection, which must not be somebody's call.
  const patient = address.wait === 0 ? undefined : connectRedis(address, timeoutMs)
  patient?.on('error', () => undefined)
  const all = patient === undefined ? [redis] : [redis, patient]
  return {
    call,
    run,
    runDurably: patient === undefined ? run : durably(patient, address.wait, timeoutMs, log),
    transaction: (commands) => transact(redis, timeoutMs, commands),
    ...commandsOver(call),
    scan: (pattern) => scanAll(redis, timeoutMs, pattern),
    ready: async (ms) => { await Promise.all(all.map((client) => untilReady(client, ms))) },
    close: async () => { await Promise.all(all.map((client) => disconnect(client, timeoutMs))) }
  }
}

function callOn(redis: Client, timeoutMs: number): Call {
  const gather = writeGatherer(redis)
  return async (command, ...args) => {
    try {
      gather()
      return await settled(redis, timeoutMs, redis.callBuffer(command, ...args)) as Reply
    } catch (error) {
      throw isNoScript(error) ? error : storeError(error)
    }
  }
}

/**
 * What a cluster's client is asked for while it looks for another node is under no deadline of a connection's; one must be
 * over all of it, or whoever waits may wait for ever.
 */
function settled<T>(redis: Client, timeoutMs: number, work: Promise<T>): Promise<T> {
  return isCluster(redis) ? within(2 * timeoutMs, work, 'store_unavailable') : work
}

/** Says once when replicas are missing, and once when they are there again. */
function durably(redis: Client, replicas: number, timeoutMs: number, log: Log): Store['runDurably'] {
  let missing = false
  const call: Call = async (...command) => {
    const [reply, reached] = await callAndWait(redis, replicas, timeoutMs, command)
    const enough = reached >= replicas
    if (missing === enough) log.warn(enough ? 'store.replicated' : 'store.not_replicated', { count: reached })
    missing = !enough
    if (missing) throw new MaskError('store_unavailable', { retryAfter: 1 })
    return reply
  }
  return (script, keys, args) => runScript(call, script, [keys.length, ...keys, ...args])
}

/** A command and WAIT behind it on the same connection, which WAIT is about. @returns the reply and how many replicas have it */
async function callAndWait(redis: Client, replicas: number, timeoutMs: number, command: [string, ...Arg[]]): Promise<[Reply, number]> {
  const [reply, reached] = await piped(redis, timeoutMs, 'pipeline', [command, ['WAIT', replicas, Math.ceil(timeoutMs / 2)]])
  return [reply!, int(reached)]
}

function watch(redis: Client, log: Log): void {
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
async function transact(redis: Client, timeoutMs: number, commands: readonly (readonly [string, ...Arg[]])[]): Promise<readonly Reply[]> {
  return await piped(redis, timeoutMs, 'multi', commands)
}

/** Several commands in one write. A cluster does not follow keys that moved for these by itself. */
async function piped(redis: Client, timeoutMs: number, how: 'pipeline' | 'multi', commands: readonly (readonly [string, ...Arg[]])[]): Promise<readonly Reply[]> {
  const send = async (): Promise<readonly Reply[]> => {
    const pipeline = redis[how]()
    for (const [command, ...args] of commands) pipeline.callBuffer(command, ...args)
    return (await settled(redis, timeoutMs, pipeline.exec()) ?? []).map(([error, value]) => {
      if (error !== null) throw error
      return value as Reply
    })
  }
  const sendAgain = async (error: unknown): Promise<readonly Reply[]> => {
    if (!isMoved(error)) throw error
    await relearn(redis)
    return await send()
  }
  try {
    return await send().catch(sendAgain)
  } catch (error) {
    throw isNoScript(error) ? error : storeError(error)
  }
}

function commandsOver(call: Call): Omit<Store, 'call' | 'run' | 'runDurably' | 'transaction' | 'scan' | 'ready' | 'close'> {
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

async function * scanAll(redis: Client, timeoutMs: number, pattern: string): AsyncGenerator<string[]> {
  for (const primary of primaries(redis)) yield * scan(callOn(primary, timeoutMs), pattern)
}

async function * scan(call: Call, pattern: string): AsyncGenerator<string[]> {
  let cursor = '0'
  do {
    const [next, names] = list(await call('SCAN', cursor, 'MATCH', pattern, 'COUNT', 500))
    cursor = text(next)
    yield list(names).map(text)
  } while (cursor !== '0')
}

async function untilReady(redis: Client, ms: number): Promise<void> {
  if (redis.status === 'ready') return
  let onReady: () => void = () => undefined
  const ready = new Promise<void>((resolve) => {
    onReady = resolve
    redis.once('ready', onReady)
  })
  await within(ms, ready, 'store_unavailable').finally(() => redis.off('ready', onReady))
}

async function disconnect(redis: Client, ms: number): Promise<void> {
  if (redis.status === 'ready') await within(ms, redis.quit()).catch(() => undefined)
  redis.disconnect()
}
