import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../src/config.js'
import { createKeyRing } from '../src/store/keyring/keyring.js'
import { silent } from './support/log.js'
import { testStore } from './support/redis.js'

interface Service {
  image: string
  build?: { context: string, target: string }
  restart?: string
  user?: string
  command?: string[]
  entrypoint?: string[]
  environment?: Record<string, string>
  ports?: string[]
  networks: Record<string, { ipv4_address: string }>
  volumes?: { type: string, source: string, target: string, read_only?: boolean }[]
  healthcheck?: { test: string[], interval: string, timeout: string, retries: number }
  [more: string]: unknown
}
interface Compose { services: Record<string, Service>, networks: Record<string, { internal?: boolean }>, volumes: object }
type Env = Record<string, string>

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string): string => readFileSync(join(root, name), 'utf8')

/** Puts variables in place as docker compose does, after the file was parsed: `${A:-default}`, `${A:?sentence}`, `$$`. */
function interpolate<T>(value: T, env: Env): T {
  if (typeof value === 'string') {
    return value.replace(/\$(?:\$|\{(\w+)(?::([-?])([^}]*))?\})/g, (whole, name?: string, kind?: string, rest?: string) => {
      if (name === undefined) return '$'
      if (kind === undefined) throw new Error(`${whole} has neither a default nor a sentence`)
      const set = env[name]
      if (set) return set
      if (kind === '?') throw new Error(`${name}: ${rest ?? ''}`)
      return rest ?? ''
    }) as T
  }
  if (Array.isArray(value)) return value.map((one) => interpolate(one as unknown, env)) as T
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, interpolate(one as unknown, env)])) as T
  return value
}

const raw = parse(read('docker-compose.yml'), { merge: true }) as Compose
const example = read('.env.example')
/** What .env.example leaves empty, and what it shows as a comment. */
const required = [...example.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => ({ name: name!, value: value! }))
const optional = Object.fromEntries([...example.matchAll(/^#(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]))
const filled: Env = {
  ...Object.fromEntries(required.map(({ name }, index) => [name, `${index}`.repeat(64)])),
  MASKLINE_PUBLIC_ADDRESS: '203.0.113.7',
  MASKLINE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  // The commands below are run as they stand, on loopback.
  MASKLINE_CORE_NET: '127.83.1',
  MASKLINE_EDGE_NET: '127.83.2'
}
const { services } = interpolate(raw, filled)
const service = (name: string): Service => services[name]!
const argument = (name: string, option: string): string[] => service(name).command!.flatMap((word, i, words) => word === option ? [words[i + 1]!] : [])

t.test('nothing starts while a secret is missing, and .env.example shows every variable without a value', async (t) => {
  const used = [...read('docker-compose.yml').matchAll(/\$\{(\w+):([-?])([^}]*)\}/g)]
  t.same(new Set(used.filter(([, , kind]) => kind === '?').map(([, name]) => name)), new Set(required.map(({ name }) => name)))
  for (const { name, value } of required) {
    t.equal(value, '', `${name} is empty`)
    t.throws(() => interpolate(raw, { ...filled, [name]: '' }), new RegExp(`^${name}: `), `${name} is asked for`)
  }
  for (const secret of ['API_KEY', 'MASTER_KEY', 'REDIS_PASSWORD', 'KEYS_PASSWORD', 'DRACHTIO_SECRET', 'FREESWITCH_SECRET']) t.ok(required.some(({ name }) => name === `MASKLINE_${secret}`), secret)
  const defaults = Object.fromEntries(used.filter(([, , kind]) => kind === '-').map(([, name, , rest]) => [name!, rest!]))
  t.same(optional, defaults, 'the same defaults in both')
  t.equal(spawnSync('git', ['check-ignore', '-q', '.env'], { cwd: root }).status === 0 || read('.gitignore').split('\n').includes('.env'), true, '.env stays out of git')
})

t.test('every image is pinned', async (t) => {
  const tags = [...Object.values(services).map(({ image }) => image), ...[...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!)]
  t.ok(tags.length >= 8)
  for (const image of tags) t.match(image, /^[\w./-]+:(\d+\.\d+\.\d+|[a-z]+-\d{8})[\w.-]*$/, image)
  for (const image of tags) t.notMatch(image, /latest|:(main|master|stable)/, image)
})

t.test('every service is watched, comes back, and has no right that it does not need', async (t) => {
  t.same(Object.keys(services).sort(), ['app', 'drachtio', 'freeswitch', 'keys', 'redis', 'rtpengine'])
  for (const [name, one] of Object.entries(services)) {
    const { test: [kind] = [], interval, timeout, retries } = one.healthcheck ?? {}
    t.match({ kind, interval, timeout, retries }, { kind: /^CMD/, interval: /^\d+s$/, timeout: /^\d+s$/, retries: Number }, `${name} has a health check`)
    t.equal(one.restart, 'unless-stopped', name)
    t.match(one, { cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], read_only: true, logging: { options: { 'max-size': String, 'max-file': String } } }, name)
    for (const right of ['privileged', 'network_mode', 'pid', 'ipc', 'cap_add', 'devices']) t.notOk(right in one, `${name} has no ${right}`)
    if (one.build === undefined) t.match(one.user, /^[1-9]\d*:[1-9]\d*$/, `${name} is not root`)
    for (const { type, source } of one.volumes ?? []) t.notOk(type === 'bind' && (source.includes('docker.sock') || source === '/'), 'nothing of the machine is let in')
  }
})

t.test('only SIP, RTP and the API are published, each at the port that its messages name', async (t) => {
  const published = Object.fromEntries(Object.entries(services).map(([name, { ports }]) => [name, ports ?? []]))
  t.same(published, {
    app: ['127.0.0.1:3000:3000/tcp'],
    drachtio: ['5060:5060/udp', '5060:5060/tcp'],
    freeswitch: ['30000-30399:30000-30399/udp'],
    rtpengine: ['20000-20399:20000-20399/udp'],
    redis: [],
    keys: []
  })
  const { drachtio, freeswitch, rtpengine } = interpolate(raw, { ...filled, MASKLINE_SIP_PORT: '5999', MASKLINE_VOICE_TO: '30999', MASKLINE_RELAY_FROM: '19000' }).services
  t.same(drachtio!.ports, ['5999:5999/udp', '5999:5999/tcp'])
  t.ok(drachtio!.command!.includes('sip:127.83.2.11:5999;transport=udp,tcp'))
  t.same([freeswitch!.ports, freeswitch!.environment!.MASKLINE_FS_RTP_TO], [['30000-30999:30000-30999/udp'], '30999'])
  t.same(rtpengine!.ports, ['19000-20399:19000-20399/udp'])
  t.ok(rtpengine!.command!.includes('--port-min=19000'))
})

t.test('whoever controls something does so in a network without a way out', async (t) => {
  t.equal(raw.networks.core?.internal, true)
  for (const store of ['redis', 'keys']) t.same(Object.keys(service(store).networks), ['core'])
  const core = (name: string): string => service(name).networks.core!.ipv4_address
  const edge = (name: string): string => service(name).networks.edge!.ipv4_address
  t.equal(new Set(Object.values(services).flatMap(({ networks }) => Object.values(networks).map((one) => one.ipv4_address))).size, 10, 'no address twice')
  t.same(argument('drachtio', '--address'), [core('drachtio')], 'the admin port')
  t.same(argument('drachtio', '--contact').map((contact) => contact.split(':')[1]), [edge('drachtio'), core('drachtio')])
  t.same(argument('drachtio', '--external-ip'), ['203.0.113.7'])
  t.same(argument('drachtio', '--local-net'), ['127.83.2.0/24', '127.83.1.0/24'])
  const { MASKLINE_FS_ADDRESS: control, MASKLINE_FS_APP: back, MASKLINE_FS_PEERS: peers, MASKLINE_FS_RTP_ADDRESS: rtp, MASKLINE_FS_RTP_ADVERTISED: advertised } = service('freeswitch').environment!
  t.same({ control, back, peers, rtp, advertised }, { control: core('freeswitch'), back: `${core('app')}:8084`, peers: '127.83.1.0/24', rtp: edge('freeswitch'), advertised: '203.0.113.7' })
  t.equal(service('app').environment!.MASKLINE_FREESWITCH_APP, back)
  t.equal(service('app').environment!.MASKLINE_METRICS_HOST, core('app'), 'the counts')
  t.ok(service('rtpengine').command!.includes(`--listen-ng=${core('rtpengine')}:22222`))
  t.ok(service('rtpengine').command!.includes(`--interface=${edge('rtpengine')}!203.0.113.7`))
  const config = loadConfig({ ...service('app').environment, MASKLINE_CONFIG: join(root, 'config/production.example.yaml') })
  const at = (url: string | null): string => new URL(url!).host
  t.same([at(config.redis.url), at(config.keys.url), at(config.drachtio.url), at(config.freeswitch.url), at(config.rtpengine.url)],
    [`${core('redis')}:6379`, `${core('keys')}:6379`, `${core('drachtio')}:9022`, `${core('freeswitch')}:8021`, `${core('rtpengine')}:22222`])
  const secret = (url: string | null): string => new URL(url!).password
  t.equal(secret(config.drachtio.url), service('drachtio').environment!.DRACHTIO_SECRET)
  t.equal(secret(config.freeswitch.url), service('freeswitch').environment!.MASKLINE_FS_SECRET)
  t.equal(secret(config.redis.url), service('redis').environment!.REDISCLI_AUTH)
  t.equal(secret(config.keys.url), service('keys').environment!.REDISCLI_AUTH)
  t.not(secret(config.keys.url), secret(config.redis.url), 'keys and data have accounts of their own')
})

t.test('what the services read is there', async (t) => {
  const binds = Object.values(services).flatMap(({ volumes = [] }) => volumes).filter(({ type, source }) => type === 'bind' && !['./config/production.yaml', './var/sounds'].includes(source))
  t.ok(binds.length >= 4)
  for (const { source, read_only: readOnly } of binds) {
    t.ok(existsSync(join(root, source)), source)
    t.equal(readOnly, true, 'and cannot be written')
  }
  const known = new Set([...read('freeswitch/freeswitch.xml').matchAll(/\$(MASKLINE_FS_\w+)/g)].map(([, name]) => name))
  t.same(new Set(Object.keys(service('freeswitch').environment!)), known, 'FreeSWITCH is told all that it asks for')
  t.equal(service('freeswitch').command!.includes('/etc/maskline/freeswitch'), true)
})

t.test('the image of Maskline holds what runs and nothing else', async (t) => {
  const stages = read('Dockerfile').split(/^(?=FROM )/m).filter((text) => text.startsWith('FROM '))
  const named = Object.fromEntries(stages.map((text) => [/AS (\w+)/.exec(text)![1]!, text]))
  for (const one of ['app', 'rtpengine']) {
    const { build } = service(one)
    t.match(named[build!.target], /^USER (?!root|0)\w+$/m, `${one} is not root`)
  }
  t.match(named.build, /npm prune --omit=dev/)
  t.match(named.maskline, /^ENV NODE_ENV=production$/m)
  t.notMatch(named.maskline, /npm|apt-get/, 'nothing is installed into it')
  const ignored = read('.dockerignore').split('\n')
  for (const [, sources] of read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const source of sources!.split(' ')) {
      t.ok(existsSync(join(root, source)), source)
      t.ok(ignored.includes(`!${source}`), `${source} may be copied`)
    }
  }
  t.equal(ignored.find((line) => line !== '' && !line.startsWith('#')), '*', 'all else is left out')
})

/** The tags of an XML text, opened and closed in order; undefined when they are not. */
function elements(xml: string): { name: string, attributes: string, text: string }[] | undefined {
  const open: { name: string, attributes: string, text: string }[] = []
  const all: typeof open = []
  const body = xml.replace(/^<\?xml[^?]*\?>/, '').replace(/<!--(?:(?!--)[\s\S])*-->/g, '')
  for (const [, text = '', closing, name = '', attributes = '', empty] of body.matchAll(/([^<]*)<(\/?)([a-z][\w-]*)((?:\s+[\w-]+="[^"<&]*")*)\s*(\/?)>/g)) {
    const last = open.at(-1)
    if (last !== undefined) last.text += text.trim()
    if (closing) {
      if (open.pop()?.name !== name) return undefined
      continue
    }
    const element = { name, attributes, text: '' }
    all.push(element)
    if (!empty) open.push(element)
  }
  // Nothing may be left over that was no tag.
  const rest = body.replace(/<\/?[a-z][\w-]*(?:\s+[\w-]+="[^"<&]*")*\s*\/?>/g, '')
  return open.length === 0 && !rest.includes('<') ? all : undefined
}

t.test('drachtio writes no SIP message, no call record, and is controlled from nowhere but where it is told', async (t) => {
  t.equal(elements('<a><b></a></b>'), undefined, 'a crooked file is seen')
  t.equal(elements('<a><b c=d/></a>'), undefined)
  const all = elements(read('config/drachtio.conf.xml'))
  t.ok(all, 'well-formed')
  const text = (name: string): string | undefined => all!.find((element) => element.name === name)?.text
  t.equal(text('loglevel'), 'notice', 'messages are written at info and debug')
  t.ok(Number(text('sofia-loglevel')) <= 3)
  t.equal(text('cdrs'), 'false')
  t.equal(text('admin'), '127.0.0.1')
  t.notMatch(all!.find(({ name }) => name === 'admin')?.attributes, /secret/, 'no secret stands in it')
  for (const name of ['file', 'syslog', 'capture-server', 'request-handlers', 'monitoring']) t.equal(text(name), undefined, `no ${name}`)
  t.notMatch(service('drachtio').command!.join(' '), /loglevel|0\.0\.0\.0|--secret/)
})

/** Runs a command until the test ends. */
function run(t: Test, command: string, args: readonly string[], env: Env = {}): void {
  const child = spawn(command, args, { stdio: 'ignore', env: { PATH: process.env.PATH, ...env } })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
}

/** Whether a health check passes, within some tries. */
async function healthy([kind, ...command]: readonly string[], env: Env = {}): Promise<boolean> {
  const [program = '', ...args] = kind === 'CMD-SHELL' ? ['sh', '-c', ...command] : command
  for (let tries = 0; tries < 50; tries++) {
    if (spawnSync(program, args, { env: { PATH: process.env.PATH, ...env }, timeout: 5000 }).status === 0) return true
    await sleep(100)
  }
  return false
}

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

/** Runs one of the two Redis servers as it stands, but for its port and folder. */
async function startRedis(t: Test, name: 'redis' | 'keys', conf: string): Promise<{ port: number, folder: string, cli: (line: string, env?: Env) => string }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  const folder = t.testdir({})
  const file = join(folder, 'redis.conf')
  writeFileSync(file, read(conf).replace('port 6379', `port ${port}`).replace('dir /data', `dir "${folder}"`).replace('bind * -::*', 'bind 127.0.0.1'))
  const { command, environment, healthcheck } = service(name)
  run(t, command![0]!, command!.slice(1).map((word) => word.replace('/etc/maskline/redis.conf', file)), environment)
  const cli = (line: string, env: Env = environment!): string => spawnSync('redis-cli', ['-p', String(port), ...line.split(' ')], { env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' }).stdout.trim()
  const check = healthcheck!.test.map((word) => word.replace('redis-cli', `redis-cli -p ${port}`))
  t.ok(await healthy(check, environment), 'its health check passes')
  return { port, folder, cli }
}

const withRedis = { skip: has('redis-server') ? false : 'no redis-server' } as const

t.test('Redis starts with this command, behind its password, and forgets nothing but what it should', withRedis, async (t) => {
  const { cli } = await startRedis(t, 'redis', 'config/redis.conf')
  t.match(cli('ping', {}), /NOAUTH/, 'nobody gets in without the password')
  t.match(cli('ping', { REDISCLI_AUTH: 'wrong' }), /NOAUTH|WRONGPASS/)
  for (const [name, value] of [['appendonly', 'yes'], ['appendfsync', 'always'], ['save', ''], ['maxmemory-policy', 'noeviction'], ['slowlog-log-slower-than', '-1']] as const) {
    t.equal(cli(`config get ${name}`).split('\n')[1] ?? '', value, name)
  }
})

t.test('G7: the key store starts with this command; its account makes and destroys keys, and nobody else gets in', withRedis, async (t) => {
  const { port, folder, cli } = await startRedis(t, 'keys', 'config/keys-redis.conf')
  t.match(cli('ping', {}), /NOAUTH/)
  t.match(cli('ping'), /NOAUTH|WRONGPASS/, 'its password is that of no other user')
  t.match(cli('--user maskline-keys ping', { REDISCLI_AUTH: service('redis').environment!.REDISCLI_AUTH! }), /NOAUTH|WRONGPASS/, 'nor does that of the data open it')
  t.match(cli('--user maskline-keys config get appendfsync'), /NOPERM/)
  const url = `redis://maskline-keys:${service('keys').environment!.REDISCLI_AUTH!}@127.0.0.1:${port}`
  const store = await testStore(t, { url })
  const ring = createKeyRing({ store, masterKeys: { current: randomBytes(32) }, log: silent })
  t.teardown(() => ring.close())
  const scope = { purpose: 'record', owner: 'demo', period: '0' } as const
  await ring.use(scope, Date.now())
  t.match(await ring.destroy([scope]), [{ scope, filesRewritten: true }])
  t.ok(existsSync(join(folder, 'appendonlydir')))
  t.notOk(existsSync(join(folder, 'dump.rdb')))
})

t.test('rtpengine starts with this command and answers its health check', { skip: has('rtpengine') ? false : 'no rtpengine' }, async (t) => {
  const { command, healthcheck } = service('rtpengine')
  t.notOk(spawnSync(healthcheck!.test[1]!, healthcheck!.test.slice(2)).status === 0, 'which fails while nobody is there')
  const entry = JSON.parse(/ENTRYPOINT (\[.*\])/.exec(read('Dockerfile'))![1]!) as string[]
  run(t, entry[0]!, [...entry.slice(1), ...command!])
  t.ok(await healthy(healthcheck!.test))
})
