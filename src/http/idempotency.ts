import { MaskError } from '../errors.js'
import { forever, type DataKey, type KeyRing, type KeyScope } from '../store/keyring/types.js'
import { keyName } from '../store/keys.js'
import type { Store } from '../store/redis.js'
import { errorFields, type Log } from '../telemetry/log.js'

/** A request that nobody has sent before, or whose earlier try failed. */
export interface FirstTime {
  /** Keeps the answer for repetitions. Never rejects: what was done is done, with or without this. */
  finish(answer: string): Promise<void>
  /** Lets the same key be tried again: nothing was done. Never rejects. */
  abandon(): Promise<void>
}

/** Lets a client repeat a request without doing a thing twice (the header Idempotency-Key). */
export interface Idempotency {
  /**
   * @param body the parsed body; spelling and order of its members do not matter
   * @returns the answer that was given before, or the duty to finish or abandon
   * @throws MaskError idempotency_mismatch (other body), idempotency_in_progress, store_unavailable, store_full, key_destroyed
   */
  begin(shopId: string, key: string, body: unknown): Promise<{ readonly answer: string } | FirstTime>
}

export interface IdempotencyParts {
  readonly store: Store
  readonly ring: KeyRing
  readonly log: Log
  readonly clock?: () => number
}

const answerTtlMs = 24 * 3600 * 1000
/** Longer than a request can last, so a key whose request died with its process is free again soon. */
const pendingTtlMs = 120_000
const pending = 'p'
const done = 'd'
/** `20261121` */
const dayLength = 8
const tagLength = 22

/**
 * Keeps one value per key: a letter for its state, the day whose data key is used, the body's tag, and the sealed
 * answer. The answer holds an access code and is sealed; the body holds people's numbers and only its HMAC under the
 * day's key is kept. The name is the same on every day, so that midnight does not part a request from its repetition.
 */
export function createIdempotency({ store, ring, log, clock = Date.now }: IdempotencyParts): Idempotency {
  return {
    async begin(shopId, key, body) {
      const now = clock()
      const text = canonical(body)
      const names = await ring.use({ purpose: 'settings', owner: shopId, period: '0' }, forever)
      const today = await ring.use(dayScope(shopId, dayAt(now)), now + answerTtlMs + pendingTtlMs)
      const name = keyName('idem', `shop.${shopId}`, names.tag('idempotency-key', key))
      const head = headOf(today, text)
      if (await store.set(name, pending + head, { ttlMs: pendingTtlMs, ifAbsent: true })) return firstTime({ store, log, name, head, today })
      const value = await store.get(name)
      // It ended in the moment between the two commands.
      if (value === undefined) throw new MaskError('idempotency_in_progress', { retryAfter: 1 })
      const then = await ring.find(dayScope(shopId, value.toString('latin1', 1, 1 + dayLength)))
      if (then === undefined) throw new MaskError('key_destroyed')
      return { answer: readAnswer(then, value, name, headOf(then, text)) }
    }
  }
}

const dayAt = (ms: number): string => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '')
const dayScope = (shopId: string, day: string): KeyScope => ({ purpose: 'mapping', owner: shopId, period: day })
const headOf = (key: DataKey, body: string): string => key.scope.period + key.tag('idempotency-body', body)

function firstTime({ store, log, name, head, today }: { store: Store, log: Log, name: string, head: string, today: DataKey }): FirstTime {
  const quietly = async (operation: string, work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => log.warn('idempotency.lost', { operation, ...errorFields(error) }))
  }
  return {
    finish: (answer) => quietly('finish', async () => store.set(name, Buffer.concat([Buffer.from(done + head), today.seal(answer, name)]), { ttlMs: answerTtlMs })),
    abandon: () => quietly('abandon', async () => store.del(name))
  }
}

function readAnswer(key: DataKey, value: Buffer, name: string, head: string): string {
  const state = value.toString('latin1', 0, 1)
  if (value.toString('latin1', 1, 1 + dayLength + tagLength) !== head) throw new MaskError('idempotency_mismatch', { field: 'Idempotency-Key' })
  if (state === pending) throw new MaskError('idempotency_in_progress', { retryAfter: 1 })
  return key.open(value.subarray(1 + dayLength + tagLength), name).toString()
}

/** JSON with the members of every object in one order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1))
  })
}
