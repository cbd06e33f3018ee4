import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAccounts } from './account/accounts.js'
import type { Accounts } from './account/types.js'
import { createCalls, type Calls } from './call/calls.js'
import type { CallDeps } from './call/deps.js'
import { portRange, type Config } from './config.js'
import { MaskError } from './errors.js'
import { createEvents, type EventBus } from './events.js'
import { createMetricsHttp } from './http/metrics.js'
import { createHttp } from './http/server.js'
import { createWebhooks, type Webhooks } from './http/webhooks/webhooks.js'
import { createIdempotency } from './http/idempotency.js'
import { healthOf } from './http/health.js'
import type { HttpDeps } from './http/types.js'
import { createLines } from './line/lines.js'
import type { CapAlarm, Lines, NumberLoad } from './line/types.js'
import { createEmbeddedMedia } from './media/embedded/engine.js'
import { createMediaEngines } from './media/engines.js'
import { createFreeswitchMedia } from './media/freeswitch/engine.js'
import { createRtpengineMedia } from './media/rtpengine/engine.js'
import { soundsFolder } from './media/sounds.js'
import type { MediaEngine } from './media/types.js'
import { mayDial } from './phone/dialable.js'
import { createAudit } from './record/audit/audit.js'
import { auditKeyStart } from './record/audit/key-events.js'
import { createJournal } from './record/journal.js'
import { createCallLog } from './record/log.js'
import { createStatistics } from './record/statistics/statistics.js'
import { createPersonCalls } from './record/person-calls.js'
import { createDocuments } from './record/documents/documents.js'
import { createRecordings } from './record/recordings/recordings.js'
import { gatedJournal } from './record/retention/gate.js'
import type { Recordings } from './record/recordings/types.js'
import { createRetentionRoom, type RetentionRoom } from './record/retention/retention.js'
import { createRights, quietest } from './record/rights/rights.js'
import type { CallJournal } from './record/types.js'
import { createApiKeys } from './shop/keys.js'
import { createAccessSeal } from './shop/seal.js'
import { createSigner } from './record/signing.js'
import { apiKeyOf, masterKeysOf } from './shop/secret.js'
import { createSessions } from './shop/sessions.js'
import { createShopCaps } from './shop/caps.js'
import { createSettings, type Settings, type ShopSettings } from './shop/settings.js'
import { createShops, type Shops } from './shop/shops.js'
import { createOutboundTrunk, type OutboundTrunk } from './sip/gateways.js'
import { connectSip } from './sip/servers.js'
import { measured } from './sip/measured.js'
import { createIsCarrier, createTrunks } from './sip/trunks.js'
import type { SipPort } from './sip/types.js'
import { createKeyStore, openKeyRing, type OpenedKeys } from './store/keyring/open.js'
import type { KeyRing } from './store/keyring/types.js'
import { createStore, type Store } from './store/redis.js'
import { createLoad } from './telemetry/load.js'
import { errorFields, type Log } from './telemetry/log.js'
import { createMetrics, type Metrics, type Reading } from './telemetry/metrics.js'
import type { PoolLoad } from './telemetry/pool-metrics.js'
import { openTraces } from './telemetry/traces/traces.js'

/** Milliseconds that Redis may take to be there at the start. */
const storeReadyMs = 5000
/** Milliseconds that a media server may take for one step of a call. */
const mediaStepMs = 3000
/** The same for an rtpengine: within the time that a call gives its media, another engine must be able to step in. */
const relayStepMs = 1500

/** Where the servers are that the application needs, embedded or real. */
export interface Servers {
  readonly redisUrl: string
  /** The key store; never the server of the data. */
  readonly keysUrl: string
  readonly drachtioUrl: string
  /** What embedded parts have in use, for the metrics. */
  readonly readings?: Readonly<Record<string, () => Reading>>
  /** The SIP server, when it is ours. */
  readonly sip?: { dropped(): number, welcome(address: string, port: number, forMs: number): void } | undefined
}

/** A running Maskline. */
export interface App {
  readonly httpPort: number
  /** Where Prometheus reads. */
  readonly metricsPort: number
  /** The API key of the first shop, for the person who started us. */
  readonly apiKey: string
  readonly events: EventBus
  /** Where the SIP server listens, such as `udp/127.0.0.1:5060`. */
  readonly sipAddresses: readonly string[]
  /** What is in use now; everything returns to zero when nobody calls. */
  stats(): { calls: number, mediaSessions: number, mediaPorts: number }
  /**
   * Takes no new calls, and says at /readyz that it does not; requests are still answered. Resolves when the live calls
   * have ended by themselves, or when `limit` aborts.
   */
  drain(limit: AbortSignal): Promise<void>
  /** Takes no new calls and requests, ends the live calls and lets go of every connection. */
  close(): Promise<void>
}

/**
 * Builds everything from a configuration and starts to serve.
 * @throws MaskError config_invalid, store_unavailable, sip_unavailable; an Error with `code` EADDRINUSE and the `port` of HTTP or of the metrics
 */
export async function createApp(config: Config, servers: Servers, log: Log): Promise<App> {
  // What was opened is closed in reverse order, at the end or when the start fails half way.
  const closers: (() => Promise<void> | void)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    return await build(config, servers, log, closers, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function build(config: Config, servers: Servers, log: Log, closers: (() => Promise<void> | void)[], close: () => Promise<void>): Promise<App> {
  const own: Own = (part) => {
    closers.push(() => part.close())
    return part
  }
  const apiKey = apiKeyOf(config)
  const events = await openEvents(config, own, log)
  const { store, keyStore, keyRing, ...keyStart } = await openStores(config, servers, own, log)
  const shops = own(await createShops({ config, store, log }))
  const signer = await createSigner({ store, keyRing })
  const audit = own(createAudit({ store, anchorStore: keyStore, keyRing, signer, log }))
  await auditKeyStart(audit, keyStart)
  const settings = settingsOf(store, keyRing, config, shops)
  const caps = createShopCaps(config, shops, settings)
  const lines = createLines({ store, keys: keyRing, config, log, caps: { of: (shopId) => caps.of(shopId), tell: (alarm) => tellCap(alarm, events, log) } })
  closers.push(() => lines.stop())
  await lines.prepare()
  const shopIds = (): string[] => shops.all().map(({ id }) => id)
  const journal = own(createJournal({ store, ring: keyRing, shops: shopIds, log, onRecovered: (ended) => events.emit('call.ended', ended) }))
  await journal.recover()

  const load = own(createLoad(config.overload))
  const sip = own(measured(await connectSip({ url: servers.drachtioUrl, deadlineMs: config.sip.requestTimeoutMs, log }), events, config.sip.requestTimeoutMs))
  const media = own(createMedia(config, sip, log))
  const recordings = createRecordings({ dir: config.recordings.dir ?? join(config.dataDir, 'recordings'), keys: keyRing, log })
  const trunk = createOutboundTrunk(config.trunks[0]!, sip, { log, onCap: (cap, state) => events.emit('trunk.cap', { cap, state }) })
  const webhooks: Webhooks = own(createWebhooks({ store, ring: keyRing, events, log, shops: shopIds, allowPrivate: config.webhooks.allowPrivate, periodOf: (shopId) => retention.periods.period(shopId, 'webhook') }))
  const retention = own(createRetentionRoom({ store, keyRing, settings, audit, signer, lines, recordings, config, events, log, shopIds, poolOf: (id) => shops.find(id)?.pool, more: [webhooks.retained] }))
  // Closed after the calls, so that what became of a call that says a code is still noted.
  const rights = own(createRights({
    store, keyRing, audit, lines, recordings, shelf: retention.shelf, holds: retention.holds, retention: retention.periods, log, others: [webhooks.personData],
    calls: createPersonCalls({ store, ring: keyRing, log }), shops: shopIds,
    numberOf: async (pool) => quietest(await lines.numbers(pool)),
    teller: (order) => calls.tell(order)
  }))
  const accounts = createAccounts({ store, keys: keyRing, lines, config: config.sip.accounts, log, isCarrier: createIsCarrier(config.trunks), onKnown: (address, port, forMs) => servers.sip?.welcome(address, port, forMs) })
  const calls = own(createCalls(callDeps({ gate: webhooks.gate, trunk, accounts, dialApp: (order, target) => sip.dial({ ...order, gateway: target.route, target }), media, lines, recordings: withPeriod(recordings, retention), journal: recordedBy(journal, retention, events, config), events, settings, config, log }), log, { admits: load.admitsCall, reaches: () => sip.connected }))
  serve(sip, calls, accounts)

  let drained: Promise<void> | undefined
  const http = own(await createHttp({
    ...accessOf(config, { store, keyRing, shops, apiKey, log }),
    config, lines, shops, settings, caps, recordings, audit, retention, rights, signer, webhooks, events, log,
    calls: createCallLog({ store, ring: keyRing, log, restricted: retention.restricted }),
    statistics: createStatistics({ store }),
    callbacks: calls,
    accounts,
    documents: createDocuments({ config, retention: retention.periods, settings, shelf: retention.shelf, keyRing, audit }),
    idempotency: createIdempotency({ store, ring: keyRing, log }),
    admission: load.admitsRequest,
    health: healthOf({ store, pools: config.pools, keyStore, sip, media, drains: () => drained !== undefined })
  }))
  const metricsPort = await showMetrics(config, own, log, metricsOf(servers, { events, keyRing, calls, media, trunk, webhooks, pools: () => poolLoads(config, lines) }))
  const httpPort = await http.listen(config.http.host, config.http.port)
  retention.runner.start()
  log.info('app.ready', { port: httpPort })
  return {
    httpPort, metricsPort, apiKey, events, sipAddresses: sip.addresses,
    stats: () => ({ calls: calls.live, mediaSessions: media.stats().sessions, mediaPorts: media.stats().portsInUse }),
    drain: (limit) => drained ??= drain({ sip, calls, log, limit }),
    close
  }
}

/** @returns the port on which Prometheus reads them */
async function showMetrics(config: Config, own: Own, log: Log, metrics: Metrics): Promise<number> {
  const http = own(await createMetricsHttp({ config, metrics, log }))
  const port = await http.listen(config.metrics.host, config.metrics.port)
  log.info('metrics.ready', { port })
  return port
}

/** Hands on what comes by SIP. */
function serve(sip: SipPort, calls: Calls, accounts: Accounts): void {
  sip.onCall((call) => calls.take(call))
  sip.onRegister((request) => void accounts.register(request))
}

/** Who may come in: API keys, and the console's sessions that stand for them. */
function accessOf({ shops: [first], access }: Config, { store, keyRing, shops, apiKey, log }: { store: Store, keyRing: KeyRing, shops: Shops, apiKey: string, log: Log }): Pick<HttpDeps, 'keys' | 'sessions'> {
  const seal = createAccessSeal(keyRing)
  const keys = createApiKeys({ store, shops, configured: { [first!.id]: [apiKey] }, seal, log })
  return { keys, sessions: createSessions({ store, seal, keys, idleMs: access.sessionIdleMinutes * 60_000, longestMs: access.sessionMaxHours * 3_600_000 }) }
}

/** What has no period must not come to be: a shop that switched the class off records nothing, whatever else it has set. */
function withPeriod(recordings: Recordings, { periods }: RetentionRoom): CallDeps['recordings'] {
  return {
    async begin(call) {
      if (await periods.period(call.shopId, 'recording') === null) throw new MaskError('recording_period')
      return recordings.begin(call)
    }
  }
}

/** A cap of a shop, of one of its deliveries, of a caller or of a number is reached or nearly so. */
function tellCap({ state, ...alarm }: CapAlarm, events: EventBus, log: Log): void {
  const { shopId, deliveryId, cap, used } = alarm
  log.warn(`cap.${state}`, { shopId, ...(deliveryId === undefined ? {} : { deliveryId }), reason: cap, count: used })
  events.emit(`cap.${state}`, alarm)
}

/** What can be counted at any moment, wherever it is. */
function metricsOf(servers: Servers, parts: { events: EventBus, keyRing: KeyRing, calls: Calls, media: MediaEngine, trunk: OutboundTrunk, webhooks: Webhooks, pools: () => Promise<PoolLoad[]> }): Metrics {
  const { events, keyRing, calls, media, trunk, webhooks, pools } = parts
  const readings = {
    call: () => ({ live: calls.live }),
    media: () => ({ ...media.stats() }),
    trunk: () => ({ ...trunk.stats() }),
    webhook: () => ({ ...webhooks.counts }),
    ...servers.readings
  }
  return createMetrics(events, readings, () => keyRing.stats().alive, () => servers.sip?.dropped() ?? 0, pools)
}

/** How full each configured pool is; no number gets out of here. */
function poolLoads({ pools }: Config, lines: Lines): Promise<PoolLoad[]> {
  return Promise.all(pools.map(async ({ id }) => {
    const numbers = await lines.numbers(id)
    const sum = (of: (load: NumberLoad) => number): number => numbers.reduce((total, load) => total + of(load), 0)
    const live = sum((load) => load.live)
    return { pool: id, inService: sum(({ state }) => Number(state === 'in_service')), draining: sum(({ state }) => Number(state === 'draining')), live, quarantine: sum((load) => load.held) - live }
  }))
}

/** Where the operator wants it so, calls go on without a record while what is due is not deleted. */
function recordedBy(journal: CallJournal, { runner }: RetentionRoom, events: EventBus, config: Config): CallJournal {
  if (!config.record.stopWhenDeletionFails) return journal
  return gatedJournal(journal, (shopId) => runner.deletes(shopId), (shopId) => events.emit('call.unrecorded', { shopId }))
}

/** Closes what it is given in the end. */
type Own = <T extends { close(): Promise<void> | void }>(part: T) => T

/** What happens, and who draws it: opened first and so closed last, it hears of every call. */
async function openEvents({ traces, trunks }: Config, own: Own, log: Log): Promise<EventBus> {
  const events = createEvents((error) => log.error('event.listener_failed', errorFields(error)))
  own(await openTraces({ config: traces, wayOut: trunks[0]!.id, events, log }))
  return events
}

/** The data and, apart from them, the keys that open them: there before everything else, gone after it. */
async function openStores(config: Config, { redisUrl, keysUrl }: Servers, own: Own, log: Log): Promise<Omit<OpenedKeys, 'ring'> & { store: Store, keyStore: Store, keyRing: KeyRing }> {
  const { commandTimeoutMs } = config.redis
  const masterKeys = masterKeysOf(config)
  const store = own(createStore({ url: redisUrl, commandTimeoutMs, log: log.with({ operation: 'store' }) }))
  const keyStore = own(createKeyStore({ url: keysUrl, dataUrl: redisUrl, commandTimeoutMs, log: log.with({ operation: 'keys' }) }))
  await Promise.all([store.ready(storeReadyMs), keyStore.ready(storeReadyMs)])
  const { ring, ...start } = await openKeyRing(store, { store: keyStore, masterKeys, log })
  return { store, keyStore, keyRing: own(ring), ...start }
}

function callDeps(parts: Pick<CallDeps, 'gate' | 'trunk' | 'accounts' | 'dialApp' | 'media' | 'lines' | 'journal' | 'recordings' | 'events' | 'settings'> & { config: Config, log: Log }): CallDeps {
  const { config, log, ...rest } = parts
  rest.events.on('call.ended', ({ callId, deliveryId, shopId, result, reason, ringMs, talkMs }) => {
    log.info('call.ended', { callId, ...(deliveryId === undefined ? {} : { deliveryId }), ...(shopId === undefined ? {} : { shopId }), result, reason, ms: ringMs + talkMs })
  })
  const policy = { allowedCountries: config.line.allowedCountries, isProxyNumber: (number: string) => rest.lines.isProxyNumber(number) }
  return {
    ...rest,
    trunks: createTrunks(config.trunks),
    config: config.call,
    mayDial: (number) => mayDial(number, policy),
    clock: Date.now,
    onInternalError: (callId, error) => log.error('call.failed', { callId, ...errorFields(error) })
  }
}

/** Shops' settings, with what the configuration says where they have set nothing. */
function settingsOf(store: Store, ring: KeyRing, { call, line }: Config, shops: Shops): Settings {
  const { ringTimeoutSeconds, maxDurationSeconds } = call
  const base = {
    ringTimeoutSeconds, maxDurationSeconds, acceptance: 'off', hint: false, quarantineSeconds: line.quarantineSeconds, numberCountries: [], numberCountryStrict: false, recording: false, withheldCallers: 'allow', callsAtOnce: null, callsPerHour: null, minutesPerDay: null, supportPhone: null
  } satisfies Omit<ShopSettings, 'language'>
  const defaultsOf = (shopId: string): ShopSettings => ({ ...base, language: shops.find(shopId)?.language ?? 'en' })
  // Whoever belongs to no shop hears the first shop's language, which tells nothing about a number.
  return createSettings({ store, ring, defaultsOf, defaults: defaultsOf(shops.all()[0]!.id) })
}

/**
 * The engines that the configuration names: rtpengine for talk and FreeSWITCH for prompts where both are set. The
 * embedded one does what they cannot: what is missing of the two, and calls that are recorded.
 */
function createMedia(config: Config, sip: SipPort, log: Log): MediaEngine {
  const { freeswitch, rtpengine } = config
  const embedded = createEmbedded(config, log)
  const voice = freeswitch.url === null ? embedded : createFreeswitch(config, freeswitch.url, sip, log)
  const relay = rtpengine.url === null ? voice : createRtpengine(config, rtpengine.url, log)
  return createMediaEngines({ relay, voice, recorder: embedded, log })
}

const silenceMs = ({ media }: Config): number => media.silenceTimeoutSeconds * 1000

function createEmbedded(config: Config, log: Log): MediaEngine {
  const { host, rtpPorts } = config.media
  return createEmbeddedMedia({ host, ports: portRange(rtpPorts), silenceTimeoutMs: silenceMs(config), sounds: { overrides: join(config.dataDir, 'sounds') }, log })
}

function createRtpengine(config: Config, url: string, log: Log): MediaEngine {
  return createRtpengineMedia({
    urls: url.split(','), log, deadlineMs: relayStepMs, silenceTimeoutMs: silenceMs(config), ownSources: config.rtpengine.ownSources, sounds: { overrides: join(config.dataDir, 'sounds') }
  })
}

function createFreeswitch(config: Config, url: string, sip: SipPort, log: Log): MediaEngine {
  const { app, sounds, soundOverrides } = config.freeswitch
  const [host = '', port = ''] = app.split(':')
  const folders = { root: sounds ?? soundsFolder, overrides: soundOverrides ?? resolve(config.dataDir, 'sounds') }
  return createFreeswitchMedia({ url, srf: sip.library, listen: { host, port: Number(port) }, sounds: folders, log, deadlineMs: mediaStepMs, silenceTimeoutMs: silenceMs(config) })
}

/** Milliseconds in which what the SIP server had already handed to us arrives. */
const handOverMs = 1000

async function drain({ sip, calls, log, limit }: { sip: SipPort, calls: Calls, log: Log, limit: AbortSignal }): Promise<void> {
  log.info('app.drains', { count: calls.live })
  sip.drain()
  await Promise.all([calls.drain(limit), sleep(handOverMs, undefined, { signal: limit }).catch(() => undefined)])
  // Those that came in that time.
  await calls.drain(limit)
  log.info('app.drained', { count: calls.live })
}
