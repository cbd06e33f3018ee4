import { errorFields, type Log } from '../../telemetry/log.js'
import { AdminPort } from './drachtio/admin.js'
import type { App, AppUser } from './drachtio/app.js'
import { Bridge } from './drachtio/bridge.js'
import { Calls } from './drachtio/calls.js'
import { Commands } from './drachtio/commands.js'
import { Routes } from './drachtio/routes.js'
import { UserAgent } from './dialog/index.js'
import { hostPort } from './message/index.js'
import { Timers, TransactionLayer, type TimerValues } from './transaction/index.js'
import { Guests, SipTransport, type TransportLimits } from './transport/index.js'

/** What the handshake names; drachtio-srf wants a version of at least v0.8.2. */
const version = 'v0.9.5-embedded'
const minSecret = 16

export interface SipServerOptions {
  /** Address for SIP over UDP and TCP. */
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly admin: {
    /** A loopback address: whoever reaches the admin port and knows the secret makes calls. */
    readonly host: string
    readonly port: number
    /** At least 16 characters, none of them `|`, CR or LF. */
    readonly secret: string
  }
  readonly timers?: TimerValues
  /** Whether anything of this IP address is read; whoever is not admitted gets no answer at all. Missing: everybody's is. */
  readonly admits?: (address: string) => boolean
  /** Strangers may begin with REGISTER and INVITE to this domain, in lower case; missing: they may not. */
  readonly guestDomain?: string | undefined
  /** Another listener for TLS; `cert` and `key` are PEM. */
  readonly tls?: { readonly port: number, readonly cert: string | Buffer, readonly key: string | Buffer } | undefined
  readonly limits?: TransportLimits & {
    /** Default 50 000. */
    readonly transactions?: number
    /** Default 20 000. */
    readonly dialogs?: number
  }
  readonly log: Log
}

/** What is alive now. All zero some time (64·T1) after the last call, once the peers closed their connections. */
export interface SipServerStats {
  readonly transactions: number
  readonly dialogs: number
  /** TCP connections of SIP peers. */
  readonly connections: number
  readonly timers: number
}

export interface EmbeddedSipServer {
  readonly sipPort: number
  readonly adminPort: number
  /** Undefined when there is no TLS. */
  readonly tlsPort: number | undefined
  /** `drachtio://:secret@host:port`, the secret percent-encoded. */
  readonly adminUrl: string
  stats: () => SipServerStats
  /** Datagrams and connections that were dropped unread since the start. */
  dropped: () => number
  /** Reads what comes from this socket for so many milliseconds, as if it were admitted. */
  welcome: (address: string, port: number, forMs: number) => void
  /** Ends all at once: calls get one BYE, waiting ones 503, and nobody waits for an answer. */
  close: () => Promise<void>
}

/**
 * Starts a SIP server inside this process that speaks the drachtio protocol to drachtio-srf on its admin port.
 * It is meant for one small machine, for tests and for the demo; a busy site runs the real drachtio-server.
 *
 * Where it had to choose: a request for which no application is connected gets 503. A request that asks for an
 * unknown extension is the application's to refuse (420), which alone knows what it supports. When the
 * connection of an application is lost nobody can control its calls any more, so waiting INVITEs get 503, its
 * own are cancelled, and its dialogs end with BYE. `proxy` is answered NOK; `cdr:` routes are accepted and
 * stay silent. WebSocket, NAPTR and SRV look-ups
 * are missing; TLS is taken, not opened.
 *
 * @throws RangeError for a short secret or an admin address that is not loopback; the system's error with its
 *   `code` (EADDRINUSE …) when a port cannot be had
 */
export async function startSipServer(options: SipServerOptions): Promise<EmbeddedSipServer> {
  checkAdmin(options.admin)
  const onError = (error: unknown): void => options.log.error('sip.unexpected', errorFields(error))
  const timers = new Timers(options.timers, onError)
  const guests = options.guestDomain === undefined ? undefined : new Guests(options.guestDomain)
  const transport = await SipTransport.listen({ host: options.host, port: options.port, limits: options.limits ?? {}, admits: options.admits, guests, tls: options.tls })
  const layer = new TransactionLayer({ transport, timers, maxTransactions: options.limits?.transactions ?? 50_000 })
  transport.use(layer)
  const agent = new UserAgent({ transport, layer, timers, maxDialogs: options.limits?.dialogs ?? 20_000 })
  const admin = new AdminPort(options.admin.secret, timers, connectApps(options, { agent, timers, transport, onError }))
  const close = async (): Promise<void> => {
    await admin.close()
    agent.close()
    layer.close()
    timers.cancelAll()
    await transport.close()
  }
  try {
    const adminPort = await admin.listen(options.admin.host, options.admin.port)
    options.log.info('sip.listening', { port: transport.port })
    const adminUrl = `drachtio://:${encodeURIComponent(options.admin.secret)}@${hostPort(options.admin.host, adminPort)}`
    const stats = (): SipServerStats => ({
      transactions: layer.transactions, dialogs: agent.dialogs, connections: transport.connections, timers: timers.running
    })
    const welcome = (address: string, port: number, forMs: number): void => guests?.welcome(address, port, forMs)
    return { sipPort: transport.port, tlsPort: transport.tlsPort, adminPort, adminUrl, stats, dropped: () => transport.dropped, welcome, close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Core {
  readonly agent: UserAgent
  readonly timers: Timers
  readonly transport: SipTransport
  readonly onError: (error: unknown) => void
}

/** Joins the applications to the agent. */
function connectApps(options: SipServerOptions, core: Core): AppUser {
  const { agent, timers, transport, onError } = core
  const [routes, calls] = [new Routes(), new Calls()]
  const here = { host: transport.host, port: transport.port }
  const bridge = new Bridge({ agent, timers, routes, calls, here, onError })
  const commands = new Commands({ agent, bridge, calls, here, ownHosts: ownHosts(options.host, transport.host) })
  agent.use(bridge)
  const address = hostPort(here.host, here.port)
  const tls = transport.tlsPort === undefined ? '' : `,tls/${hostPort(here.host, transport.tlsPort)}`
  const hostports = `udp/${address},tcp/${address}${tls}`
  return {
    welcome: () => [hostports, version, hostports],
    onReady: () => options.log.info('sip.app.connected'),
    onRoute: (app, verb) => routes.add(app, verb),
    onUnroute: (app, verb) => routes.remove(app, verb),
    onSip: (app, messageId, message) => {
      if (!commands.run(app, messageId, message)) app.refuse(messageId, 'transaction id missing')
    },
    onClosed: (app: App) => {
      routes.drop(app)
      bridge.abandoned(app)
      commands.abandoned(app)
      options.log.info('sip.app.gone')
    },
    onError
  }
}

function ownHosts(...hosts: string[]): ReadonlySet<string> {
  const names = new Set(hosts.map((host) => host.toLowerCase()))
  if (names.has('127.0.0.1') || names.has('0.0.0.0')) names.add('127.0.0.1').add('localhost')
  return names
}

function checkAdmin(admin: SipServerOptions['admin']): void {
  if (admin.secret.length < minSecret || /[|\r\n]/.test(admin.secret)) throw new RangeError('the admin secret needs at least 16 characters, none of them |')
  if (!/^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/.test(admin.host)) throw new RangeError('the admin port listens on a loopback address only')
}
