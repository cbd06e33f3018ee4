import { paint, type Look } from '../cli/ladder.js'

/** Says what is going on and keeps count of what was not as promised. */
export interface Report {
  readonly look: Look
  /** One line. */
  say(text?: string): void
  title(text: string): void
  /** A promise, and whether it was kept. */
  check(promise: string, kept: boolean): void
  readonly kept: number
  readonly broken: number
}

export function createReport(write: (text: string) => void, look: Look): Report {
  const count = { kept: 0, broken: 0 }
  const [yes, no] = look.unicode ? ['✓', '✗'] : ['ok', 'NOT']
  return {
    look,
    say: (text = '') => write(`${text}\n`),
    title: (text) => write(`\n${paint(text, 'strong', look)}\n\n`),
    check(promise, kept) {
      count[kept ? 'kept' : 'broken']++
      write(`  ${kept ? paint(yes, 'good', look) : paint(no, 'bad', look)} ${promise}\n`)
    },
    get kept() { return count.kept },
    get broken() { return count.broken }
  }
}
