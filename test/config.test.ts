import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ConfigSchema, loadConfig, portRange, type Config } from '../src/config.js'
import { MaskError } from '../src/errors.js'

/** A trunk that is whole, with one more setting. */
const trunkWith = (more: string): string => `trunks: [{id: a, sources: [127.0.0.1], identity: [pai], country: SE, gateways: ["sip:192.0.2.1:5060"], ${more}}]`

/** The sentence with which a start ends for this file and environment. */
function refusal(t: Test, yaml: string, env: Record<string, string> = {}): string {
  const file = join(t.testdir({}), 'maskline.yaml')
  writeFileSync(file, yaml)
  try {
    loadConfig({ MASKLINE_CONFIG: file, ...env })
    return 'accepted'
  } catch (error) {
    if (!(error instanceof MaskError)) throw error
    t.equal(error.code, 'config_invalid')
    return String(error.cause)
  }
}

t.test('the defaults alone are a whole configuration', async (t) => {
  const config = loadConfig({})
  t.equal(config.http.host, '127.0.0.1')
  t.equal(config.http.port, 3000)
  for (const host of [config.http.host, config.sip.host, config.media.host, config.freeswitch.app.split(':')[0]]) t.equal(host, '127.0.0.1', 'nothing listens to the world unless it is told to')
  t.equal(config.redis.url, null)
  t.same(config.pools[0]?.numbers, ['+442079460000-+442079460019'])
})

t.test('a file names only what differs, the environment wins over both', async (t) => {
  const file = join(t.testdir({ 'maskline.yaml': 'http:\n  port: 4000\n  bodyLimitBytes: 2048\n' }), 'maskline.yaml')
  const config = loadConfig({ MASKLINE_CONFIG: file, MASKLINE_HTTP_PORT: '5000', MASKLINE_TRUNK_GATEWAY: 'sip:127.0.0.1:5099', MASKLINE_DATA_DIR: '' })
  t.equal(config.http.port, 5000, 'from the environment, as a number')
  t.equal(config.http.bodyLimitBytes, 2048, 'from the file')
  t.equal(config.http.host, '127.0.0.1', 'from the defaults')
  t.same(config.trunks[0]?.gateways, ['sip:127.0.0.1:5099'])
  t.equal(config.dataDir, './var', 'an empty variable is no variable')
})

t.test('the password of a trunk may lie in the environment', async (t) => {
  const file = join(t.testdir({ 'maskline.yaml': trunkWith('auth: {realm: r, username: u, password: "env:TRUNK_PASSWORD"}') }), 'maskline.yaml')
  t.same(loadConfig({ MASKLINE_CONFIG: file, TRUNK_PASSWORD: 'word' }).trunks[0]?.auth, { realm: 'r', username: 'u', password: 'word' })
})

t.test('so may what a collector of traces wants to see', async (t) => {
  const file = join(t.testdir({ 'maskline.yaml': 'traces: {headers: {authorization: "env:TOKEN", x-team: couriers}}' }), 'maskline.yaml')
  const { traces } = loadConfig({ MASKLINE_CONFIG: file, MASKLINE_TRACES_ENDPOINT: 'https://collector.example/v1/traces', TOKEN: 'Bearer word' })
  t.match(traces, { endpoint: 'https://collector.example/v1/traces', headers: { authorization: 'Bearer word', 'x-team': 'couriers' } })
  const said = refusal(t, 'traces: {headers: {authorization: "env:TOKEN"}}', { TOKEN: 'Bearer\nword' })
  t.equal(said, 'The setting traces.headers.authorization must be 1 to 1024 visible ASCII characters.')
  t.equal(loadConfig({}).traces.endpoint, null, 'off by default')
})

t.test('each wrong setting stops the start with one sentence that names it', async (t) => {
  const cases: [yaml: string, sentence: string, env?: Record<string, string>][] = [
    ['a: [', 'cannot be read (not valid YAML)'],
    ['- 1', 'is not a YAML mapping'],
    ['bar: 1', 'The setting bar is not known.'],
    ['http: {foo: 1}', 'The setting http.foo is not known.'],
    ['http: null', 'The setting http must be a group of settings.'],
    ['http: null', 'The setting http must be a group of settings.', { MASKLINE_HTTP_PORT: '3000' }],
    ['http: {port: x}', 'The setting http.port (MASKLINE_HTTP_PORT) must be a whole number from 0 to 65535.'],
    ['http: {port: 1.5}', 'The setting http.port (MASKLINE_HTTP_PORT) must be a whole number from 0 to 65535.'],
    ['{}', 'The setting http.port (MASKLINE_HTTP_PORT) must be a whole number from 0 to 65535.', { MASKLINE_HTTP_PORT: 'abc' }],
    ['log: {level: loud}', 'The setting log.level (MASKLINE_LOG_LEVEL) must be one of fatal, error, warn, info, debug, trace, silent.'],
    ['http: {host: ""}', 'The setting http.host (MASKLINE_HTTP_HOST) must be a text that is not empty.'],
    ['redis: {url: x}', 'The setting redis.url (MASKLINE_REDIS_URL) must be null or redis://host:port or rediss://host:port.'],
    ['keys: {url: x}', 'The setting keys.url (MASKLINE_KEYS_URL) must be null or redis://host:port or rediss://host:port.'],
    ['trunks: []', 'The setting trunks must be a list with at least one entry.'],
    ['trunks: [{id: a}]', 'The setting trunks.0.sources is missing.'],
    [trunkWith('gatewayTimeoutSeconds: 33'), 'The setting trunks.0.gatewayTimeoutSeconds must be a whole number from 1 to 32.'],
    [trunkWith('callsPerSecond: -1'), 'The setting trunks.0.callsPerSecond must be a whole number from 0 to 1000.'],
    [trunkWith('maxCalls: all'), 'The setting trunks.0.maxCalls must be a whole number from 0 to 100000.'],
    [trunkWith('auth: {realm: carrier.example}'), 'The setting trunks.0.auth must be null or {realm, username, password} of 1 to 128 visible ASCII characters each.'],
    [trunkWith('auth: {realm: r, username: u, password: "env:NOT_SET"}'), 'The setting trunks.0.auth.password names the environment variable NOT_SET, which is not set.'],
    ['traces: {endpoint: "http://user:word@collector.example/"}', 'The setting traces.endpoint (MASKLINE_TRACES_ENDPOINT) must be null or an address without credentials such as http://127.0.0.1:4318/v1/traces.'],
    ['traces: {headers: {authorization: "env:NOT_SET"}}', 'The setting traces.headers.authorization names the environment variable NOT_SET, which is not set.'],
    ['traces: {headers: {"a b": x}}', 'The setting traces.headers.a b is not known.'],
    ['traces: {headers: {a: ""}}', 'The setting traces.headers.a must be'],
    ['traces: {percent: 0}', 'The setting traces.percent must be a whole number from 1 to 100.'],
    ['shops: [{id: demo, name: "", pool: demo, country: EE}]', 'The setting shops.0.name must be a text of 1 to 80 characters.'],
    ['shops: [{id: demo, name: Demo, pool: demo, country: EE, language: fi}]', 'The setting shops.0.language must be one of en, et, ru.'],
    ['pools: [{id: demo, numbers: ["1"]}]', 'The setting pools.0.numbers.0 must be a number in E.164 form'],
    ['line: {allowedCountries: [e]}', 'The setting line.allowedCountries.0 must be a country code of ISO 3166-1 such as SE.'],
    ['line: {minTtlSeconds: 3600, maxTtlSeconds: 60}', 'The setting line.minTtlSeconds is larger than line.maxTtlSeconds.'],
    ['media: {rtpPorts: "20001-20009"}', 'The setting media.rtpPorts must be an even first port'],
    ['shops: [{id: a, name: A, pool: x, country: EE}]', 'The shop a names a pool that is not there.'],
    ['shops: [{id: system, name: A, pool: demo, country: EE}]', 'The id system of a shop is taken.'],
    ['shops: [{id: a, name: A, pool: demo, country: EE}, {id: a, name: B, pool: demo, country: EE}]', 'The id a is used twice in the setting shops.']
  ]
  for (const [yaml, sentence, env] of cases) {
    const said = refusal(t, yaml, env)
    t.ok(said.includes(sentence), `${yaml} ${JSON.stringify(env ?? {})}`, { said })
    t.match(said, /^[A-Z][^\n]*\.$/, 'one sentence')
  }
})

t.test('a wrong secret is named and never repeated', async (t) => {
  const short = Buffer.alloc(16, 7).toString('base64')
  for (const [name, value, setting] of [['MASKLINE_MASTER_KEY', short, 'secrets.masterKey'], ['MASKLINE_API_KEY', 'tooshort', 'secrets.apiKey'], ['MASKLINE_DRACHTIO_URL', 'drachtio://hunter2', 'drachtio.url']] as const) {
    const said = refusal(t, '{}', { [name]: value })
    t.ok(said.startsWith(`The setting ${setting} (${name}) must be`), setting, { said })
    t.notOk(said.includes(value), 'without its value')
  }
})

t.test('a file that is not there is one sentence', async (t) => {
  t.throws(() => loadConfig({ MASKLINE_CONFIG: '/does/not/exist.yaml' }), { code: 'config_invalid', cause: 'The configuration file /does/not/exist.yaml cannot be read (ENOENT).' })
})

t.test('a key of exactly 32 bytes is taken', async (t) => {
  const key = Buffer.alloc(32, 7).toString('base64')
  t.equal(loadConfig({ MASKLINE_MASTER_KEY: key }).secrets.masterKey, key)
  t.match(refusal(t, '{}', { MASKLINE_MASTER_KEY: Buffer.alloc(33, 7).toString('base64') }), /32 bytes in base64/)
  t.match(refusal(t, '{}', { MASKLINE_MASTER_KEY_FORMER: Buffer.alloc(31, 7).toString('base64') }), /^The setting secrets\.masterKeyFormer \(MASKLINE_MASTER_KEY_FORMER\) must be null or 32 bytes in base64\.$/)
  t.match(refusal(t, '{}', { MASKLINE_MASTER_KEY: '' }), /^MASKLINE_MASTER_KEY is set and empty/, 'a secret that got lost on its way is not replaced by a new one')
})

t.test('default.yaml states the bounds of every number beside it', async (t) => {
  const lines = readFileSync(new URL('../config/default.yaml', import.meta.url), 'utf8').split('\n')
  let group = ''
  for (const line of lines) {
    group = /^(\w+):/.exec(line)?.[1] ?? group
    const name = /^ {2}(\w+):/.exec(line)?.[1]
    if (name === undefined) continue
    const section = ConfigSchema.properties[group as keyof Config] as { properties?: Record<string, { type?: string, minimum?: number, maximum?: number }> }
    const schema = section.properties?.[name]
    if (schema?.type !== 'integer') continue
    t.match(line, new RegExp(`\\b${schema.minimum ?? ''}( \\([^)]*\\))? to ${schema.maximum ?? ''}\\b`), `${group}.${name}`)
  }
})

t.test('a port range is read with both ends', async (t) => {
  t.same(portRange('20000-29999'), { from: 20000, to: 29999 })
})

t.test('a secret that everybody knows stops the start and is not repeated', async (t) => {
  const given: [setting: string, env: Record<string, string>][] = [
    ['drachtio.url', { MASKLINE_DRACHTIO_URL: 'drachtio://:cymru@127.0.0.1:9022' }],
    ['drachtio.url', { MASKLINE_DRACHTIO_URL: 'drachtio://:9f86d081884c7d65@127.0.0.1:9022,drachtio://:Cymru@127.0.0.2:9022' }],
    ['freeswitch.url', { MASKLINE_FREESWITCH_URL: 'esl://:ClueCon@127.0.0.1:8021' }],
    ['redis.url', { MASKLINE_REDIS_URL: 'redis://:foobared@127.0.0.1:6379' }],
    ['keys.url', { MASKLINE_KEYS_URL: 'redis://maskline:changeme1@127.0.0.1:6380' }],
    ['secrets.apiKey', { MASKLINE_API_KEY: 'password-12345678' }]
  ]
  for (const [setting, env] of given) t.equal(refusal(t, '{}', env), `The setting ${setting} has a secret that everybody knows: make one by "openssl rand -hex 32".`)
  t.equal(refusal(t, '{}', { MASKLINE_FREESWITCH_URL: 'esl://:ClueConButLonger9f86d081@127.0.0.1:8021' }), 'accepted')
})
