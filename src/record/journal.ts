import { errorFields, type Log } from '../telemetry/log.js'
import type { Vault } from '../store/crypto.js'
import type { Store } from '../store/redis.js'
import { int } from '../store/reply.js'
import { loadScript } from '../store/scripts.js'
import { dayOf, endRow, parsePlace, placeText, recordKeys, sealReference, writeRow } from './row.js'
import type { CallEnd, CallJournal, CallStart } from './types.js'

const openScript = loadScript(new URL('../../src/record/lua/open-call.lua', import.meta.url))
const noteScript = loadScript(new URL('../../src/record/lua/note-call.lua', import.meta.url))

/** A process renews the leases of its calls this often, and a lease lasts this long. */
const renewEveryMs = 15_000
const leaseMs = 60_000
/** How often and how long a record that could not be finished is tried again. */
const retryEveryMs = 1000
const retries = 60
const dayMs = 86_400_000

export interface JournalOptions {
  readonly store: Store
  readonly vault: Vault
  readonly shopIds: readonly string[]
  readonly retentionDays: number
  readonly log: Log
  readonly clock?: () => number
}

export interface Journal extends CallJournal {
  /** Finishes the calls whose process died, as `indeterminate`. Resolves to how many. */
  recover(): Promise<number>
  /** Stops the leases and the retries; what is open is left to another process. */
  close(): void
}

interface OpenCall {
  readonly start: CallStart
  readonly sealed: string
}

/**
 * The writing side of the call log. Every open call has a lease; a process that lives renews the leases of
 * its calls, and whoever finds one that ended finishes the call's record.
 */
export function createJournal(options: JournalOptions): Journal {
  return new RedisJournal(options)
}

class RedisJournal implements Journal {
  readonly #options: JournalOptions
  readonly #clock: () => number
  readonly #open = new Map<string, OpenCall>()
  readonly #timer: NodeJS.Timeout
  readonly #retries = new Set<NodeJS.Timeout>()

  constructor(options: JournalOptions) {
    this.#options = options
    this.#clock = options.clock ?? Date.now
    this.#timer = setInterval(() => void this.#upkeep(), renewEveryMs).unref()
  }

  async open(call: CallStart): Promise<void> {
    const { store, vault, retentionDays } = this.#options
    const day = dayOf(call.startedAt)
    const keys = recordKeys(call.shopId)
    const sealed = sealReference(vault, call)
    const gone = Math.floor(call.startedAt / dayMs) * dayMs + (retentionDays + 1) * dayMs
    await store.run(openScript, [keys.rows(day), keys.byStart(day), keys.ofDelivery(call.deliveryId), keys.open], [
      call.id, placeText({ day, id: call.id }), writeRow(call, sealed), call.startedAt, this.#clock() + leaseMs, gone
    ])
    this.#open.set(call.id, { start: call, sealed })
  }

  async answered(call: CallStart, at: number): Promise<void> {
    const open = this.#open.get(call.id)
    if (open) await this.#note(call, writeRow(call, open.sealed, at)).catch((error: unknown) => this.#failed('answered', error))
  }

  async finish(call: CallStart, end: CallEnd): Promise<void> {
    const open = this.#open.get(call.id)
    if (!open) return
    this.#open.delete(call.id)
    await this.#finish(call, writeRow(call, open.sealed, end.answeredAt, end), retries)
  }

  async recover(): Promise<number> {
    const counts = await Promise.all(this.#options.shopIds.map((shopId) => this.#recover(shopId)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  close(): void {
    clearInterval(this.#timer)
    for (const timer of this.#retries) clearTimeout(timer)
    this.#retries.clear()
  }

  async #finish(call: CallStart, row: string, left: number): Promise<void> {
    try {
      await this.#note(call, row, true)
    } catch (error) {
      if (left === 0) { this.#failed('finish', error); return; }
      const timer = setTimeout(() => {
        this.#retries.delete(timer)
        void this.#finish(call, row, left - 1)
      }, retryEveryMs).unref()
      this.#retries.add(timer)
    }
  }

  async #note(call: CallStart, row: string, last = false): Promise<void> {
    const day = dayOf(call.startedAt)
    const keys = recordKeys(call.shopId)
    await this.#options.store.run(noteScript, [keys.rows(day), keys.open], [call.id, placeText({ day, id: call.id }), row, last ? '1' : '', ''])
  }

  async #upkeep(): Promise<void> {
    try {
      await this.#renew()
      await this.recover()
    } catch (error) {
      this.#failed('upkeep', error)
    }
  }

  async #renew(): Promise<void> {
    const until = this.#clock() + leaseMs
    for (const { start } of this.#open.values()) {
      const place = placeText({ day: dayOf(start.startedAt), id: start.id })
      // XX: a call that was finished meanwhile must not come back.
      await this.#options.store.call('ZADD', recordKeys(start.shopId).open, 'XX', until, place)
    }
  }

  async #recover(shopId: string): Promise<number> {
    const { store } = this.#options
    const keys = recordKeys(shopId)
    const now = this.#clock()
    let recovered = 0
    for (const text of await store.zrange(keys.open, { max: `(${now}`, limit: 200 })) {
      const { day, id } = parsePlace(text)
      const row = await store.hget(keys.rows(day), id)
      if (!row) await store.zrem(keys.open, text)
      else recovered += int(await store.run(noteScript, [keys.rows(day), keys.open], [id, text, endRow(row.toString(), { at: now, result: 'indeterminate', reason: 'process_died' }), '1', now]))
    }
    if (recovered > 0) this.#options.log.warn('record.recovered', { shopId, count: recovered })
    return recovered
  }

  #failed(operation: string, error: unknown): void {
    this.#options.log.error('record.failed', { operation, ...errorFields(error) })
  }
}
