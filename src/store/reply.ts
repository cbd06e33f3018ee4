import { MaskError, type ErrorCode } from '../errors.js'

/** What Redis may answer. Texts come as bytes, because sealed data is among them. */
export type Reply = Buffer | number | null | readonly Reply[]

/** A reply that is a list. @throws MaskError internal when the shape is another one */
export function list(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? reply as readonly Reply[] : mismatch('list')
}

/** A whole number, sent as integer or as digits. */
export function int(reply: Reply | undefined): number {
  const value = Buffer.isBuffer(reply) ? Number(reply.toString('latin1')) : reply
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : mismatch('integer')
}

export function text(reply: Reply | undefined): string {
  return bytes(reply).toString('utf8')
}

export function bytes(reply: Reply | undefined): Buffer {
  return Buffer.isBuffer(reply) ? reply : mismatch('text')
}

function mismatch(expected: string): never {
  throw new MaskError('internal', { cause: `The store's reply is no ${expected}.` })
}

/** First word of a Redis error → our code; whatever stands here means that the server, not the command, is at fault. */
const serverTrouble: Readonly<Record<string, ErrorCode>> = {
  OOM: 'store_full',
  MISCONF: 'store_full',
  READONLY: 'store_unavailable',
  LOADING: 'store_unavailable',
  BUSY: 'store_unavailable',
  MASTERDOWN: 'store_unavailable',
  CLUSTERDOWN: 'store_unavailable',
  TRYAGAIN: 'store_unavailable',
  MOVED: 'store_unavailable',
  ASK: 'store_unavailable',
  NOREPLICAS: 'store_unavailable',
  NOAUTH: 'store_unavailable',
  WRONGPASS: 'store_unavailable',
  NOPERM: 'store_unavailable',
  // Who waited for replicas when a primary became one itself.
  UNBLOCKED: 'store_unavailable',
  ERR_MAXCLIENTS: 'store_unavailable'
}

/**
 * Any failure of a command as MaskError. The library's error is not handed on as cause: it carries the
 * arguments of the command. What a Redis script says about itself is kept to its place.
 */
export function storeError(error: unknown): MaskError {
  if (error instanceof MaskError) return error
  if (!(error instanceof Error) || error.name !== 'ReplyError') return new MaskError('store_unavailable', { retryAfter: 1 })
  const words = all(error).map(({ message }) => message.includes('max number of clients') ? 'ERR_MAXCLIENTS' : scriptWord(message))
  const trouble = words.find((word) => serverTrouble[word] !== undefined)
  if (trouble !== undefined) return new MaskError(serverTrouble[trouble]!, { retryAfter: 1 })
  return new MaskError('internal', { cause: `Redis refused a command: ${words[0]} ${/user_script:\d+/.exec(error.message)?.[0] ?? ''}`.trimEnd() })
}

/** A transaction fails as EXECABORT and carries what its commands said. */
function all(error: Error): Error[] {
  const { previousErrors = [] } = error as { previousErrors?: readonly Error[] }
  return [error, ...previousErrors]
}

/** The class of an error, also of one that a script met on its way (`ERR Error running script … OOM …`). */
function scriptWord(message: string): string {
  const first = /^-?([A-Z]{3,})/.exec(message)?.[1] ?? 'ERR'
  if (first !== 'ERR') return first
  return Object.keys(serverTrouble).find((word) => new RegExp(`\\b${word}\\b`).test(message)) ?? first
}

/** True when another server of the cluster has the key now; nothing was done. */
export function isMoved(error: unknown): boolean {
  return error instanceof Error && all(error).some(({ message }) => message.startsWith('MOVED'))
}

/** True when the server does not know a script by its digest yet (or no more). */
export function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}
