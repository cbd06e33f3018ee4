import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { MaskError } from './errors.js'

const port = (minimum = 0): ReturnType<typeof Type.Integer> => Type.Integer({ minimum, maximum: 65535 })
const int = (minimum: number, maximum: number): ReturnType<typeof Type.Integer> => Type.Integer({ minimum, maximum })
const closed = { additionalProperties: false } as const
const country = Type.String({ pattern: '^[A-Z]{2}$' })
const shortId = Type.String({ pattern: '^[a-z0-9]{1,16}$' })
const nullable = (pattern: string): ReturnType<typeof nullableText> => nullableText(pattern)
const nullableText = (pattern: string) => Type.Union([Type.Null(), Type.String({ pattern })])

const Shop = Type.Object({ id: shortId, name: Type.String({ minLength: 1, maxLength: 80 }), pool: shortId, country }, closed)
const Pool = Type.Object({ id: shortId, numbers: Type.Array(Type.String({ pattern: '^\\+[1-9]\\d{4,14}(-\\+[1-9]\\d{4,14})?$' }), { minItems: 1 }) }, closed)
const Trunk = Type.Object({
  id: shortId,
  sources: Type.Array(Type.String({ pattern: '^[0-9a-fA-F.:]+(/\\d{1,3})?$' }), { minItems: 1 }),
  identity: Type.Array(Type.Union([Type.Literal('pai'), Type.Literal('from')]), { minItems: 1 }),
  country,
  gateways: Type.Array(Type.String({ pattern: '^sip:[^@\\s]+$' }), { minItems: 1 })
}, closed)

/** Types and bounds of every setting; what each one means stands beside it in config/default.yaml. */
export const ConfigSchema = Type.Object({
  dataDir: Type.String({ minLength: 1 }),
  log: Type.Object({ level: Type.Union(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((name) => Type.Literal(name))) }, closed),
  http: Type.Object({ host: Type.String({ minLength: 1 }), port: port(), bodyLimitBytes: int(1024, 1048576), requestTimeoutMs: int(1000, 60000) }, closed),
  sip: Type.Object({ host: Type.String({ minLength: 1 }), port: port(), requestTimeoutMs: int(500, 32000) }, closed),
  drachtio: Type.Object({ url: nullable('^drachtio://:[^@]+@[^@]+:\\d+$') }, closed),
  freeswitch: Type.Object({ url: nullable('^esl://:[^@]+@[^@]+:\\d+$') }, closed),
  rtpengine: Type.Object({ url: nullable('^udp://[^@]+:\\d+$') }, closed),
  media: Type.Object({ host: Type.String({ minLength: 1 }), rtpPorts: Type.String({ pattern: '^\\d{1,5}-\\d{1,5}$' }), silenceTimeoutSeconds: int(10, 3600) }, closed),
  redis: Type.Object({ url: nullable('^rediss?://\\S+$'), commandTimeoutMs: int(50, 10000) }, closed),
  secrets: Type.Object({ masterKey: Type.Union([Type.Null(), Type.String()]), apiKey: nullable('^\\S{16,200}$') }, closed),
  line: Type.Object({
    minTtlSeconds: int(1, 3600),
    maxTtlSeconds: int(60, 604800),
    quarantineSeconds: int(0, 2592000),
    maxPhonesPerParty: int(1, 16),
    allowedCountries: Type.Array(country, { minItems: 1 })
  }, closed),
  limits: Type.Object({ callsPerDelivery: int(1, 10), callsPerDeliveryHour: int(1, 1000), callsPerCallerHour: int(1, 10000), callsPerNumberMinute: int(1, 100000) }, closed),
  call: Type.Object({ ringTimeoutSeconds: int(5, 180), maxDurationSeconds: int(30, 14400), maxForwards: int(1, 255) }, closed),
  record: Type.Object({ retentionDays: int(1, 90) }, closed),
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
  MASKLINE_HTTP_HOST: 'http.host',
  MASKLINE_HTTP_PORT: 'http.port',
  MASKLINE_SIP_HOST: 'sip.host',
  MASKLINE_SIP_PORT: 'sip.port',
  MASKLINE_RTP_PORTS: 'media.rtpPorts',
  MASKLINE_REDIS_URL: 'redis.url',
  MASKLINE_DRACHTIO_URL: 'drachtio.url',
  MASKLINE_FREESWITCH_URL: 'freeswitch.url',
  MASKLINE_RTPENGINE_URL: 'rtpengine.url',
  MASKLINE_API_KEY: 'secrets.apiKey',
  MASKLINE_MASTER_KEY: 'secrets.masterKey',
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
  for (const [name, path] of Object.entries(environment)) {
    const value = env[name]
    if (value) put(tree, path, value)
  }
  return check(tree)
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
  const parent = keys.reduce<unknown>((node, key) => (node as Tree | undefined)?.[key], tree) as Tree | undefined
  if (parent === undefined) return
  parent[last] = typeof parent[last] === 'number' && /^\d+$/.test(text) ? Number(text) : text
}

function check(tree: Tree): Config {
  const first = [...Value.Errors(ConfigSchema, tree)][0]
  if (first !== undefined) {
    const extra = 'additionalProperties' in first.params ? ` ${String(first.params.additionalProperties)}` : ''
    throw invalid(`The setting ${first.instancePath.slice(1).replaceAll('/', '.') || '(top)'} ${first.message}${extra}.`)
  }
  const config = Value.Parse(ConfigSchema, tree)
  crossCheck(config)
  return config
}

/** What one setting means for another. */
function crossCheck(config: Config): void {
  if (config.line.minTtlSeconds > config.line.maxTtlSeconds) throw invalid('The setting line.minTtlSeconds is larger than line.maxTtlSeconds.')
  const { from, to } = portRange(config.media.rtpPorts)
  if (from % 2 !== 0 || from < 1024 || to > 65535 || to - from < 3) throw invalid('The setting media.rtpPorts must be an even first port from 1024 and a last one at least three higher.')
  const key = config.secrets.masterKey
  if (key !== null && Buffer.from(key, 'base64').length !== 32) throw invalid('The setting secrets.masterKey (MASKLINE_MASTER_KEY) must be 32 bytes in base64.')
  const pools = new Set(config.pools.map((pool) => pool.id))
  for (const shop of config.shops) {
    if (!pools.has(shop.pool)) throw invalid(`The shop ${shop.id} names a pool that is not there.`)
  }
}

/** `20000-29999` → its two ends, both inclusive. */
export function portRange(text: string): { from: number, to: number } {
  const [from = 0, to = 0] = text.split('-').map(Number)
  return { from, to }
}

function invalid(sentence: string): MaskError {
  return new MaskError('config_invalid', { cause: sentence })
}
