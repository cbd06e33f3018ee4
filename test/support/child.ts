import type { ChildProcess } from 'node:child_process'

/**
 * Waits until a process has printed something that fits; what it prints later is read and dropped.
 * @returns the match. Rejects when the process ends before, or takes longer than `withinMs`
 */
export function printed(child: ChildProcess, pattern: RegExp, withinMs = 60_000): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = ''
    const read = (part: string): void => {
      text += part
      const found = pattern.exec(text)
      if (found !== null) done(() => resolve(found))
    }
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => done(() => reject(new Error(`The process ended with ${code ?? signal} before it printed ${pattern}.`)))
    const timer = setTimeout(() => done(() => reject(new Error(`The process did not print ${pattern} in time.`))), withinMs)
    const done = (settle: () => void): void => {
      clearTimeout(timer)
      child.off('exit', ended)
      child.stdout?.off('data', read).resume()
      settle()
    }
    child.once('exit', ended)
    child.stdout?.setEncoding('utf8').on('data', read)
  })
}
