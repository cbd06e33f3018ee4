import { MaskError } from '../errors.js'
import type { Vault } from '../store/crypto.js'
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
   * @throws MaskError idempotency_mismatch (other body), idempotency_in_progress, store_unavailable
   */
  begin(shopId: string, key: string, body: unknown): Promise<{ readonly answer: string } | FirstTime>
}

export interface IdempotencyParts {
  readonly store: Store
  readonly vault: Vault
  readonly log: Log
}

const answerTtlMs = 24 * 3600 * 1000
/** Longer than a request can last, so a key whose request died with its process is free again soon. */
const pendingTtlMs = 120_000
const pending = 'p'
const done = 'd'

/**
 * Keeps one value per key: a letter for its state, the body's tag, and the sealed answer. The answer holds
 * an access code and is sealed; the body holds people's numbers and only its HMAC is kept.
 */
export function createIdempotency({ store, vault, log }: IdempotencyParts): Idempotency {
  const keyTag = vault.tagger('idempotency-key')
  const bodyTag = vault.tagger('idempotency-body')
  return {
    async begin(shopId, key, body) {
      const name = keyName('idem', `shop.${shopId}`, keyTag(shopId, key))
      const tag = bodyTag(shopId, canonical(body))
      if (await store.set(name, pending + tag, { ttlMs: pendingTtlMs, ifAbsent: true })) return firstTime({ store, vault, log }, name, tag)
      const value = await store.get(name)
      // It ended in the moment between the two commands.
      if (value === undefined) throw new MaskError('idempotency_in_progress', { retryAfter: 1 })
      return { answer: readAnswer(vault, value, name, tag) }
    }
  }
}

function firstTime({ store, vault, log }: IdempotencyParts, name: string, tag: string): FirstTime {
  const quietly = async (operation: string, work: Promise<unknown>): Promise<void> => {
    await work.catch((error: unknown) => log.warn('idempotency.lost', { operation, ...errorFields(error) }))
  }
  return {
    finish: async (answer) => {
      const value = Buffer.concat([Buffer.from(done + tag), vault.seal(answer, name)])
      await quietly('finish', store.set(name, value, { ttlMs: answerTtlMs }))
    },
    abandon: async () => { await quietly('abandon', store.del(name)) }
  }
}

function readAnswer(vault: Vault, value: Buffer, name: string, tag: string): string {
  const head = value.toString('latin1', 0, 1 + tag.length)
  if (head.slice(1) !== tag) throw new MaskError('idempotency_mismatch', { field: 'Idempotency-Key' })
  if (head.startsWith(pending)) throw new MaskError('idempotency_in_progress', { retryAfter: 1 })
  return vault.open(value.subarray(head.length), name)
}

/** JSON with the members of every object in one order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1))
  })
}
