import { randomBytes } from 'node:crypto'
import { MaskError } from '../../errors.js'
import { isFresh } from '../../fresh.js'
import { errorFields, type Log } from '../../telemetry/log.js'
import type { Store } from '../redis.js'
import { fingerprintOf, liveKey, periodOf, type LiveKey } from './data-key.js'
import type { KeyJournal } from './journal.js'
import { wrapperOf, type MasterKeys, type Wrapper } from './master.js'
import { KeyMemory, type Remembered } from './memory.js'
import { redisShelf } from './redis-shelf.js'
import { rewrapAll, unwrap } from './rewrap.js'
import { mayBegin, parseScope, scopeText } from './scope.js'
import type { FreshKey, KeptKey, KeyShelf } from './shelf.js'
import { forever, type DataKey, type KeyDestroyed, type KeyInfo, type KeyRing, type KeyScope, type KeyStats } from './types.js'

export interface KeyRingOptions {
  /** A Redis of its own, apart from the data (`keys.url`). */
  readonly store: Store
  readonly masterKeys: MasterKeys
  /** Is told of what is destroyed, before it is. */
  readonly journal?: Pick<KeyJournal, 'note'>
  readonly log: Log
  readonly clock?: () => number
  /** See `rememberMs` below; shorter in tests. */
  readonly rememberMs?: number
}

/** How long a key may be used without asking the key store whether it is still there. */
const rememberMs = 60_000
const rememberedKeys = 5000
/** A key that nobody used for so long is not remembered any more. Long, so that quiet shops outlast an outage too. */
const idleMs = 86_400_000
const neededStepMs = 600_000
/** After the key store was found away, remembered keys are used without asking it again for so long. */
const awayMs = 1000

/** The keys of an installation. See KeyRing for what it promises. */
export function createKeyRing({ store, ...rest }: KeyRingOptions): KeyRing {
  return createRing(redisShelf(store), rest)
}

/** The same over any shelf. */
export function createRing(shelf: KeyShelf, options: Omit<KeyRingOptions, 'store'>): KeyRing {
  return new Ring(shelf, options)
}

interface Flight {
  readonly until: number
  readonly result: Promise<LiveKey>
}

class Ring implements KeyRing {
  readonly #shelf: KeyShelf
  readonly #journal: KeyRingOptions['journal']
  readonly #log: Log
  readonly #clock: () => number
  readonly #rememberMs: number
  readonly #current: Wrapper
  readonly #wrappers: ReadonlyMap<string, Wrapper>
  readonly #memory = new KeyMemory(rememberedKeys)
  readonly #flights = new Map<string, Flight>()
  readonly #reads = new Map<string, Promise<LiveKey | undefined>>()
  readonly #timer: NodeJS.Timeout
  #awaySince = -Infinity
  #alive: KeyStats['alive'] = {}
  #sweeping: Promise<void> | undefined

  constructor(shelf: KeyShelf, options: Omit<KeyRingOptions, 'store'>) {
    const { current, former } = options.masterKeys
    this.#shelf = shelf
    this.#journal = options.journal
    this.#log = options.log
    this.#clock = options.clock ?? Date.now
    this.#rememberMs = options.rememberMs ?? rememberMs
    this.#current = wrapperOf(current)
    this.#wrappers = new Map([this.#current, ...(former ? [wrapperOf(former)] : [])].map((wrapper) => [wrapper.id, wrapper]))
    this.#timer = setInterval(() => void this.#sweep(), this.#rememberMs / 2).unref()
  }

  async use(scope: KeyScope, neededUntil: number): Promise<DataKey> {
    const name = scopeText(scope)
    const until = Math.min(forever, Math.ceil(neededUntil / neededStepMs) * neededStepMs)
    for (;;) {
      const known = this.#memory.get(name)
      if (known !== undefined && known.neededUntil >= until && this.#isFresh(known)) return this.#memory.touch(name, known, this.#clock())
      const flight = this.#flights.get(name)
      if (flight === undefined) return this.#fly(name, scope, until)
      const key = await flight.result
      if (flight.until >= until) return key
    }
  }

  async find(scope: KeyScope): Promise<DataKey | undefined> {
    const name = scopeText(scope)
    const known = this.#memory.get(name)
    if (known !== undefined && this.#isFresh(known)) return this.#memory.touch(name, known, this.#clock())
    const reading = this.#reads.get(name) ?? this.#read(name).finally(() => this.#reads.delete(name))
    this.#reads.set(name, reading)
    return reading
  }

  async open(blob: Buffer, owner: Omit<KeyScope, 'period'>, context: string): Promise<Buffer> {
    const key = await this.find({ ...owner, period: periodOf(blob) })
    if (key === undefined) throw new MaskError('key_destroyed')
    return key.open(blob, context)
  }

  async list(of: Partial<Pick<KeyScope, 'purpose' | 'owner'>> = {}): Promise<KeyInfo[]> {
    const kept: KeptKey[] = []
    for await (const page of this.#shelf.list(of)) kept.push(...page)
    return kept.sort((a, b) => a.scope < b.scope ? -1 : 1).map(infoOf)
  }

  async destroy(scopes: readonly KeyScope[]): Promise<KeyDestroyed[]> {
    const names = scopes.map(scopeText)
    const now = this.#clock()
    await this.#journal?.note(names, now)
    const gone = await this.#shelf.destroy(names, now)
    // What was asked for before may arrive after.
    await Promise.allSettled(names.flatMap((name): Promise<unknown>[] => [this.#flights.get(name)?.result ?? Promise.resolve(), this.#reads.get(name) ?? Promise.resolve()]))
    for (const name of names) this.#memory.wipe(name)
    const filesRewritten = gone.length === 0 || await this.#shelf.purge({ also: names, always: true, now })
    const proofs = gone.map(({ scope, ...rest }) => ({ scope: parseScope(scope), ...rest, filesRewritten }))
    for (const { scope } of proofs) this.#tell('keys.destroyed', scope)
    if (!filesRewritten) this.#log.warn('keys.files_not_rewritten', { count: gone.length, reason: 'refused' })
    return proofs
  }

  async rewrap(): Promise<number> {
    const count = await rewrapAll({ shelf: this.#shelf, current: this.#current, wrappers: this.#wrappers, log: this.#log })
    this.#alive = await this.#shelf.count()
    return count
  }

  stats(): KeyStats {
    return { alive: this.#alive, remembered: this.#memory.size }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#sweeping
    this.#memory.wipeAll()
  }

  /** Fetches a key once for all who wait for it. */
  #fly(name: string, scope: KeyScope, until: number): Promise<LiveKey> {
    const result = this.#orRemembered(name, until, () => this.#fetch(name, scope, until)).finally(() => this.#flights.delete(name))
    this.#flights.set(name, { until, result })
    return result
  }

  async #fetch(name: string, scope: KeyScope, neededUntil: number): Promise<LiveKey> {
    const now = this.#clock()
    const kept = await this.#shelf.use(name, this.#fresh(name), { now, neededUntil, begins: mayBegin(scope, now) })
    if (kept === undefined) throw this.#forget(name)
    if (kept.made) this.#tell('keys.made', scope)
    return this.#remember(name, kept.key)
  }

  async #read(name: string): Promise<LiveKey | undefined> {
    const wanted = this.#memory.get(name)?.neededUntil ?? 0
    return this.#orRemembered(name, wanted, async () => {
      const [kept] = await this.#shelf.read([name])
      if (kept !== undefined) return this.#remember(name, kept)
      this.#forget(name)
      return undefined
    })
  }

  /** While the key store is away, what is remembered of a key goes on working as long as something under it may be needed. */
  async #orRemembered<T>(name: string, until: number, ask: () => Promise<T>): Promise<T | LiveKey> {
    const now = this.#clock()
    const known = this.#memory.get(name)
    const usable = known !== undefined && known.neededUntil > now ? known : undefined
    if (usable !== undefined && now >= this.#awaySince && now - this.#awaySince < awayMs) return this.#makeDo(name, usable, until)
    try {
      return await ask()
    } catch (error) {
      if (!isAway(error)) throw error
      this.#awaySince = now
      // It may have been destroyed here in the meantime.
      if (usable === undefined || this.#memory.get(name) !== usable) throw error
      return this.#makeDo(name, usable, until)
    }
  }

  #makeDo(name: string, known: Remembered, until: number): LiveKey {
    known.wantedUntil = Math.max(known.wantedUntil, until)
    return this.#memory.touch(name, known, this.#clock())
  }

  #fresh(name: string): FreshKey {
    const secret = randomBytes(32)
    const wrapped = new Map([...this.#wrappers.values()].map((wrapper) => [wrapper.id, wrapper.wrap(secret, name)]))
    const fingerprint = fingerprintOf(secret)
    secret.fill(0)
    return { fingerprint, wrapped }
  }

  #remember(name: string, kept: KeptKey): LiveKey {
    const now = this.#clock()
    const { neededUntil } = kept
    const known = this.#memory.get(name)
    if (known?.key.fingerprint === kept.fingerprint) {
      Object.assign(known, { checkedAt: now, neededUntil })
      return this.#memory.touch(name, known, now)
    }
    const key = liveKey(parseScope(name), unwrap(kept, this.#wrappers))
    this.#memory.set(name, { key, checkedAt: now, usedAt: now, neededUntil, wantedUntil: neededUntil })
    return key
  }

  /** Compares what is remembered with the key store; tells it and finishes what could not be done before. Never rejects. */
  async #sweep(): Promise<void> {
    this.#sweeping ??= this.#compare().catch((error: unknown) => {
      if (isAway(error)) this.#awaySince = this.#clock()
      this.#log.warn('keys.sweep_failed', errorFields(error))
    }).finally(() => { this.#sweeping = undefined })
    await this.#sweeping
  }

  async #compare(): Promise<void> {
    const now = this.#clock()
    for (const [name, { neededUntil, wantedUntil, usedAt }] of this.#memory.entries()) {
      if (wantedUntil > neededUntil) await this.#fetch(name, parseScope(name), wantedUntil).catch(unlessGone)
      else if (now - usedAt > idleMs || neededUntil < now) this.#memory.drop(name)
    }
    const names = this.#memory.entries().map(([name]) => name)
    const kept = await this.#shelf.read(names)
    names.forEach((name, at) => this.#confirm(name, kept[at], now))
    await this.#shelf.purge({ now })
    this.#alive = await this.#shelf.count()
  }

  #confirm(name: string, kept: KeptKey | undefined, now: number): void {
    const known = this.#memory.get(name)
    if (kept === undefined || kept.fingerprint !== known?.key.fingerprint) this.#memory.wipe(name)
    else Object.assign(known, { checkedAt: now, neededUntil: kept.neededUntil })
  }

  #forget(name: string): MaskError {
    this.#memory.wipe(name)
    return new MaskError('key_destroyed')
  }

  #isFresh({ checkedAt }: Remembered): boolean {
    return isFresh(checkedAt, this.#clock(), this.#rememberMs)
  }

  #tell(event: string, { purpose, owner, period }: KeyScope): void {
    const of = purpose === 'tag' ? { poolId: owner } : { shopId: owner }
    this.#log.info(event, { purpose, ...of, day: period === '0' ? 'none' : period.replace(/(....)(..)(..)/, '$1-$2-$3') })
  }
}

function infoOf({ scope, createdAt, neededUntil, wrapped }: KeptKey): KeyInfo {
  return { scope: parseScope(scope), createdAt, neededUntil, masters: [...wrapped.keys()].sort() }
}

/** The key store does not answer, or cannot write: what is remembered must do. */
function isAway(error: unknown): boolean {
  return error instanceof MaskError && (error.code === 'store_unavailable' || error.code === 'store_full')
}

function unlessGone(error: unknown): void {
  if (!(error instanceof MaskError && error.code === 'key_destroyed')) throw error
}
