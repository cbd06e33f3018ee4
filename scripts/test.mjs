/**
 * Everything that must hold: types, lint, build, imports and each test file, two at a time and beside them two that wait.
 * `node scripts/test.mjs [file or folder …]` limits the test files. The last line is
 * `N passed, N failed` with `, N skipped` when something was skipped; types and lint, build and imports count as one each.
 * Every one is a process group of its own, so one that hangs is ended and hurts no other.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Parser } from 'tap-parser'
import { bundle } from './bundle.mjs'
import { ordered } from './order.mjs'
import { sourcePlaces } from './places.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
/** After this a test file reports a timeout itself; ten seconds later it is killed. */
const timeoutSeconds = Number(process.env.TAP_TIMEOUT ?? 120)

const total = { passed: 0, failed: 0, skipped: [], assertions: 0 }
const groups = new Set()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => giveUp())

const files = testFiles(process.argv.slice(2))
const bundled = await bundle(files)
process.once('exit', () => rmSync(bundled, { recursive: true, force: true }))
const inSources = sourcePlaces(root, bundled)
const { busy, waiting } = ordered(files)
const work = [
  () => check('types and lint', ['scripts/check.mjs']),
  () => check('build', ['node_modules/typescript/bin/tsc', '--noCheck', '-p', 'tsconfig.build.json']),
  () => check('imports', ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.dependency-cruiser.cjs', 'src']),
  ...busy.map(testJob)
]
const waits = waiting.map(testJob)
// For two cores; what waits hardly needs any. Whoever is done helps the others, but four never compute.
await Promise.all([worker(work, waits), worker(work, waits), worker(waits, work), worker(waits)])
close()

async function check(name, [script, ...args]) {
  const { code, output, seconds } = await run([join(root, script), ...args], 600)
  if (code === 0) total.passed += 1
  else total.failed += 1
  say(`${code === 0 ? 'ok' : 'not ok'} ${name} (${seconds} s)`)
  if (code !== 0) say(indent(output.join('').trim()))
}

/** Does what is in the first queue, then what is left in the next. */
async function worker(...queues) {
  for (const queue of queues) for (let job = queue.shift(); job !== undefined; job = queue.shift()) await job()
}

function testJob(file) {
  return async () => report(file, await runFile(file))
}

async function runFile(file) {
  const outcome = { passed: 0, failures: [], skipped: [] }
  const parser = new Parser()
  watch(parser, '', outcome)
  const env = { ...process.env, TAP_TIMEOUT: String(timeoutSeconds), NODE_ENV: 'test', MASKLINE_TEST_BUNDLE: bundled }
  const ended = await run([join(bundled, file.replace(/\.ts$/, '.js'))], timeoutSeconds + 10, env, (chunk) => parser.write(chunk))
  parser.end()
  const { plan, count, failures } = parser.results
  const broken = failures.map((failure) => failure.tapError).filter(Boolean)
  if (plan.skipAll && plan.comment && plan.comment !== 'no tests found') outcome.skipped.push(`the whole file: ${plan.comment}`)
  else if (outcome.failures.length === 0) {
    // How a file can fail without a failed assertion, the clearest sign first.
    if (ended.killed) outcome.failures.push({ name: `killed after ${timeoutSeconds + 10} seconds` })
    else if (ended.code !== 0) outcome.failures.push({ name: `ended with ${ended.code ?? ended.signal} before its tests were done` })
    else if (count === 0) outcome.failures.push({ name: 'holds no test' })
    else outcome.failures.push(...broken.map((name) => ({ name })))
  }
  return { ...outcome, ...ended }
}

/** Collects the assertions of a parser and of its subtests; the point that closes a subtest is not one. */
function watch(parser, path, outcome) {
  let failedBelow = 0
  parser.on('child', (child) => {
    failedBelow = outcome.failures.length
    watch(child, `${path}${child.name} > `, outcome)
  })
  parser.on('assert', (point) => {
    if (point.closingTestPoint && (point.ok || outcome.failures.length > failedBelow)) return
    if (point.skip) outcome.skipped.push(`${path}${point.name}${point.skip === true ? '' : `: ${point.skip}`}`)
    else if (point.todo) outcome.skipped.push(`${path}${point.name}: to do${point.todo === true ? '' : `, ${point.todo}`}`)
    else if (point.ok) outcome.passed += 1
    else outcome.failures.push({ name: `${path}${point.name}`, diag: point.diag })
  })
  parser.on('bailout', (reason) => outcome.failures.push({ name: `${path}bailed out: ${reason}` }))
}

function report(file, outcome) {
  total.assertions += outcome.passed + outcome.failures.length
  total.passed += outcome.passed
  total.failed += outcome.failures.length
  total.skipped.push(...outcome.skipped.map((line) => `${file}: ${line}`))
  const bad = outcome.failures.length > 0
  say(`${bad ? 'not ok' : 'ok'} ${file} (${outcome.passed} passed${bad ? `, ${outcome.failures.length} failed` : ''}, ${outcome.seconds} s)`)
  for (const failure of outcome.failures) say(indent(inSources(describe(failure))))
  if (bad && outcome.errors.length > 0) say(indent(`its standard error:\n${indent(inSources(tail(outcome.errors.join(''))))}`))
}

/** A failed assertion as a person reads it: where, what was expected, what came. */
function describe({ name, diag = {} }) {
  const { at, diff, stack, source, ...rest } = diag ?? {}
  const place = at?.fileName ? `at ${at.fileName}:${at.lineNumber}:${at.columnNumber}` : undefined
  const facts = Object.entries(rest).filter(([key]) => !['compare', 'tapCaught', 'cwd'].includes(key)).map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const lines = [place, diff?.trimEnd(), ...facts, place === undefined ? stack?.trimEnd() : undefined].filter(Boolean)
  return [`- ${name}`, ...lines.map((line) => indent(line))].join('\n')
}

/** Runs node with `args` in a group of its own; whatever it leaves behind ends with it. */
function run(args, seconds, env = process.env, onOutput) {
  const started = Date.now()
  const child = spawn(process.execPath, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  groups.add(child.pid)
  const output = []
  const errors = []
  child.stdout.setEncoding('utf8').on('data', (text) => onOutput === undefined ? output.push(text) : onOutput(text))
  child.stderr.setEncoding('utf8').on('data', (text) => (onOutput === undefined ? output : errors).push(text))
  let killed = false
  const timer = setTimeout(() => {
    killed = true
    endGroup(child.pid)
  }, seconds * 1000)
  child.once('exit', () => endGroup(child.pid))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      groups.delete(child.pid)
      resolve({ code, signal, killed, output, errors, seconds: ((Date.now() - started) / 1000).toFixed(1) })
    })
  })
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The whole group has ended already.
  }
}

function giveUp() {
  for (const pid of groups) endGroup(pid)
  process.exit(130)
}

function close() {
  if (total.assertions === 0) {
    total.failed += 1
    say('not ok: no test ran')
  }
  const { passed, failed, skipped } = total
  for (const line of skipped) say(`skipped ${line}`)
  say(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`)
  process.exitCode = failed > 0 ? 1 : 0
}

function testFiles(limits) {
  const all = existsSync(join(root, 'test')) ? readdirSync(join(root, 'test'), { recursive: true }).map((name) => `test/${name}`).filter((name) => name.endsWith('.test.ts')).sort() : []
  const wanted = limits.map((name) => relative(root, join(process.cwd(), name)))
  return wanted.length === 0 ? all : all.filter((file) => wanted.some((name) => file === name || file.startsWith(`${name}/`)))
}

function tail(text) {
  return text.trimEnd().split('\n').slice(-40).join('\n')
}

function indent(text) {
  return text.split('\n').map((line) => `  ${line}`).join('\n')
}

function say(line) {
  process.stdout.write(`${line}\n`)
}
