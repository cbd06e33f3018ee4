/** Exit codes: all is well; something is wrong or was refused; the command was not understood. */
export const exits = { well: 0, wrong: 1, usage: 2 } as const
export type Exit = typeof exits[keyof typeof exits]

/** What ends a command: one sentence for whoever typed it, never with a secret in it. */
export class Fault extends Error {
  /** @param code the server's stable code, when it was the server that refused */
  constructor(sentence: string, readonly exit: Exit = exits.wrong, readonly code?: string, readonly retryAfter?: number) {
    super(sentence)
  }
}

/** The command was not understood. */
export function misused(sentence: string): Fault {
  return new Fault(`${sentence} "maskline help" lists the commands.`, exits.usage)
}
