/**
 * Makes a fresh clone ready: `node scripts/setup.mjs start|demo|test|bench|build`.
 * Packages, system programs and the build, each only when it is missing or out of date, so a run that
 * was killed half way is put right by the next one. Only built-ins of Node: it runs before node_modules exists.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const buildStamp = join(root, 'dist', '.maskline-built')
/** Program → the Debian package that brings it. */
const debian = { 'redis-server': 'redis-server', sipp: 'sip-tester', rtpengine: 'rtpengine-daemon', chromium: 'chromium' }
/** Program → the service that its package would like to run. */
const services = { 'redis-server': 'redis-server', rtpengine: 'rtpengine-daemon' }
const needs = { build: [], start: ['redis-server'], demo: ['redis-server'], test: ['redis-server', 'sipp', 'rtpengine'], bench: ['redis-server', 'sipp', 'rtpengine'] }
/** What is installed when it can be; without it the tests that want it are skipped. */
const likes = { test: ['chromium'] }

const mode = process.argv[2] ?? ''
if (!Object.hasOwn(needs, mode)) stop('Say what to set up: node scripts/setup.mjs start|demo|test|bench|build')
checkNode()
installPackages()
installPrograms(needs[mode])
installLiked(likes[mode] ?? [])
// Tests run the sources; that these can be built is one of the checks beside them.
if (mode !== 'test') build()

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  stop(`Maskline needs Node 20.19 or newer; this is Node ${process.versions.node}.`)
}

function installPackages() {
  if (packagesInPlace()) return
  say('Installing packages (npm ci) …')
  // The build needs the development packages too, whatever NODE_ENV says.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 'ignore', 2] })
  if (status !== 0) stop('npm could not install the packages; its own words, if any, are above.')
}

/** npm notes what it has installed when it is done; that has to hold what package-lock.json asks for. */
function packagesInPlace() {
  const note = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(note)) return false
  const [wanted, installed] = [join(root, 'package-lock.json'), note].map((file) => JSON.parse(readFileSync(file, 'utf8')).packages)
  return Object.entries(wanted).every(([place, { version, integrity, optional }]) => {
    // The entry without a place is this project; what is optional may be for another machine.
    if (place === '' || optional) return true
    return installed[place]?.version === version && installed[place]?.integrity === integrity
  })
}

function installPrograms(programs) {
  const missing = programs.filter((name) => !onPath(name))
  if (missing.length === 0) return
  const packages = missing.map((name) => debian[name])
  const sudo = rootPrefix()
  if (sudo === undefined || !onPath('apt-get')) {
    stop(`Please install ${missing.join(' and ')} (on Debian: apt-get install ${packages.join(' ')}) and try again.`)
  }
  say(`Installing ${packages.join(' and ')} (apt-get) …`)
  apt(sudo, packages)
  for (const name of missing) if (services[name]) stopService(sudo, services[name])
  const still = missing.filter((name) => !onPath(name))
  if (still.length > 0) stop(`apt-get could not install ${still.map((name) => debian[name]).join(' and ')}; please install by hand and try again.`)
}

function installLiked(programs) {
  const missing = programs.filter((name) => !onPath(name))
  if (missing.length === 0) return
  const sudo = rootPrefix()
  if (sudo !== undefined && onPath('apt-get')) {
    say(`Installing ${missing.join(' and ')} (apt-get) …`)
    apt(sudo, missing.map((name) => debian[name]))
  }
  const still = missing.filter((name) => !onPath(name))
  if (still.length > 0) say(`Without ${still.join(' and ')} the tests in a browser are skipped (on Debian: apt-get install ${still.map((name) => debian[name]).join(' ')}).`)
}

/** The words before a command that run it as root without a question, or undefined. */
function rootPrefix() {
  if (process.getuid?.() === 0) return []
  return onPath('sudo') && quiet('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : undefined
}

function apt(sudo, packages) {
  const asRoot = (...words) => {
    // RUNLEVEL=1 keeps sysvinit from starting what was installed.
    const [command, ...args] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', ...words]
    return quiet(command, args)
  }
  const wait = ['-o', 'DPkg::Lock::Timeout=120']
  // An installation that was killed half way blocks every later one until it is finished.
  asRoot('dpkg', '--configure', '-a')
  const steps = [['update', '-qq'], ['install', '-y', '-qq', '--no-install-recommends', ...packages]]
  const results = steps.map((step) => asRoot('apt-get', ...wait, ...step))
  if (results[1].status !== 0) process.stderr.write(results.map((result) => result.stderr).join(''))
}

/** We start these programs ourselves with our own settings; the service that came with the package is not wanted. */
function stopService(sudo, name) {
  const words = existsSync('/run/systemd/system')
    ? ['systemctl', 'disable', '--now', `${name}.service`]
    : ['service', name, 'stop']
  const [command, ...args] = [...sudo, ...words]
  quiet(command, args)
}

/**
 * Compiles src/ to dist/, without a look at its types: `npm test` and `npm run check` do that, and a first start is sooner.
 * What is not TypeScript, such as the Redis scripts, is read where it lies.
 */
function build() {
  const sources = [...filesUnder(join(root, 'src')).filter((file) => file.endsWith('.ts')), ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((name) => join(root, name))]
  const wanted = digest(sources.map((file) => `${file} ${statSync(file).size} ${statSync(file).mtimeMs}`).join('\n'))
  if (readStamp(buildStamp) === wanted) return
  say('Building …')
  mkdirSync(join(root, 'dist'), { recursive: true })
  rmSync(buildStamp, { force: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  // Its findings go to our standard error, so that standard output stays the program's.
  const { status } = spawnSync(process.execPath, [compiler, '--noCheck', '-p', 'tsconfig.build.json'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) stop('The build failed; see the lines above.')
  writeFileSync(buildStamp, wanted)
}

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, name)).filter((file) => statSync(file).isFile()).sort()
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

function digest(data) {
  return createHash('sha256').update(data).digest('hex')
}

function quiet(command, args) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })
}

function say(line) {
  process.stderr.write(`${line}\n`)
}

function stop(sentence) {
  say(sentence)
  process.exit(1)
}
