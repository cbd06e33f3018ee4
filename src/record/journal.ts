import { performance } from 'node:perf_hooks'
import { asMaskError, MaskError } from '../errors.js'
import { errorFields, type Log } from '../telemetry/log.js'
import type { DataKey, KeyRing } from '../store/keyring/types.js'
import type { Store } from '../store/redis.js'
import { int } from '../store/reply.js'
import { loadScript } from '../store/scripts.js'
import { writeBeginning } from './beginnings.js'
import { dayOf } from './day.js'
import { writeEnd, type Ending } from './endings.js'
import { leaseMs, renewEveryMs } from './lease-watch.js'
import { dayKey } from './pseudonyms.js'
import { Recovery, type RecoveryOptions } from './recovery.js'
import { beginRow, placeText, recordKeys, withAnswer, withEnd, type Place, type Row } from './row.js'
import { sealTrace, type TraceSource } from './trace.js'
import type { Attempt, CallEnd, CallJournal, CallStart } from './types.js'

const noteScript = loadScript(new URL('../../src/record/lua/note-call.lua', import.meta.url))

/** How often and how long a record that could not be finished is tried again. */
const retryEveryMs = 1000
const retries = 600

export interface JournalOptions {
  readonly store: Store
  readonly ring: Pick<KeyRing, 'use'>
  /** The shops whose dead calls are looked for; asked every time, because shops come and go. */
  readonly shops: () => readonly string[]
  readonly log: Log
  /** Told of each call of a dead process that was finished here. */
  readonly onRecovered?: RecoveryOptions['onRecovered']
  /** Unix time in milliseconds. */
  readonly clock?: () => number
  /** Milliseconds that only grow, whatever happens to the clock. */
  readonly monotonic?: () => number
}

export interface Journal extends CallJournal {
  /**
   * Finishes the calls whose process died, as `indeterminate`. A call must be found dead twice, so the first
   * time only looks (lease-watch.ts). Resolves to how many.
   */
  recover(): Promise<number>
  /** What the background does all the time: keeps the own calls' leases alive, and recovers. Never rejects. */
  upkeep(): Promise<number>
  /** Stops the leases and the retries; what is open is left to another process. */
  close(): void
}

interface OpenCall {
  readonly shopId: string
  readonly place: Place
  row: Row
  /** What seals its trace, and how many steps were last written. */
  readonly key: DataKey
  readonly trace: TraceSource | undefined
  written: number
  /** Monotonic times of its start, and until which no other process can have taken it for dead. */
  readonly since: number
  oursUntil: number
  ending: boolean
}

/**
 * The writing side of the call log. Every open call has a lease; a process that lives renews the leases of
 * its calls, and whoever finds one that nobody renews finishes the call's record. What a server has lost that failed
 * over to a replica is written anew.
 */
export function createJournal(options: JournalOptions): Journal {
  return new RedisJournal(options)
}

class RedisJournal implements Journal {
  readonly #options: JournalOptions
  readonly #monotonic: () => number
  readonly #open = new Map<string, OpenCall>()
  readonly #recovery: Recovery
  readonly #timer: NodeJS.Timeout
  readonly #retries = new Set<() => void>()

  constructor(options: JournalOptions) {
    this.#options = options
    this.#monotonic = options.monotonic ?? (() => performance.now())
    const { store, clock = Date.now, onRecovered = () => undefined } = options
    this.#recovery = new Recovery({ store, clock, monotonic: this.#monotonic, isOwn: (id) => this.#open.has(id), onRecovered })
    this.#timer = setInterval(() => void this.upkeep(), renewEveryMs).unref()
  }

  async open(call: CallStart): Promise<void> {
    const { id, shopId, startedAt } = call
    const day = dayOf(startedAt)
    const since = this.#monotonic()
    const key = await this.#key(id, shopId, day)
    const beginning = { shopId, place: { day, id }, row: beginRow(key, call) }
    await writeBeginning(this.#options.store, beginning, startedAt + leaseMs)
    this.#open.set(id, { ...beginning, key, trace: call.trace, written: 0, since, oursUntil: since + leaseMs, ending: false })
  }

  async answered({ id }: Pick<CallStart, 'id'>, at: number): Promise<void> {
    const open = this.#open.get(id)
    if (!open || open.ending) return
    open.row = withAnswer(open.row, at)
    await this.#note(open).catch((error: unknown) => this.#failed('answered', error, id))
  }

  async finish({ id }: Pick<CallStart, 'id'>, end: CallEnd): Promise<Attempt | undefined> {
    const open = this.#open.get(id)
    if (!open || open.ending) return undefined
    // It stays among the open ones, and its lease alive, until its end is written.
    open.ending = true
    const ending = { shopId: open.shopId, place: open.place, row: withEnd(traced(open), end) }
    try {
      return await this.#end(ending)
    } catch {
      this.#later(ending, retries)
      return undefined
    }
  }

  async recover(): Promise<number> {
    const recovered = await this.#recovery.recover(this.#options.shops())
    for (const [shopId, count] of recovered) this.#options.log.warn('record.recovered', { shopId, count })
    return [...recovered.values()].reduce((sum, count) => sum + count, 0)
  }

  async upkeep(): Promise<number> {
    try {
      await this.#renew()
      return await this.recover()
    } catch (error) {
      this.#failed('upkeep', error)
      return 0
    }
  }

  close(): void {
    clearInterval(this.#timer)
    for (const cancel of this.#retries) cancel()
    this.#retries.clear()
  }

  /** Without its day key a call cannot be recorded, and then it must not be made. */
  async #key(id: string, shopId: string, day: string): Promise<DataKey> {
    try {
      return await dayKey(this.#options.ring, shopId, day)
    } catch (error) {
      if (asMaskError(error).code !== 'key_destroyed') throw error
      this.#failed('day_key', error, id)
      throw new MaskError('store_unavailable', { retryAfter: 60 })
    }
  }

  async #note(open: OpenCall): Promise<void> {
    const { shopId, place } = open
    const keys = recordKeys(shopId)
    await this.#options.store.run(noteScript, [keys.rows(place.day), keys.open], [place.id, placeText(place), JSON.stringify(traced(open))])
  }

  /** Writes the end and forgets the call. */
  async #end(ending: Ending): Promise<Attempt | undefined> {
    const open = this.#open.get(ending.place.id)
    let written = await writeEnd(this.#options.store, ending)
    if (written === 'not_open' && open !== undefined && await this.#restore(open)) written = await writeEnd(this.#options.store, ending)
    this.#open.delete(ending.place.id)
    return typeof written === 'object' ? written : undefined
  }

  /** Opens a record anew that a failover has lost. @returns false when it is there: another process has finished it */
  async #restore(open: OpenCall): Promise<boolean> {
    // Whoever hung for so long may have been taken for dead, and the row finished and deleted since.
    if (this.#monotonic() > open.oursUntil) return false
    const restored = await writeBeginning(this.#options.store, open, this.#leaseEnd(open))
    if (restored) this.#options.log.warn('record.restored', { callId: open.place.id })
    return restored
  }

  #later(ending: Ending, left: number): void {
    const again = async (): Promise<void> => {
      this.#retries.delete(cancel)
      try {
        await this.#end(ending)
      } catch (error) {
        if (left > 1) this.#later(ending, left - 1)
        else this.#lose(ending, error)
      }
    }
    const timer = setTimeout(() => void again(), retryEveryMs).unref()
    const cancel = (): void => clearTimeout(timer)
    this.#retries.add(cancel)
  }

  /** Its lease ends now, and another process will find it. */
  #lose({ place }: Ending, error: unknown): void {
    this.#open.delete(place.id)
    this.#failed('finish', error, place.id)
  }

  /** A lease is told on the call's own clock, which never jumps: it also says when the process was last seen. */
  #leaseEnd({ row, since }: OpenCall): number {
    return row.s + Math.round(this.#monotonic() - since) + leaseMs
  }

  async #renew(): Promise<void> {
    for (const open of this.#open.values()) {
      const { shopId, place } = open
      const now = this.#monotonic()
      // XX: a call that was finished meanwhile must not come back.
      const renewed = int(await this.#options.store.call('ZADD', recordKeys(shopId).open, 'XX', 'CH', this.#leaseEnd(open), placeText(place)))
      if (renewed === 1 || await this.#restore(open)) open.oursUntil = now + leaseMs
      // So that a call under way can be looked at from any process, and what is known of it outlives this one.
      if (!open.ending && (open.trace?.steps.length ?? 0) > open.written) await this.#note(open)
    }
  }

  #failed(operation: string, error: unknown, callId?: string): void {
    this.#options.log.error('record.failed', { operation, ...(callId === undefined ? {} : { callId }), ...errorFields(error) })
  }
}

/** The row with the trace as it stands now; without one when its day's key is gone. */
function traced(open: OpenCall): Row {
  const { key, trace, place, row } = open
  if (trace === undefined) return row
  open.written = trace.steps.length
  try {
    return { ...row, t: sealTrace(key, place.id, trace.steps) }
  } catch {
    return row
  }
}
