import { Cluster, Redis, type ChainableCommander } from 'ioredis'
import { MaskError } from '../errors.js'
import { followSentinels } from './sentinels.js'

/** What one Redis, one behind Sentinel and a Redis Cluster have in common. */
export interface Client {
  readonly status: string
  callBuffer(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>
  multi(): ChainableCommander
  pipeline(): ChainableCommander
  quit(): Promise<string>
  disconnect(): void
  on(event: string, listener: () => void): unknown
  once(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

/** A URL taken apart. `hosts` has more than one for Cluster and Sentinel only. */
export interface RedisAddress {
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
  readonly hosts: readonly { readonly host: string, readonly port: number }[]
  readonly db: number
  /** Name of the primary that the hosts, being sentinels, look after. */
  readonly sentinel?: string
  readonly cluster: boolean
  /** Replicas that must have what a client is told of, such as a new delivery, before the answer. */
  readonly wait: number
}

/** User and password percent-encoded where needed. */
const form = /^(rediss?):\/\/(?:((?:[^:@/%]|%[0-9a-fA-F]{2})*):((?:[^@/%]|%[0-9a-fA-F]{2})*)@)?([^/?@]+)(?:\/(\d{0,3}))?(?:\?(.*))?$/

/**
 * `redis://[user:password@]host[:port][,host:port…][/db][?cluster=1|sentinel=name][&wait=replicas]`; rediss:// for TLS.
 * Where a replica may take over, it must have what was answered: one is waited for unless the URL says otherwise.
 * @param setting that holds the URL, as the sentence names it
 * @throws MaskError config_invalid with one sentence that holds nothing of the URL
 */
export function parseRedisUrl(url: string, setting = 'redis.url (MASKLINE_REDIS_URL)'): RedisAddress {
  const [, scheme, username, password, hosts = '', db, query] = form.exec(url) ?? []
  const options = new URLSearchParams(query)
  const known = [...options.keys()].every((name) => ['cluster', 'sentinel', 'wait'].includes(name))
  const parts = hosts.split(',').map(hostAndPort)
  const [cluster, sentinel] = [options.get('cluster') === '1', options.get('sentinel')]
  const several = cluster || sentinel !== null
  const wait = Number(options.get('wait') ?? Number(several))
  if (scheme === undefined || !known || parts.includes(undefined) || (parts.length > 1 && !several) || (cluster && sentinel !== null) || !Number.isInteger(wait) || wait < 0 || wait > 5) {
    throw new MaskError('config_invalid', { cause: `The setting ${setting} is not of the form redis://user:password@host:port/db, with ?cluster=1, ?sentinel=name or ?wait=replicas if wanted.` })
  }
  return {
    tls: scheme === 'rediss',
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    hosts: parts as RedisAddress['hosts'],
    db: Number(db ?? 0),
    ...(sentinel === null ? {} : { sentinel }),
    cluster,
    wait
  }
}

function hostAndPort(text: string): { host: string, port: number } | undefined {
  const [, bracketed, plain, port = '6379'] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  return host === undefined || Number(port) > 65535 ? undefined : { host, port: Number(port) }
}

/** Begins to connect and never gives up. Nothing is queued, and nothing is sent a second time. */
export function connectRedis(address: RedisAddress, commandTimeoutMs: number): Client {
  const { tls, username, password, hosts, db, sentinel, cluster } = address
  const common = {
    ...(tls ? { tls: {} } : {}),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...settings(commandTimeoutMs)
  }
  if (cluster) return clusterOf(hosts, common)
  if (sentinel === undefined) return new Redis({ ...hosts[0]!, db, ...common })
  const redis = new Redis({
    sentinels: [...hosts], name: sentinel, db, ...common,
    ...(password === undefined ? {} : { sentinelPassword: password }),
    sentinelRetryStrategy: (attempt) => Math.min(50 * attempt, 1000)
  })
  followSentinels(redis, sentinel, hosts, password === undefined ? {} : { password })
  return redis
}

function clusterOf(hosts: RedisAddress['hosts'], redisOptions: Common): Client {
  return new Cluster([...hosts], {
    redisOptions,
    enableOfflineQueue: false,
    // Zero: a command whose connection was lost is not sent again; it may have been carried out.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    maxRedirections: 4,
    slotsRefreshTimeout: redisOptions.commandTimeout,
    slotsRefreshInterval: 5000,
    clusterRetryStrategy: (attempt) => Math.min(50 * attempt, 1000)
  })
}

type Common = ReturnType<typeof settings>

function settings(commandTimeoutMs: number) {
  return {
    // RESP2: what Redis of every version and its sentinels speak, with nothing pushed in between.
    protocol: 2 as const,
    commandTimeout: commandTimeoutMs,
    // A server that hangs is left, so that the commands after the first do not wait for it too.
    socketTimeout: commandTimeoutMs,
    connectTimeout: Math.max(commandTimeoutMs, 1000),
    retryStrategy: (attempt: number) => Math.min(50 * attempt, 1000),
    // No queue of any kind: whoever asks learns at once, and nothing is done twice behind their back.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // After a failover the old primary refuses to write: look for the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    disableClientInfo: true
  }
}

export function isCluster(client: Client): client is Cluster {
  return client instanceof Cluster
}

/** The servers that hold the keys, each asked on its own; one unless it is a cluster. */
export function primaries(client: Client): Client[] {
  return isCluster(client) ? client.nodes('master') : [client]
}

/** Asks a cluster anew who holds what. Never rejects. */
export async function relearn(client: Client): Promise<void> {
  if (isCluster(client)) await new Promise<void>((resolve) => client.refreshSlotsCache(() => resolve()))
}

/**
 * Call before every command: the first leaves at once, so that Redis works on it while we go on; what is written after it,
 * until the event loop has read all its sockets, leaves as one packet. Otherwise each of many requests at once pays for
 * a system call of its own.
 */
export function writeGatherer(client: Client): () => void {
  if (!(client instanceof Redis)) return () => undefined
  let first = true
  let corked: typeof client.stream | undefined
  return () => {
    // Not there before the first connection, whatever the type says.
    const stream = client.stream as typeof client.stream | undefined
    if (stream === undefined || corked !== undefined) return
    if (!first) {
      corked = stream
      stream.cork()
      return
    }
    first = false
    setImmediate(() => {
      first = true
      corked?.uncork()
      corked = undefined
    })
  }
}
