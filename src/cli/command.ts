import type { Exit } from './fault.js'
import type { Server } from './server.js'

/** What the options of all commands look like after parseArgs. */
export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** What a command has to say. `data` is for `--json`, `text` for people. */
export interface Result {
  readonly data: unknown
  readonly text: string
  /** For people, on standard error: what must not end up in a file with the text. */
  readonly aside?: string
  readonly exit: Exit
}

/** What a command gets. */
export interface Call {
  /** The words after the command's own. */
  readonly words: readonly string[]
  readonly options: Options
  /** Made on first use: a command about local files needs no server. */
  readonly server: () => Server
  readonly env: NodeJS.ProcessEnv
}

export interface Command {
  /** One line for the list of commands. */
  readonly help: string
  /** Names of what follows the command, all needed. */
  readonly words?: readonly string[]
  /** Options of its own, beside --json. */
  readonly options?: Readonly<Record<string, { readonly type: 'string' | 'boolean', readonly multiple?: boolean }>>
  /** @throws Fault */
  run(call: Call): Promise<Result>
}
