import Srf from 'drachtio-srf'

/**
 * The part of drachtio-srf that we use, with types that say what it really does: the ones that come
 * with it are wrong in places (promises given as void, missing members). Nothing outside src/sip
 * sees these.
 */
export interface SrfMessage {
  readonly method: string
  readonly uri: string
  readonly body: string | undefined
  readonly source_address: string
  readonly source_port: number
  /** `udp`, `tcp` or `tls`. */
  readonly protocol: string
  get(name: string): string | undefined
  has(name: string): boolean
}

export interface SrfRequest extends SrfMessage {
  readonly source: 'network' | 'application'
  on(event: 'cancel' | 'update', listener: (...args: never[]) => void): void
  on(event: 'update', listener: (req: SrfRequest, res: SrfResponse) => void): void
  on(event: 'response', listener: (res: SrfResponse) => void): void
  cancel(callback: (error: unknown) => void): void
}

export interface SrfResponse extends SrfMessage {
  readonly status: number
  readonly finalResponseSent: boolean
  send(status: number, options: SendOptions, callback?: (error: unknown, sent?: SrfMessage) => void): void
}

export interface SendOptions {
  headers?: Record<string, string>
  body?: string
}

type DialogEvent = 'modify' | 'info' | 'refer' | 'message' | 'notify' | 'options' | 'publish' | 'subscribe' | 'update'

export interface SrfDialog {
  readonly connected: boolean
  readonly remote: { readonly sdp: string | undefined }
  readonly local: { readonly contact: string }
  on(event: 'destroy', listener: (message: SrfMessage, reason?: string) => void): void
  on(event: 'ack', listener: (req: SrfRequest) => void): void
  on(event: DialogEvent, listener: (req: SrfRequest, res: SrfResponse) => void): void
  destroy(options: SendOptions, callback: (error: unknown) => void): void
}

type Callback<T> = (error: unknown, value?: T) => void

export interface SrfClient {
  connect(options: { host: string, port: number, secret: string, enablePing: boolean, reconnect: { retryMaxDelay: number } }): void
  disconnect(): void
  on(event: 'connect', listener: (error: unknown, hostports?: string, version?: string) => void): void
  on(event: 'error' | 'close' | 'reconnecting', listener: (...args: unknown[]) => void): void
  use(method: string, handler: (req: SrfRequest, res: SrfResponse) => void): void
  createUAS(req: SrfRequest, res: SrfResponse, options: { localSdp: string, headers?: Record<string, string> }, callback: Callback<SrfDialog>): void
  createUAC(uri: string, options: { localSdp: string, headers: Record<string, string>, proxy?: string }, progress: {
    cbRequest: (error: unknown, req?: SrfRequest) => void
    cbProvisional: (res: SrfResponse) => void
  }, callback: Callback<SrfDialog>): void
  request(uri: string, options: SendOptions & { method: string }, callback: Callback<SrfRequest>): void
  /** @throws Error when the method was never asked for */
  unregisterForMessages(method: string): void
}

/** A fresh, unconnected client. */
export function createSrf(): SrfClient {
  return new Srf() as unknown as SrfClient
}

/** The status of a SipError of drachtio-srf, or undefined for any other error. */
export function sipStatusOf(error: unknown): number | undefined {
  const status = (error as { status?: unknown } | null)?.status
  return typeof status === 'number' ? status : undefined
}

/** The response that a SipError of drachtio-srf stands for. */
export function responseOf(error: unknown): SrfResponse | undefined {
  return (error as { res?: SrfResponse } | null)?.res
}
