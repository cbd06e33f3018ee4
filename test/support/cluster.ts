import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { list, text } from '../../src/store/reply.js'
import { createStore, type Store } from '../../src/store/redis.js'
import { createLog } from '../../src/telemetry/log.js'

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

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
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
