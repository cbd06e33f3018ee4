import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { createAccounts } from '../../src/account/accounts.js'
import type { CallbackOrder } from '../../src/call/callback.js'
import { loadConfig, type Config } from '../../src/config.js'
import { createEvents, type EventBus } from '../../src/events.js'
import { newId } from '../../src/ids.js'
import { createIdempotency } from '../../src/http/idempotency.js'
import type { HttpServer } from '../../src/http/base.js'
import { createHttp } from '../../src/http/server.js'
import { createDocuments } from '../../src/record/documents/documents.js'
import { createWebhooks, type Webhooks } from '../../src/http/webhooks/webhooks.js'
import type { HttpDeps } from '../../src/http/types.js'
import type { Lines } from '../../src/line/types.js'
import { createLines } from '../../src/line/lines.js'
import { createJournal, type Journal } from '../../src/record/journal.js'
import { createAudit } from '../../src/record/audit/audit.js'
import type { Audit } from '../../src/record/audit/types.js'
import { createSigner } from '../../src/record/signing.js'
import { createCallLog } from '../../src/record/log.js'
import type { Recordings } from '../../src/record/recordings/types.js'
import { createRecordings } from '../../src/record/recordings/recordings.js'
import { createRetentionRoom, type RetentionRoom } from '../../src/record/retention/retention.js'
import { createStatistics } from '../../src/record/statistics/statistics.js'
import type { Role } from '../../src/shop/access.js'
import { createApiKeys, type ApiKeys } from '../../src/shop/keys.js'
import { createAccessSeal, type AccessSeal } from '../../src/shop/seal.js'
import { createSessions } from '../../src/shop/sessions.js'
import { createShopCaps } from '../../src/shop/caps.js'
import { createSettings, type ShopSettings } from '../../src/shop/settings.js'
import { createShops } from '../../src/shop/shops.js'
import type { KeyRing } from '../../src/store/keyring/types.js'
import type { Store } from '../../src/store/redis.js'
import { memoryKeyRing } from '../support/keyring.js'
import type { ProofOrder } from '../../src/record/rights/types.js'
import { captured } from '../support/log.js'
import { testRedis, testStore } from '../support/redis.js'
import { testRights } from './person-deps.js'

/** People, reserved for fiction, that appear in the tests of this room. */
export const courier = '+46701740605'
export const customer = '+46701740606'
export const third = '+46701740607'
export const reference = 'canary-order-7731'

/** A key of each of two shops that share a pool. */
export const keys = { one: 'canary-key-of-shop-one', two: 'canary-key-of-shop-two' }

export interface TestApi {
  readonly http: HttpServer
  readonly config: Config
  readonly store: Store
  readonly keyRing: KeyRing
  readonly lines: Lines
  readonly audit: Audit
  /** Codes that would have been said to phones. */
  readonly told: readonly ProofOrder[]
  readonly access: { readonly keys: ApiKeys, readonly seal: AccessSeal }
  readonly journal: Journal
  readonly retention: RetentionRoom
  readonly recordings: Recordings
  readonly webhooks: Webhooks
  readonly events: EventBus
  /** Everything that was logged so far. */
  readonly logged: () => string
  /** A request with the key of shop one, or without one when `key` is null. */
  readonly send: (method: InjectOptions['method'], url: string, payload?: unknown, options?: SendOptions) => Promise<LightMyRequestResponse>
}

export interface SendOptions {
  readonly key?: string | null
  readonly headers?: Record<string, string>
}

const shopDefaults: ShopSettings = { language: 'en', ringTimeoutSeconds: 45, maxDurationSeconds: 900, acceptance: 'off', hint: false, quarantineSeconds: 86400, numberCountries: [], numberCountryStrict: false, recording: false, withheldCallers: 'allow', callsAtOnce: null, callsPerHour: null, minutesPerDay: null, supportPhone: null }

/** The whole HTTP room over real lines, a real call log and a Redis of its own. */
export async function testApi(t: Pick<Test, 'teardown'>, overrides: Partial<HttpDeps> = {}, settings: (config: Config) => Config = (config) => config): Promise<TestApi> {
  const redis = await testRedis(t)
  const store = await testStore(t, redis)
  const keyRing = memoryKeyRing()
  const { log, text: logged } = captured()
  const config = settings(twoShops(loadConfig({})))
  const signer = await createSigner({ store, keyRing })
  const audit = createAudit({ store, anchorStore: await testStore(t, { url: `${redis.url}/1` }), keyRing, signer, log })
  const events = createEvents((error) => { throw error })
  const shops = await createShops({ config, store, log })
  const seal = createAccessSeal(keyRing)
  const apiKeys = createApiKeys({ store, shops, configured: { one: [keys.one], two: [keys.two] }, seal, log })
  const journal = createJournal({ store, ring: keyRing, shops: () => ['one', 'two'], log })
  const recordings = createRecordings({ dir: join(redis.dir, 'recordings'), keys: keyRing, log })
  const shopSettings = createSettings({ store, ring: keyRing, defaults: shopDefaults, defaultsOf: () => shopDefaults })
  const caps = createShopCaps(config, shops, shopSettings)
  const lines = createLines({ store, keys: keyRing, config, log, caps: { of: (shopId) => caps.of(shopId), tell: ({ state, ...alarm }) => events.emit(`cap.${state}`, alarm) } })
  await lines.prepare()
  const webhooks: Webhooks = createWebhooks({
    store, ring: keyRing, events, log, shops: () => ['one', 'two'], allowPrivate: config.webhooks.allowPrivate, periodOf: async () => 86_400
  })
  const retention = createRetentionRoom({
    store, keyRing, settings: shopSettings, audit, signer, recordings, lines, poolOf: (id) => shops.find(id)?.pool, more: [webhooks.retained], shopIds: () => ['one', 'two'], config, events, log
  })
  const { rights, told } = testRights(t, { store, keyRing, audit, lines, recordings, retention, log })
  const http = await createHttp({
    config, lines, events, log, audit, retention, rights, signer,
    calls: createCallLog({ store, ring: keyRing, log, restricted: retention.restricted }),
    statistics: createStatistics({ store }),
    accounts: createAccounts({ store, keys: keyRing, lines, config: { domain: 'sip.example', maxHours: 12, registrationSeconds: 600, algorithm: 'MD5' }, log, isCarrier: async () => false }),
    callbacks: { callBack: (order) => countedIn(lines, order) },
    recordings,
    documents: createDocuments({ config, retention: retention.periods, settings: shopSettings, shelf: retention.shelf, keyRing, audit }),
    webhooks,
    shops,
    keys: apiKeys,
    sessions: createSessions({ store, seal, keys: apiKeys, idleMs: 60_000, longestMs: 3_600_000 }),
    settings: shopSettings,
    caps,
    idempotency: createIdempotency({ store, ring: keyRing, log }),
    health: { parts: async () => [{ name: 'store', ok: true }] },
    ...overrides
  })
  t.teardown(async () => {
    await http.close()
    await webhooks.close()
    await retention.close()
    await audit.close()
    shops.close()
    journal.close()
    await lines.stop()
  })
  return { http, config, store, keyRing, access: { keys: apiKeys, seal }, lines, audit, told, journal, retention, recordings, webhooks, events, logged, send: (...request) => send(http, ...request) }
}

/** As far as a callback goes without telephones: it is counted in. */
async function countedIn(lines: Lines, { shopId, deliveryId, first }: CallbackOrder): Promise<string> {
  const id = newId()
  await lines.begin(shopId, deliveryId, first, id)
  return id
}

function twoShops(config: Config): Config {
  const shop = { pool: 'demo', country: 'EE' }
  return { ...config, shops: [{ id: 'one', name: 'One', ...shop }, { id: 'two', name: 'Two', ...shop }] }
}

export function send(http: HttpServer, method: InjectOptions['method'], url: string, payload?: unknown, { key = keys.one, headers = {} }: SendOptions = {}): Promise<LightMyRequestResponse> {
  return http.inject({
    ...(method === undefined ? {} : { method }),
    url,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers
    },
    ...(payload === undefined ? {} : { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) })
  })
}

/** A body that is right in every way. */
export function order(change: Record<string, unknown> = {}): Record<string, unknown> {
  return { reference, courier: { phone: courier }, customer: { phone: customer }, ttlSeconds: 3600, ...change }
}

/** A parameter of an address as the API's description has it. */
export interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema?: { readonly enum?: readonly string[], readonly anyOf?: readonly { readonly const?: string }[] }
}

/** The words of which a parameter is one; undefined when it may be any text. */
export function wordsOf({ schema }: Parameter): readonly string[] | undefined {
  const words = schema?.enum ?? schema?.anyOf?.map(({ const: word }) => word)
  return words?.every((word): word is string => typeof word === 'string') === true ? words : undefined
}

export interface DocumentedRoute {
  /** As `GET /v1/calls`. */
  readonly name: string
  /** Empty: anybody. */
  readonly roles: readonly Role[]
}

/** The table of routes in docs/api.md. */
export function documentedRoutes(): DocumentedRoute[] {
  const docs = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
  return [...docs.matchAll(/^\| `([A-Z]+ \/[^`]*)` \| ([a-z, ]+) \| .+ \|$/gm)].map(([, name, who]) => ({ name: name!, roles: who === 'anybody' ? [] : who!.split(', ') as Role[] }))
}
