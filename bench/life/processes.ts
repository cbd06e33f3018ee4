import { fork, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Invariants } from './invariants.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** On a machine that is busy with other things. */
const startsWithinMs = 180_000

/** A server in a process of its own, which is started again at the same place. */
export interface Server {
  readonly pid: number
  start(): Promise<void>
  stop(signal: NodeJS.Signals): Promise<void>
}

export async function stopChild(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** A process that the kernel ends when this one dies without a farewell (util-linux). */
function spawnOwned(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return existsSync('/usr/bin/setpriv') ? spawn('/usr/bin/setpriv', ['--pdeathsig', 'KILL', command, ...args], options) : spawn(command, args, options)
}

/** A redis-server with an append-only file in `dir`. */
export function redisServer(dir: string, port: number, password: string): Server {
  let child: ChildProcess | undefined
  return {
    get pid() { return child?.pid ?? 0 },
    async start() {
      child = spawnOwned('redis-server', ['-'], { cwd: dir, stdio: ['pipe', 'ignore', 'ignore'] })
      child.stdin!.end(`bind 127.0.0.1\nport ${port}\nrequirepass ${password}\ndir "${dir}"\nappendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\nloglevel warning\nslowlog-log-slower-than -1\n`)
      await until(() => accepts(port), 'redis-server')
    },
    stop: (signal) => stopChild(child, signal)
  }
}

/** The embedded SIP server, apart from the application. */
export function sipServer(host: string, port: number, adminPort: number, secret: string): Server & { stats(): Promise<Readonly<Record<string, number>>> } {
  let child: ChildProcess | undefined
  return {
    get pid() { return child?.pid ?? 0 },
    async start() {
      child = fork(fileURLToPath(new URL('sip-server.ts', import.meta.url)), [host, String(port), String(adminPort), secret], { execArgv: ['--import=tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      await once(child, 'message')
    },
    stop: (signal) => stopChild(child, signal),
    async stats() {
      const answer = once(child!, 'message')
      child!.send('stats')
      return (await answer)[0] as Record<string, number>
    }
  }
}

/** Somebody's number in what a process printed, however it is spaced; 605 and 606 stand in its greeting. */
const personsNumber = /7[ .-]?0[ .-]?1[ .-]?7[ .-]?4[ .-]?0[ .-]?6[ .-]?(?!0[ .-]?[56])\d/

/** A process of the application. */
export class AppProcess {
  readonly #child: ChildProcess
  readonly #gone: Promise<unknown>
  #rest = ''
  #restarting = false

  constructor(readonly name: string, readonly port: number, private readonly metricsPort: number, main: readonly string[], env: Readonly<Record<string, string>>, private readonly invariants: Invariants) {
    this.#child = spawnOwned(process.execPath, ['--expose-gc', '--import', fileURLToPath(new URL('collect.js', import.meta.url)), ...main], {
      cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env, MASKLINE_HTTP_PORT: String(port), MASKLINE_METRICS_PORT: String(metricsPort) }
    })
    this.#gone = once(this.#child, 'exit').then(([code, signal]: unknown[]) => {
      if (!this.#restarting) invariants.broken('process', `${name} ended by itself with ${String(code ?? signal)}`)
      return code ?? signal
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) stream.setEncoding('latin1').on('data', (text: string) => this.#printed(text))
  }

  get base(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get pid(): number {
    return this.#child.pid!
  }

  async ready(): Promise<void> {
    await until(() => fetch(`${this.base}/readyz`, { headers: { connection: 'close' } }).then((answer) => answer.ok, () => this.#ended()), `${this.name} to be ready`)
  }

  /** @throws Error when there is nothing to wait for */
  #ended(): false {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return false
    throw new Error(`${this.name} does not start: ${this.#rest}`)
  }

  /** @returns its exit code, or the signal that ended it */
  async stop(signal: NodeJS.Signals): Promise<unknown> {
    this.#restarting = true
    this.#child.kill(signal)
    return this.#gone
  }

  /** Values of the metrics whose name begins so, by the whole name with its labels. */
  async metrics(prefix: string): Promise<Readonly<Record<string, number>>> {
    const text = await (await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`, { headers: { connection: 'close' } })).text()
    return Object.fromEntries(text.split('\n').filter((line) => line.startsWith(prefix)).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
  }

  /** Bytes and descriptors in use, garbage not counted. */
  async memory(): Promise<{ readonly rss: number, readonly heap: number, readonly fds: number }> {
    process.kill(this.pid, 'SIGWINCH')
    await sleep(300)
    const { maskline_process_nodejs_heap_size_used_bytes: heap = 0 } = await this.metrics('maskline_process_nodejs_heap_size_used_bytes')
    const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]) * 1024
    return { rss, heap, fds: readdirSync(`/proc/${this.pid}/fd`).length }
  }

  #printed(text: string): void {
    const all = this.#rest + text
    if (personsNumber.test(all)) this.invariants.broken('number_leaked', `in what ${this.name} printed`)
    this.#rest = all.slice(-400)
    if (personsNumber.test(this.#rest)) this.#rest = ''
  }
}

export async function until(holds: () => Promise<boolean>, what: string, withinMs = startsWithinMs): Promise<void> {
  const end = Date.now() + withinMs
  while (!await holds()) {
    await sleep(100)
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}.`)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => { resolve(false) })
  })
}
