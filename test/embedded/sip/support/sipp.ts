import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from './until.js'

const scenarios = fileURLToPath(new URL('../sipp/', import.meta.url))

export interface SippOptions {
  /** Name of a file in test/embedded/sip/sipp, or `uac` or `uas` for SIPp's own. */
  readonly scenario: string
  /** Where a caller calls to: a port on 127.0.0.1. Without it SIPp waits to be called. */
  readonly target?: number
  readonly port: number
  readonly calls?: number
  readonly rate?: number
  readonly transport?: 'u1' | 't1'
  /** Further arguments. */
  readonly more?: readonly string[]
}

export interface SippResult {
  /** 0 when every call went as the scenario has it. */
  readonly code: number
  /** What SIPp found unexpected, if anything. */
  readonly complaints: string
}

export interface Sipp {
  readonly done: Promise<SippResult>
  /** For one that only stops when told. */
  readonly stop: () => Promise<void>
}

/** Starts SIPp; a waiting one is ready when this resolves. */
export async function sipp(options: SippOptions): Promise<Sipp> {
  const folder = await mkdtemp(join(tmpdir(), 'sipp-'))
  const own = options.scenario === 'uac' || options.scenario === 'uas'
  const calls = options.calls ?? 1
  const child = spawn('sipp', [
    ...(options.target === undefined ? [] : [`127.0.0.1:${options.target}`]),
    ...(own ? ['-sn', options.scenario] : ['-sf', join(scenarios, `${options.scenario}.xml`)]),
    '-i', '127.0.0.1', '-p', String(options.port), '-t', options.transport ?? 'u1', '-m', String(calls), '-r', String(options.rate ?? 50),
    '-s', '+442079460000', '-nostdin', '-trace_err', '-timeout', '40s', '-timeout_error', ...options.more ?? []
  ], { cwd: folder, stdio: 'ignore' })
  const ended = once(child, 'exit') as Promise<[number | null]>
  const done = (async () => {
    const [code] = await ended
    // Of good calls it also notes late copies of messages; that is no complaint.
    const complaints = code === 0 ? '' : await errorsIn(folder)
    await rm(folder, { recursive: true, force: true })
    return { code: code ?? -1, complaints }
  })()
  if (options.target === undefined) await until('SIPp listens', () => child.exitCode !== null || taken(options))
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await done
  }
  return { done, stop }
}

async function errorsIn(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('_errors.log'))
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))
  return texts.join('').slice(0, 4_000)
}

/** Whether somebody listens on the port, as the system tells. */
function taken({ port, transport }: SippOptions): boolean {
  const [table, state] = transport === 't1' ? ['tcp', '0A'] : ['udp', '07']
  const local = new RegExp(`^ *\\d+: [0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')} \\S+ ${state} `, 'm')
  return local.test(readFileSync(`/proc/net/${table}`, 'utf8'))
}

