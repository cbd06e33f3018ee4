/**
 * Asks the package registry for known weaknesses of the packages that run in production.
 * `node scripts/audit.mjs` ends with 1 when one of them is of high severity or worse, and with 0 when there is none or
 * nobody could be asked: without a network, or with a registry that takes no such questions, it says so and goes on.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const longestMs = 25_000
const serious = ['high', 'critical']

/**
 * Reads what `npm audit --json` wrote.
 * @param {string} text
 * @returns {{ state: 'clean' | 'weak' | 'skipped', sentence: string }}
 */
export function verdictOf(text) {
  const report = parsed(text)
  const counts = report?.metadata?.vulnerabilities
  if (typeof counts !== 'object' || counts === null || typeof counts.high !== 'number' || typeof counts.critical !== 'number') return { state: 'skipped', sentence: `Dependency audit skipped: ${reasonIn(report)}.` }
  const weak = Object.values(report.vulnerabilities ?? {}).filter(({ severity }) => serious.includes(severity))
  const milder = Object.entries(counts).filter(([name, count]) => count > 0 && !serious.includes(name) && name !== 'total').map(([name, count]) => `${count} ${name}`)
  const rest = milder.length > 0 ? ` Milder ones: ${milder.join(', ')}.` : ''
  if (weak.length === 0 && counts.high + counts.critical === 0) return { state: 'clean', sentence: `Dependency audit: no package that runs in production has a known weakness of high severity.${rest}` }
  return { state: 'weak', sentence: `Dependency audit: ${weak.map(describe).join('; ') || 'weaknesses of high severity'}.${rest}` }
}

/** Runs npm and never rejects. */
export async function audit() {
  const args = ['audit', '--omit=dev', '--json', '--fetch-retries=0', `--fetch-timeout=${longestMs - 5000}`]
  const text = await new Promise((resolve) => {
    const child = spawn('npm', args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'], timeout: longestMs, killSignal: 'SIGKILL' })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk) => { output += chunk })
    child.once('error', () => resolve(''))
    child.once('close', () => resolve(output))
  })
  return verdictOf(text)
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Why there is no report, without the registry's address. */
function reasonIn(report) {
  const { statusCode, error } = report ?? {}
  if (typeof statusCode === 'number') return `the registry answered ${statusCode}`
  return typeof error?.code === 'string' ? `the registry was not reached (${error.code})` : 'the registry gave no report'
}

function describe({ name, severity, via = [], fixAvailable }) {
  const reasons = via.filter((one) => typeof one === 'object').map(({ title, url }) => `${title} ${url ?? ''}`.trim())
  return `${name} (${severity})${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}${fixAvailable ? ', a fixed version is there' : ''}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { state, sentence } = await audit()
  process.stdout.write(`${sentence}\n`)
  process.exitCode = state === 'weak' ? 1 : 0
}
