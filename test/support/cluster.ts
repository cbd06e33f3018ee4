import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { list, text } from '../../src/store/reply.js'
import { createStore, type Store } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'
import { freePort } from './ports.js'

export const password = 'only-for-tests'
const log = createLog('silent')

/** A redis-server of a test with settings of its own; it can die and come back with its data. */
export interface Node {
  readonly port: number
  /** A connection to this server alone. */
  readonly store: Store
  readonly pid: () => number
  /** Ends it as a crash would. */
  kill(): Promise<void>
  start(): Promise<void>
}

export async function until(condition: () => Promise<boolean>, what: string, ms = 30_000): Promise<void> {
  const deadline = Date.now() + ms
  while (!await condition().catch(() => false)) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** @param args after the server's own, such as `--sentinel`, and lines of its configuration */
export async function startNode(t: Pick<Test, 'teardown'>, lines: readonly string[], args: readonly string[] = [], port?: number): Promise<Node> {
  const own = port ?? await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'maskline-node-'))
  const file = join(dir, 'redis.conf')
  writeFileSync(file, ['bind 127.0.0.1', `port ${own}`, `dir ${dir}`, `requirepass ${password}`, 'loglevel warning', ...lines, ''].join('\n'))
  mkdirSync(dir, { recursive: true })
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => { child = spawn('redis-server', [file, ...args], { stdio: 'ignore' }) }
  const kill = async (): Promise<void> => {
    if (child?.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  await start()
  const store = createStore({ url: `redis://:${password}@127.0.0.1:${own}`, commandTimeoutMs: 2000, log })
  t.teardown(async () => {
    await store.close()
    await kill()
    rmSync(dir, { recursive: true, force: true })
  })
  await until(() => store.ping().then(() => true), 'a redis-server that answers')
  return { port: own, store, kill, start, pid: () => child!.pid! }
}

/** A primary with replicas, looked after by one sentinel, which fails over when it is told to. */
export interface SentinelSite {
  /** As a setting of the store. */
  readonly url: string
  readonly nodes: readonly Node[]
  /** Whom the sentinel names. */
  primary(): Promise<Node>
  /** Lets the sentinel find out that the primary is gone. Resolves when it has named another. */
  failOver(): Promise<Node>
}

/** What others connect to a node as, so that a test can cut it off from them. */
type Follower = 'replica' | 'sentinel'

export async function startSentinel(t: Pick<Test, 'teardown'>, replicas: number): Promise<SentinelSite> {
  const users = (['replica', 'sentinel'] satisfies Follower[]).map((name) => `user ${name} on >${password} ~* &* +@all`)
  const settings = [...users, 'masteruser replica', `masterauth ${password}`, 'appendonly yes', 'save ""', 'repl-diskless-sync-delay 0', 'repl-ping-replica-period 1']
  const first = await startNode(t, settings)
  const others = await Promise.all(Array.from({ length: replicas }, () => startNode(t, [...settings, `replicaof 127.0.0.1 ${first.port}`])))
  for (const node of others) await inStep(node)
  // A new replica is sent what changes only when the primary has heard that it is ready, up to a second later.
  await until(async () => text(await first.store.call('INFO', 'replication')).split('state=online').length > replicas, 'a primary that feeds its replicas')
  const sentinel = await startNode(t, [
    `sentinel monitor lines 127.0.0.1 ${first.port} 1`, 'sentinel auth-user lines sentinel', `sentinel auth-pass lines ${password}`,
    'sentinel down-after-milliseconds lines 600000', 'sentinel failover-timeout lines 3000'
  ], ['--sentinel'])
  // Every ten seconds otherwise: it would choose between replicas by what they had then.
  await sentinel.store.call('SENTINEL', 'DEBUG', 'info-period', 100)
  const known = async ({ port }: Node): Promise<number> => {
    const replicas = list(await sentinel.store.call('SENTINEL', 'REPLICAS', 'lines')).map((one) => list(one).map(text))
    const facts = replicas.find((one) => one[one.indexOf('port') + 1] === String(port)) ?? []
    return Number(facts[facts.indexOf('slave-repl-offset') + 1])
  }
  for (const node of others) await until(async () => await known(node) > 0, 'a sentinel that knows the replicas')
  const nodes = [first, ...others]
  const primary = async (): Promise<Node> => {
    const port = Number(list(await sentinel.store.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'lines'))[1])
    return nodes.find((node) => node.port === port)!
  }
  return {
    url: `redis://:${password}@127.0.0.1:${sentinel.port}?sentinel=lines`,
    nodes,
    primary,
    async failOver() {
      const before = await primary()
      for (const node of nodes) {
        const offset = Number(/slave_repl_offset:(\d+)/.exec(String(await node.store.call('INFO', 'replication').catch(() => '')))?.[1] ?? 0)
        if (node !== before && offset > 0) await until(async () => await known(node) >= offset, 'a sentinel that knows what a replica has')
      }
      await sentinel.store.call('SENTINEL', 'SET', 'lines', 'down-after-milliseconds', 300)
      await until(async () => await primary() !== before, 'a failover')
      await sentinel.store.call('SENTINEL', 'SET', 'lines', 'down-after-milliseconds', 600_000)
      return primary()
    }
  }
}

/** From now on nobody of this kind gets in there. */
export async function lockOut({ store }: Node, who: Follower): Promise<void> {
  await store.call('ACL', 'SETUSER', who, 'off')
  await store.call('CLIENT', 'KILL', 'USER', who)
}

/** Resolves when a replica has what its primary has. */
export async function inStep({ store }: Node): Promise<void> {
  await until(async () => String(await store.call('INFO', 'replication')).includes('master_link_status:up'), 'a replica in step')
}

/** Three primaries with one replica each. */
export async function startCluster(t: Pick<Test, 'teardown'>): Promise<{ url: string, nodes: Node[] }> {
  const nodes: Node[] = []
  for (let at = 0; at < 6; at++) {
    nodes.push(await startNode(t, [
      `masterauth ${password}`, 'cluster-enabled yes', 'cluster-config-file nodes.conf', `cluster-port ${await freePort()}`, 'cluster-node-timeout 1000',
      'cluster-replica-validity-factor 0', 'appendonly yes', 'save ""', 'repl-diskless-sync-delay 0'
    ]))
  }
  const args = ['--cluster', 'create', ...nodes.map(({ port }) => `127.0.0.1:${port}`), '--cluster-replicas', '1', '--cluster-yes']
  const cli = spawn('redis-cli', args, { stdio: 'ignore', env: { ...process.env, REDISCLI_AUTH: password } })
  const [code] = await once(cli, 'exit') as [number]
  if (code !== 0) throw new Error(`redis-cli could not make a cluster: ${code}`)
  for (const { store } of nodes) {
    await until(async () => String(await store.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), 'a whole cluster')
    await until(async () => /master_link_status:up|role:master/.test(String(await store.call('INFO', 'replication'))), 'replicas in step')
  }
  return { url: `redis://:${password}@${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}?cluster=1`, nodes }
}

/** The node that is primary for a key now. */
export async function primaryOf(nodes: readonly Node[], key: string): Promise<Node> {
  for (const node of nodes) {
    const slot = await node.store.call('CLUSTER', 'KEYSLOT', key).catch(() => undefined)
    if (slot === undefined) continue
    for (const range of list(await node.store.call('CLUSTER', 'SLOTS'))) {
      const [from, to, primary] = list(range)
      if (Number(slot) < Number(from) || Number(slot) > Number(to)) continue
      const port = Number(list(primary)[1])
      if (text(list(primary)[0]) === '127.0.0.1') return nodes.find((one) => one.port === port)!
    }
  }
  throw new Error('no node answers')
}
