import type { EventEmitter } from 'node:events'
import Srf from 'drachtio-srf'
import type { Test } from 'tap'
import { startSipServer, type EmbeddedSipServer, type SipServerOptions } from '../../../../src/embedded/sip/index.js'
import { createLog } from '../../../../src/telemetry/log.js'
import { until } from './until.js'

/** The parts of drachtio-srf that the tests use, typed as they really are. */
export interface SrfMessage {
  get: (name: string) => string | undefined
  has: (name: string) => boolean
  readonly body: string
  readonly uri: string
  readonly headers: Record<string, string>
}
export interface SrfRequest extends SrfMessage, EventEmitter {
  readonly method: string
  readonly receivedOn: string
  readonly source_address: string
  readonly protocol: string
  cancel: (options?: object, done?: (error: unknown) => void) => void
}
export interface SrfResponse extends SrfMessage {
  readonly status: number
  send: (status: number, options?: object, sent?: (error: unknown, message: SrfMessage) => void, acked?: (request: SrfRequest) => void) => void
}
export interface SrfDialog extends EventEmitter {
  readonly id: string
  readonly connected: boolean
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string }
  readonly remote: { readonly sdp: string; readonly uri: string }
  destroy: (options?: object) => Promise<SrfMessage>
  modify: (sdp: string) => Promise<string>
  request: (options: { method: string; headers?: Record<string, string>; body?: string }) => Promise<SrfResponse>
}
export interface Progress {
  cbRequest?: (error: unknown, request: SrfRequest) => void
  cbProvisional?: (response: SrfResponse) => void
}
type Handler = (request: SrfRequest, response: SrfResponse) => void
export interface App extends EventEmitter {
  invite: (handler: Handler) => void
  options: (handler: Handler) => void
  message: (handler: Handler) => void
  connect: (options: { host: string; port: number; secret: string; reconnect: { maxAttempts: number } }) => void
  disconnect: () => void
  request: (uri: string, options: object, done: (error: unknown, request: SrfRequest) => void) => void
  createUAS: (request: SrfRequest, response: SrfResponse, options: { localSdp: string; headers?: Record<string, string> }) => Promise<SrfDialog>
  createUAC: (uri: string, options: object, progress?: Progress) => Promise<SrfDialog>
  createB2BUA: (request: SrfRequest, response: SrfResponse, uri: string, options: object) => Promise<{ uas: SrfDialog; uac: SrfDialog }>
}

export const secret = 'sixteen characters or more'
export const sdp = ['v=0', 'o=- 7 7 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 40000 RTP/AVP 0', 'a=sendrecv', ''].join('\r\n')

/** A server with a T1 of 40 ms (so 64·T1 is 2.6 s), ended with the test. */
export async function startServer(t: Test, more: Partial<SipServerOptions> = {}): Promise<EmbeddedSipServer> {
  const server = await startSipServer({ host: '127.0.0.1', port: 0, admin: { host: '127.0.0.1', port: 0, secret }, timers: { t1: 40 }, log: createLog('silent'), ...more })
  t.teardown(() => server.close())
  return server
}

/** An unmodified drachtio-srf, connected. @param routes what it handles, before it connects */
export async function connectApp(t: Test, server: { adminPort: number }, routes: (app: App) => void = () => undefined): Promise<App> {
  const app = new Srf() as unknown as App
  app.on('error', () => undefined)
  routes(app)
  const connected = new Promise<void>((resolve, reject) => {
    app.on('connect', (error: unknown) => error === null ? resolve() : reject(error as Error))
  })
  t.teardown(() => { try { app.disconnect() } catch { /* it is gone already */ } })
  // It would try to come back for ever, also after the test.
  app.connect({ host: '127.0.0.1', port: server.adminPort, secret, reconnect: { maxAttempts: 1 } })
  await connected
  return app
}

/** After the last call nothing may be left, on any path. */
export async function nothingLeft(t: Test, server: EmbeddedSipServer): Promise<void> {
  const some = (): boolean => {
    const { transactions, dialogs, timers } = server.stats()
    return transactions + dialogs + timers > 0
  }
  await until('transactions, dialogs and timers are gone', () => !some())
  t.notOk(some(), 'no transaction, dialog or timer is left')
}
