import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { MaskError } from '../errors.js'
import type { Log } from '../telemetry/log.js'
import { syncAppendOnlyFile } from './file-sync.js'

export interface PrivateRedis {
  /** With the password in it: for the store only, never for a log. */
  readonly url: string
  readonly pid: number
  /** Writes everything to disk and ends the server. */
  close(): Promise<void>
}

const host = '127.0.0.1'
const readyWithinMs = 20_000
const stopWithinMs = 10_000

export interface PrivateRedisOptions {
  readonly dir: string
  readonly log: Log
  /** Whether it keeps keys: an account that may do nothing else, and every write on the disk before its answer. */
  readonly forKeys?: boolean
}

/** What of the two Redis servers differs. */
interface Kind {
  readonly user: string
  /** The setting that names a server to use instead. */
  readonly variable: string
  readonly settings: (password: string) => readonly string[]
}

const dataKind: Kind = {
  user: '',
  variable: 'MASKLINE_REDIS_URL',
  // Every command is with the system before its answer; file-sync.ts brings it to the disk.
  settings: (password) => [`requirepass ${password}`, 'appendfsync no']
}
/** As config/keys-redis.conf. */
const keysKind: Kind = {
  user: 'maskline-keys',
  variable: 'MASKLINE_KEYS_URL',
  settings: (password) => [
    // Nobody can be this user. It keeps its rights because Redis 7 loads transactions of its own file by them.
    'user default off resetpass ~* &* +@all',
    `user maskline-keys on >${password} ~*:{keys}* ~anchor:* resetchannels -@all +@read +@write +@connection -@dangerous +eval +evalsha +wait +info +bgrewriteaof`,
    'appendfsync always'
  ]
}

/**
 * A redis-server of our own on a free loopback port, behind a random password, with an append-only file in
 * `dir`. It ends with us, also when we are killed.
 * @throws MaskError config_invalid with one sentence when the binary is missing or the folder is in use
 */
export async function startPrivateRedis({ dir, log, forKeys = false }: PrivateRedisOptions): Promise<PrivateRedis> {
  const kind = forKeys ? keysKind : dataKind
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  await claim(dir, kind)
  const password = randomBytes(24).toString('base64url')
  // Between finding a free port and taking it somebody else may be quicker.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const child = launch(settings(dir, port, kind.settings(password)))
    try {
      await untilReady(child, port, kind.user, password)
      writeFileSync(pidFile(dir), String(child.pid))
      log.info('redis.started', { port })
      const stopSync = forKeys ? () => undefined : syncAppendOnlyFile(dir)
      const close = (): Promise<void> => {
        stopSync()
        return stop(child, dir)
      }
      return { url: `redis://${kind.user}:${password}@${host}:${port}`, pid: child.pid!, close }
    } catch (error) {
      await stop(child, dir)
      if (attempt === 3 || isMissing(error)) throw startError(error, dir, kind)
    }
  }
}

/** Handed over on standard input: a command line can be read by everybody on the machine. */
function settings(dir: string, port: number, more: readonly string[]): string {
  return [
    `bind ${host}`, `port ${port}`, 'protected-mode yes', 'daemonize no', ...more,
    `dir "${dir.replace(/["\\]/g, '\\$&')}"`, 'appendonly yes', 'save ""', 'maxmemory-policy noeviction', 'loglevel warning', 'logfile ""',
    // The slow log would keep arguments of commands.
    'slowlog-log-slower-than -1', 'slowlog-max-len 0', 'latency-tracking no', 'enable-debug-command no', 'enable-module-command no'
  ].join('\n') + '\n'
}

function launch(config: string): ChildProcess {
  // setpriv (util-linux) lets the kernel end the server when this process dies without a farewell.
  const [command, ...args] = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'TERM', 'redis-server', '-'] : ['redis-server', '-']
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => undefined)
  child.stdin.end(config)
  return child
}

async function untilReady(child: ChildProcess, port: number, user: string, password: string): Promise<void> {
  const gone = new Promise<never>((_resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`exit ${code}`)))
  })
  gone.catch(() => undefined)
  const deadline = Date.now() + readyWithinMs
  while (!await Promise.race([gone, answers(port, `${user} ${password}`.trim())])) {
    if (Date.now() > deadline) throw new Error('not ready')
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 20))])
  }
}

/** Whether a server with our password answers PONG there; while it loads its file it answers LOADING. */
async function answers(port: number, credentials: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write(`AUTH ${credentials}\r\nPING\r\nQUIT\r\n`))
    let answer = ''
    socket.setTimeout(1000, () => socket.destroy())
    socket.on('data', (data) => { answer += data.toString('latin1') })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer.startsWith('+OK\r\n+PONG')))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const pidFile = (dir: string): string => join(dir, 'redis.pid')

/** Two servers on one append-only file destroy it. A server that was left behind gets time to end. */
async function claim(dir: string, { variable }: Kind): Promise<void> {
  const deadline = Date.now() + stopWithinMs
  while (runs(dir)) {
    if (Date.now() > deadline) throw new MaskError('config_invalid', { cause: `The data folder ${dir} is in use by another redis-server; stop it, or set MASKLINE_DATA_DIR or ${variable}.` })
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function runs(dir: string): boolean {
  try {
    const pid = Number(readFileSync(pidFile(dir), 'utf8'))
    return Number.isInteger(pid) && pid > 0 && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('redis-server')
  } catch {
    return false
  }
}

async function stop(child: ChildProcess, dir: string): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await exit
    clearTimeout(force)
  }
  rmSync(pidFile(dir), { force: true })
}

/** setpriv reports a command that it cannot find with 127. */
function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT' || (error as Error).message === 'exit 127'
}

function startError(error: unknown, dir: string, { variable }: Kind): MaskError {
  const cause = isMissing(error)
    ? `redis-server is not installed: run "apt-get install redis-server", or set ${variable} to a Redis of your own.`
    : `redis-server does not start in the data folder ${dir}; look at its append-only file and rights.`
  return new MaskError('config_invalid', { cause })
}
