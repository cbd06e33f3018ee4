import type { Log } from './log.js'

/**
 * Keeps libraries from writing to stdout and stderr: drachtio-srf prints whole SIP messages, numbers
 * included, when one does not parse. The call is counted in our own log; its arguments are not looked at.
 * Returns the function that puts the console back.
 */
export function guardConsole(log: Log): () => void {
  const names = ['error', 'warn', 'info', 'log', 'debug', 'trace'] as const
  // The guard is the one place that touches the console, so that nothing else has to.
  const target = globalThis.console
  const originals = { ...target }
  for (const name of names) target[name] = () => log.warn('library.console', { operation: name })
  return () => { Object.assign(target, originals) }
}
