import { readFileSync } from 'node:fs'
import type { Invariants } from './invariants.js'

const everyMs = 1000
/** A process that was ready to run and had to wait for so much of a second is starved (ms). */
const starvedMs = 600
/** What a call may feel of it afterwards (ms). */
const feltForMs = 3000

/**
 * Notices when other work on the machine keeps phones or application from running, by the time that the kernel had
 * them wait for a processor: what fails then says nothing about the application.
 */
export class Pulse {
  /** Seconds in which somebody was starved. */
  starved = 0
  readonly #waited = new Map<number, number>()
  readonly #timer: NodeJS.Timeout

  /** @param pids of the processes to watch, beside this one */
  constructor(private readonly invariants: Invariants, private readonly pids: () => readonly number[]) {
    this.#timer = setInterval(() => this.#beat(), everyMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    const waits = [process.pid, ...this.pids()].map((pid) => this.#waitOf(pid))
    if (Math.max(...waits) < starvedMs) return
    this.starved++
    this.invariants.windows.push({ what: 'starved', from: Date.now() - 2 * everyMs, to: Date.now() + feltForMs })
  }

  /** Milliseconds since the last look in which a process waited for a processor (proc_pid_schedstat). */
  #waitOf(pid: number): number {
    let waited: number
    try {
      waited = Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
    } catch {
      // It is being replaced.
      return 0
    }
    const before = this.#waited.get(pid) ?? waited
    this.#waited.set(pid, waited)
    return waited - before
  }
}
