import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { sentenceAbout } from './config-text.js'
import { MaskError } from './errors.js'

const port = (minimum = 0): ReturnType<typeof Type.Integer> => Type.Integer({ minimum, maximum: 65535 })
const int = (minimum: number, maximum: number): ReturnType<typeof Type.Integer> => Type.Integer({ minimum, maximum })
const closed = { additionalProperties: false } as const
/** A text in a fixed form; `description` reads on after "must be" in the sentence about a wrong one. */
const text = (pattern: string, description: string): ReturnType<typeof Type.String> => Type.String({ pattern, description })
const nullable = (pattern: string, description: string) => Type.Union([Type.Null(), text(pattern, description)])
const country = text('^[A-Z]{2}$', 'a country code of ISO 3166-1 such as SE')
const shortId = text('^[a-z0-9]{1,16}$', '1 to 16 characters of a-z and 0-9')
const masterKey = nullable('^[A-Za-z0-9+/]{43}=?$', '32 bytes in base64')
const network = text('^[0-9a-fA-F.:]+(/\\d{1,3})?$', 'an IP address or a network such as 192.0.2.0/24')
const e164 = '\\+[1-9]\\d{4,14}'

/** How much a shop may call at most. */
const shopCeilings = { callsPerShop: int(1, 100000), callsPerShopHour: int(1, 10000000), minutesPerShopDay: int(2, 10000000) }
/** How much a caller, and a number of ours, may call at most. */
const endLimits = { callsPerCaller: int(1, 1000), minutesPerCallerDay: int(2, 100000), callsPerNumber: int(1, 100000), minutesPerNumberDay: int(2, 1000000) }
/** The same of one shop. */
export const Ceilings = Type.Partial(Type.Object({ callsAtOnce: shopCeilings.callsPerShop, callsPerHour: shopCeilings.callsPerShopHour, minutesPerDay: shopCeilings.minutesPerShopDay }), closed)
const Shop = Type.Object({
  id: shortId,
  name: Type.String({ minLength: 1, maxLength: 80 }),
  pool: shortId,
  country,
  language: Type.Optional(Type.Union([Type.Literal('en'), Type.Literal('et'), Type.Literal('ru')])),
  ceilings: Type.Optional(Ceilings)
}, closed)
const Pool = Type.Object({ id: shortId, numbers: Type.Array(text(`^${e164}(-${e164})?$`, 'a number in E.164 form or a range of two such as +442079460000-+442079460019'), { minItems: 1 }) }, closed)
const headerValue = '^[\\x20-\\x7e]{1,1024}$'
const credential = Type.String({ pattern: '^[\\x20-\\x7e]{1,128}$' })
/** Another company that handles data for the installation, for the documents. */
const Processor = Type.Object({ name: Type.String({ minLength: 1, maxLength: 80 }), purpose: Type.String({ minLength: 1, maxLength: 120 }), country }, closed)
/** A TLS listener of the embedded SIP server. */
const Tls = Type.Object({ port: port(), certFile: Type.String({ minLength: 1 }), keyFile: Type.String({ minLength: 1 }) }, closed)
/** SIP accounts of couriers' apps. */
const SipAccounts = Type.Object({
  domain: text('^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$', 'a domain name in lower case'),
  maxHours: int(1, 72),
  registrationSeconds: int(60, 3600),
  algorithm: Type.Union([Type.Literal('MD5'), Type.Literal('SHA-256')])
}, closed)
/** Where traces go (src/telemetry/traces/). */
const Traces = Type.Object({
  endpoint: nullable('^https?://[^@\\s]+$', 'an address without credentials such as http://127.0.0.1:4318/v1/traces'),
  headers: Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }), text(headerValue, '1 to 1024 visible ASCII characters'), closed),
  percent: int(1, 100),
  timeoutMs: int(500, 60000),
  queuedSpans: int(64, 65536)
}, closed)
const TrunkAuth = Type.Object({ realm: credential, username: credential, password: credential }, closed)
const Trunk = Type.Object({
  id: shortId,
  sources: Type.Array(network, { minItems: 1 }),
  identity: Type.Array(Type.Union([Type.Literal('pai'), Type.Literal('from')]), { minItems: 1 }),
  country,
  asksCode: Type.Optional(Type.Boolean()),
  gateways: Type.Array(text('^sip:[^@\\s]+$', 'a SIP address without a user such as sip:192.0.2.1:5060'), { minItems: 1 }),
  gatewayTimeoutSeconds: Type.Optional(int(1, 32)),
  callsPerSecond: Type.Optional(int(0, 1000)),
  maxCalls: Type.Optional(int(0, 100000)),
  minutesPerDay: Type.Optional(int(0, 10000000)),
  auth: Type.Optional(Type.Union([Type.Null(), TrunkAuth], { description: 'null or {realm, username, password} of 1 to 128 visible ASCII characters each' }))
}, closed)

/** Types and bounds of every setting; what each one means stands beside it in config/default.yaml. */
export const ConfigSchema = Type.Object({
  dataDir: Type.String({ minLength: 1 }),
  log: Type.Object({ level: Type.Union(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((name) => Type.Literal(name))) }, closed),
  http: Type.Object({
    host: Type.String({ minLength: 1 }),
    port: port(),
    bodyLimitBytes: int(1024, 1048576),
    requestTimeoutMs: int(1000, 60000),
    trustedProxies: Type.Array(network)
  }, closed),
  metrics: Type.Object({ host: Type.String({ minLength: 1 }), port: port() }, closed),
  traces: Traces,
  access: Type.Object({
    requestsPerSecond: int(0, 100000),
    failuresPerMinute: int(1, 100000),
    signInsPerMinute: int(1, 1000),
    sessionIdleMinutes: int(1, 1440),
    sessionMaxHours: int(1, 168)
  }, closed),
  sip: Type.Object({
    host: Type.String({ minLength: 1 }),
    port: port(),
    requestTimeoutMs: int(500, 32000),
    tls: Type.Union([Type.Null(), Tls], { description: 'null or {port, certFile, keyFile}' }),
    accounts: Type.Union([Type.Null(), SipAccounts], { description: 'null or {domain, maxHours, registrationSeconds, algorithm}' })
  }, closed),
  drachtio: Type.Object({ url: nullable('^drachtio://:[^@,]+@[^@,]+:\\d+(,drachtio://:[^@,]+@[^@,]+:\\d+)*$', 'drachtio://:secret@host:port, several with commas between') }, closed),
  freeswitch: Type.Object({
    url: nullable('^esl://:[^@]+@[^@]+:\\d+$', 'esl://:secret@host:port'),
    app: text('^[^:\\s]+:\\d{1,5}$', 'host:port'),
    sounds: nullable('^/', 'an absolute path'),
    soundOverrides: nullable('^/', 'an absolute path')
  }, closed),
  rtpengine: Type.Object({
    url: nullable('^udp://[^@,]+:\\d+(,udp://[^@,]+:\\d+)*$', 'udp://host:port, several with commas between'),
    ownSources: Type.Boolean()
  }, closed),
  media: Type.Object({ host: Type.String({ minLength: 1 }), rtpPorts: text('^\\d{1,5}-\\d{1,5}$', 'a range of ports such as 20000-29999'), silenceTimeoutSeconds: int(10, 3600) }, closed),
  redis: Type.Object({ url: nullable('^rediss?://\\S+$', 'redis://host:port or rediss://host:port'), commandTimeoutMs: int(50, 10000) }, closed),
  keys: Type.Object({ url: nullable('^rediss?://\\S+$', 'redis://host:port or rediss://host:port') }, closed),
  secrets: Type.Object({ masterKey, masterKeyFormer: masterKey, apiKey: nullable('^[\\x21-\\x7e]{16,200}$', '16 to 200 visible ASCII characters') }, closed),
  line: Type.Object({
    minTtlSeconds: int(1, 3600),
    maxTtlSeconds: int(60, 604800),
    quarantineSeconds: int(0, 2592000),
    maxPhonesPerParty: int(1, 16),
    allowedCountries: Type.Array(country, { minItems: 1 })
  }, closed),
  limits: Type.Object({ callsPerDelivery: int(1, 10), callsPerDeliveryHour: int(1, 1000), callsPerCallerHour: int(1, 10000), callsPerNumberMinute: int(1, 100000), minutesPerDeliveryDay: int(2, 2880), ...endLimits, ...shopCeilings }, closed),
  call: Type.Object({ ringTimeoutSeconds: int(5, 180), maxDurationSeconds: int(30, 14400), maxForwards: int(1, 255), drainSeconds: int(0, 14400) }, closed),
  overload: Type.Object({ callsInSetUp: int(1, 100000), requestsInFlight: int(1, 100000), busyPercent: int(50, 100), callsWhenBusy: int(1, 100000), requestsWhenBusy: int(1, 100000) }, closed),
  record: Type.Object({ retentionDays: int(1, 90), deletionIntervalMinutes: int(1, 1440), longestStopHours: int(1, 720), stopWhenDeletionFails: Type.Boolean() }, closed),
  webhooks: Type.Object({ allowPrivate: Type.Array(text('^[0-9a-fA-F.:]+/\\d{1,3}$', 'a network such as 10.0.0.0/8')) }, closed),
  processors: Type.Array(Processor),
  recordings: Type.Object({ dir: nullable('^/', 'an absolute path') }, closed),
  shops: Type.Array(Shop, { minItems: 1 }),
  pools: Type.Array(Pool, { minItems: 1 }),
  trunks: Type.Array(Trunk, { minItems: 1 })
}, closed)

export type Config = Static<typeof ConfigSchema>
export type TrunkConfig = Static<typeof Trunk>
export type ShopConfig = Static<typeof Shop>
export type PoolConfig = Static<typeof Pool>

/** Environment variable → place in the configuration. */
const environment: Readonly<Record<string, string>> = {
  MASKLINE_DATA_DIR: 'dataDir',
  MASKLINE_LOG_LEVEL: 'log.level',
  MASKLINE_TRACES_ENDPOINT: 'traces.endpoint',
  MASKLINE_HTTP_HOST: 'http.host',
  MASKLINE_HTTP_PORT: 'http.port',
  MASKLINE_METRICS_HOST: 'metrics.host',
  MASKLINE_METRICS_PORT: 'metrics.port',
  MASKLINE_SIP_HOST: 'sip.host',
  MASKLINE_SIP_PORT: 'sip.port',
  MASKLINE_RTP_PORTS: 'media.rtpPorts',
  MASKLINE_REDIS_URL: 'redis.url',
  MASKLINE_KEYS_URL: 'keys.url',
  MASKLINE_DRACHTIO_URL: 'drachtio.url',
  MASKLINE_FREESWITCH_URL: 'freeswitch.url',
  MASKLINE_FREESWITCH_APP: 'freeswitch.app',
  MASKLINE_RTPENGINE_URL: 'rtpengine.url',
  MASKLINE_API_KEY: 'secrets.apiKey',
  MASKLINE_MASTER_KEY: 'secrets.masterKey',
  MASKLINE_MASTER_KEY_FORMER: 'secrets.masterKeyFormer',
  MASKLINE_DRAIN_SECONDS: 'call.drainSeconds',
  MASKLINE_TRUNK_GATEWAY: 'trunks.0.gateways.0'
}

type Tree = Record<string, unknown>
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

const defaultFile = fileURLToPath(new URL('../config/default.yaml', import.meta.url))

/**
 * Reads defaults, then the file named by MASKLINE_CONFIG, then the environment, and checks the whole.
 * @throws MaskError config_invalid whose cause is one sentence that names the setting, never a secret's value
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const tree = readYaml(defaultFile)
  if (env.MASKLINE_CONFIG) merge(tree, readYaml(env.MASKLINE_CONFIG))
  // Elsewhere empty means not set; here a secret that got lost on its way would be replaced by a new one.
  if (env.MASKLINE_MASTER_KEY === '') throw invalid('MASKLINE_MASTER_KEY is set and empty: give it 32 bytes in base64, or take it away.')
  for (const [name, path] of Object.entries(environment)) {
    const value = env[name]
    if (value) put(tree, path, value)
  }
  return withSecrets(check(tree), env)
}

function readYaml(file: string): Tree {
  let tree: unknown
  try {
    tree = parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw invalid(`The configuration file ${file} cannot be read (${code?.startsWith('E') ? code : 'not valid YAML'}).`)
  }
  if (!isTree(tree)) throw invalid(`The configuration file ${file} is not a YAML mapping.`)
  return tree
}

function merge(into: Tree, from: Tree): void {
  for (const [key, value] of Object.entries(from)) {
    const old = into[key]
    if (isTree(old) && isTree(value)) merge(old, value)
    else into[key] = value
  }
}

function put(tree: Tree, path: string, text: string): void {
  const keys = path.split('.')
  const last = keys.pop()!
  const parent = keys.reduce<unknown>((node, key) => (node as Tree | null | undefined)?.[key], tree)
  // What stands in the way is reported by the check of the whole.
  if (typeof parent !== 'object' || parent === null) return
  putValue(parent as Tree, last, text)
}

/** A port out of the environment is text; a setting that is a number in the defaults stays one. */
function putValue(parent: Tree, last: string, text: string): void {
  parent[last] = typeof parent[last] === 'number' && /^\d+$/.test(text) ? Number(text) : text
}

function check(tree: Tree): Config {
  const errors = Value.Errors(ConfigSchema, tree)
  if (errors.length > 0) throw invalid(sentenceAbout(ConfigSchema, errors, variableOf))
  const config = Value.Parse(ConfigSchema, tree)
  crossCheck(config)
  return config
}

/** Puts the values of environment variables in the place of `env:NAME`, so that no file need hold a password. */
function withSecrets(config: Config, env: NodeJS.ProcessEnv): Config {
  const secret = (setting: string, text: string): string => {
    const name = /^env:(\w+)$/.exec(text)?.[1]
    if (name === undefined) return text
    const value = env[name]
    if (!value) throw invalid(`The setting ${setting} names the environment variable ${name}, which is not set.`)
    return value
  }
  config.trunks.forEach(({ auth }, index) => { if (auth) auth.password = secret(`trunks.${index}.auth.password`, auth.password) })
  const { headers } = config.traces
  for (const [name, text] of Object.entries(headers)) {
    headers[name] = secret(`traces.headers.${name}`, text)
    if (!new RegExp(headerValue).test(headers[name])) throw invalid(`The setting traces.headers.${name} must be 1 to 1024 visible ASCII characters.`)
  }
  return config
}

/** What one setting means for another. */
function crossCheck(config: Config): void {
  if (config.line.minTtlSeconds > config.line.maxTtlSeconds) throw invalid('The setting line.minTtlSeconds is larger than line.maxTtlSeconds.')
  const { from, to } = portRange(config.media.rtpPorts)
  if (from % 2 !== 0 || from < 1024 || to > 65535 || to - from < 3) throw invalid('The setting media.rtpPorts must be an even first port from 1024 and a last one at least three higher.')
  refuseWellKnownSecrets(config)
  onlyOnce('shops', config.shops)
  onlyOnce('pools', config.pools)
  onlyOnce('trunks', config.trunks)
  const pools = new Set(config.pools.map((pool) => pool.id))
  for (const shop of config.shops) {
    // The names of the installation's own audit trail and of the command line.
    if (['system', 'cli'].includes(shop.id)) throw invalid(`The id ${shop.id} of a shop is taken.`)
    if (!pools.has(shop.pool)) throw invalid(`The shop ${shop.id} names a pool that is not there.`)
  }
}

/** What servers come with or examples show, in lower case: whoever scans for open ports tries these first. */
const wellKnown = ['cymru', 'cluecon', 'foobared', 'changeme', 'password']

function refuseWellKnownSecrets({ drachtio, freeswitch, redis, keys, secrets }: Config): void {
  const passwords = (urls: string | null): string[] => [...(urls ?? '').matchAll(/:\/\/[^:@/,]*:([^@,]*)@/g)].map(([, password = '']) => password)
  const given = {
    'drachtio.url': passwords(drachtio.url), 'freeswitch.url': passwords(freeswitch.url), 'redis.url': passwords(redis.url), 'keys.url': passwords(keys.url),
    'secrets.apiKey': secrets.apiKey === null ? [] : [secrets.apiKey]
  }
  for (const [setting, values] of Object.entries(given)) {
    const guessed = values.some((value) => wellKnown.includes(value.toLowerCase().replace(/[\d!_-]+$/, '')))
    if (guessed) throw invalid(`The setting ${setting} has a secret that everybody knows: make one by "openssl rand -hex 32".`)
  }
}

function onlyOnce(setting: string, items: readonly { readonly id: string }[]): void {
  const ids = items.map((item) => item.id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) throw invalid(`The id ${twice} is used twice in the setting ${setting}.`)
}

function variableOf(setting: string): string | undefined {
  return Object.entries(environment).find(([, place]) => place === setting)?.[0]
}

/** `20000-29999` → its two ends, both inclusive. */
export function portRange(text: string): { from: number, to: number } {
  const [from = 0, to = 0] = text.split('-').map(Number)
  return { from, to }
}

function invalid(sentence: string): MaskError {
  return new MaskError('config_invalid', { cause: sentence })
}
