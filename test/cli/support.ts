import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { program } from '../support/program.js'

const main = program(new URL('../../src/cli/main.ts', import.meta.url))

export interface Said { readonly exit: number | null, readonly out: string, readonly err: string }

/** Runs `maskline` as a process of its own; of the environment it gets what is named and the path. */
export async function maskline(env: Record<string, string>, ...args: readonly string[]): Promise<Said> {
  const child = spawn(process.execPath, [...main.execArgv, main.file, ...args], { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (data: Buffer) => { out += data.toString() })
  child.stderr.on('data', (data: Buffer) => { err += data.toString() })
  const [exit] = await once(child, 'close') as [number | null]
  return { exit, out, err }
}
