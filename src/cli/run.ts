import { parseArgs } from 'node:util'
import { backupCheck } from './backup.js'
import { calls } from './calls.js'
import type { Command, Options, Result } from './command.js'
import { exits, misused } from './fault.js'
import { keyCommands } from './keys.js'
import { numbers } from './numbers.js'
import { auditVerify, documents } from './papers.js'
import { retentionCommands } from './retention.js'
import { serverOf } from './server.js'
import { status } from './status.js'
import { trace } from './trace.js'

/** Its words → the command. */
const commands: Readonly<Record<string, Command>> = {
  status, calls, trace, numbers, ...keyCommands, ...retentionCommands, 'audit verify': auditVerify, documents, 'backup check': backupCheck
}

/** What was said, and whether as JSON. */
export interface Outcome extends Result { readonly json: boolean }

/**
 * Runs one command line.
 * @param args without the program's own name
 * @throws Fault with one sentence and its exit code
 */
export async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  if (args[0] === undefined) return { json: false, data: null, text: help(), exit: exits.usage }
  if (args[0] === 'help' || args.includes('--help')) return { json: false, data: null, text: help(), exit: exits.well }
  const [name, command] = commandOf(args)
  const { values, positionals } = parsed(command, args.slice(name.split(' ').length))
  const wanted = command.words ?? []
  if (positionals.length !== wanted.length) throw misused(`"${usage(name, command)}" takes ${wanted.length === 0 ? 'nothing more' : `exactly ${wanted.join(' ')}`}.`)
  const result = await command.run({ words: positionals, options: values, env, server: () => serverOf(env) })
  return { ...result, json: values.json === true }
}

/** Two words before one: `retention run` is not `retention`. */
function commandOf(args: readonly string[]): [string, Command] {
  for (const count of [2, 1]) {
    const name = args.slice(0, count).join(' ')
    if (Object.hasOwn(commands, name)) return [name, commands[name]!]
  }
  // The word itself may be a key that slipped: it is not said again.
  throw misused('There is no such command.')
}

function parsed({ options = {} }: Command, args: readonly string[]): { values: Options, positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options: { json: { type: 'boolean' }, ...options }, allowPositionals: true })
  } catch {
    throw misused(`This command takes only ${['json', ...Object.keys(options)].map((name) => `--${name}`).join(', ')}.`)
  }
}

const usage = (name: string, { words = [] }: Command): string => [name, ...words].join(' ')

function help(): string {
  const lines = Object.entries(commands).map(([name, command]) => `  ${usage(name, command).padEnd(18)} ${command.help}`)
  return ['maskline COMMAND [--json]', '', ...lines, '', 'MASKLINE_URL is the server (http://127.0.0.1:3000), MASKLINE_API_KEY the key (else api.key in MASKLINE_DATA_DIR, ./var).', 'Exit codes: 0 all is well, 1 something is wrong or was refused, 2 the command was not understood.'].join('\n')
}
