import { MaskError } from '../errors.js'
import type { DataKey, KeyRing, KeyScope } from '../store/keyring/types.js'
import { int, list, text, type Reply } from '../store/reply.js'
import { slotOf } from './slot.js'

/**
 * People are found again by tags: HMACs under a key of their pool that lives for one epoch and as long after it as
 * something under it is held. So a phone has a tag in each epoch that still holds something. The pool's own data
 * say which epochs these are, and which key they were made with; a script takes no tags but those (lua/includes/tags.lua).
 * An epoch is a week from Thursday 00:00 UTC, for that is how whole weeks since 1970 fall.
 */
export const epochMs = 7 * 86_400_000

/** The key of an epoch must outlive it, whatever the clocks of those who destroy keys say. */
const slackMs = 3_600_000
/** From when on the next epoch's key is made and remembered, so that the turn needs no key store. */
const aheadMs = 12 * 3_600_000

/** `20261121`: the UTC day of a Unix time in ms, as periods of keys are written. */
export function utcDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10).replaceAll('-', '')
}

/** Makes the tags of one pool in all its epochs; each method gives those of one thing, one after the other. */
export class PoolTags {
  /** @param epochs as scripts name them @param keys of those that have one, that of the present epoch first */
  constructor(readonly epochs: string, private readonly keys: readonly DataKey[]) {}

  /** Of a phone, also of what a caller dialled or claims to be. */
  phone(phone: string): string {
    return this.each((key) => key.tag('phone', phone))
  }

  number(number: string): string {
    return this.each((key) => key.tag('number', number))
  }

  /** Slots of a shop's reference. */
  reference(shopId: string, reference: string): string {
    return this.each((key) => slotOf(key.tag('reference', shopId, reference)))
  }

  /** Slots of an access code; the number it is for is added by the script. */
  code(code: string): string {
    return this.each((key) => slotOf(key.tag('code', code)))
  }

  private each(make: (key: DataKey) => string): string {
    return this.keys.length === 1 ? make(this.keys[0]!) : this.keys.map(make).join('')
  }
}

/** What a process was last told about a pool. */
interface Told {
  /** The store's time less our ticks, in ms. */
  readonly offset: number
  /** Epochs that hold something. */
  readonly epochs: readonly number[]
}

export interface TagsOptions {
  readonly keys: KeyRing
  /** Milliseconds that only go forward. */
  readonly ticks: () => number
  /** Asks the store for the time and the epochs of a pool. @returns as lua/epochs.lua */
  readonly ask: (pool: string) => Promise<Reply>
}

/**
 * The tags of all pools. No clock of this machine is asked: the time is the store's when it last answered, and what
 * went by since. A wrong guess does no harm, because the script that gets the tags refuses those of other epochs.
 */
export class Tags {
  private readonly told = new Map<string, Told>()
  private readonly checks = new WeakMap<DataKey, string>()
  /** What was destroyed is never made again, so nobody has to ask twice. */
  private readonly gone = new Set<string>()

  constructor(private readonly options: TagsOptions) {}

  /** The store's time (Unix ms). @param asked whether to ask it anyway. @throws store_unavailable */
  async time(pool: string, asked = false): Promise<number> {
    if (asked || !this.told.has(pool)) this.learn(pool, await this.options.ask(pool))
    return this.now(pool)
  }

  /**
   * Does something at the store's time; once more when the key of that time was destroyed: it may be over by now.
   * @throws store_unavailable, key_destroyed
   */
  async at<T>(pool: string, work: (now: number) => Promise<T>): Promise<T> {
    try {
      return await work(await this.time(pool))
    } catch (error) {
      if (!isDestroyed(error)) throw error
      return await work(await this.time(pool, true))
    }
  }

  /** @param reply as lua/epochs.lua */
  learn(pool: string, reply: Reply): void {
    const [, now, ...epochs] = list(reply)
    this.told.set(pool, { offset: int(now) - this.options.ticks(), epochs: epochs.map((epoch) => Number.parseInt(text(epoch), 10)) })
  }

  /**
   * Tags for what is looked up, and for what is written now. @param neededUntil until when what is written holds (Unix ms)
   * @throws store_unavailable; key_destroyed when it was that of the present epoch
   */
  async of(pool: string, neededUntil = 0): Promise<PoolTags> {
    const [present, key] = await this.at(pool, (now) => this.present(pool, Math.floor(now / epochMs), neededUntil))
    const older = this.told.get(pool)!.epochs.filter((epoch) => epoch !== present)
    if (older.length === 0) return new PoolTags(this.named(present, key), [key])
    const keys = await Promise.all(older.map((epoch) => this.older(pool, epoch)))
    const alive = keys.flatMap((one, at) => one === undefined ? [] : [[older[at]!, one] as const])
    const gone = older.filter((_, at) => keys[at] === undefined)
    const names = [this.named(present, key), ...alive.map(([epoch, one]) => this.named(epoch, one)), ...gone.map((epoch) => `${epoch}:gone`)]
    return new PoolTags(names.join(' '), [key, ...alive.map(([, one]) => one)])
  }

  /** What was written under these epochs is held longer than was thought. */
  async extend(pool: string, [first, last]: readonly [number, number], neededUntil: number): Promise<void> {
    for (let epoch = first; epoch <= last; epoch++) await this.older(pool, epoch, neededUntil)
  }

  /** Keeps in mind what calls will need, so that they need no key store. Never rejects. */
  async warm(pool: string): Promise<void> {
    try {
      await this.of(pool)
      await this.present(pool, Math.floor((this.now(pool) + aheadMs) / epochMs), 0)
    } catch {
      // Whoever needs a key says that it is missing.
    }
  }

  private now(pool: string): number {
    return this.told.get(pool)!.offset + this.options.ticks()
  }

  /** Anything may yet be written in this epoch until it ends. */
  private async present(pool: string, epoch: number, neededUntil: number): Promise<[number, DataKey]> {
    return [epoch, await this.options.keys.use(scope(pool, epoch), Math.max((epoch + 1) * epochMs, neededUntil) + slackMs)]
  }

  /** @returns undefined when the key was destroyed: nothing is found by it any more, for anybody */
  private async older(pool: string, epoch: number, neededUntil = 0): Promise<DataKey | undefined> {
    const name = `${pool} ${epoch}`
    if (this.gone.has(name)) return undefined
    try {
      return await this.options.keys.use(scope(pool, epoch), neededUntil === 0 ? 0 : neededUntil + slackMs)
    } catch (error) {
      if (!isDestroyed(error)) throw error
      this.gone.add(name)
      return undefined
    }
  }

  /** An epoch with a proof of its key: whoever has another key for it must not take part. */
  private named(epoch: number, key: DataKey): string {
    let check = this.checks.get(key)
    if (check === undefined) this.checks.set(key, check = key.tag('check'))
    return `${epoch}:${check}`
  }
}

export function isDestroyed(error: unknown): boolean {
  return error instanceof MaskError && error.code === 'key_destroyed'
}

/** Whose key an epoch's is. Every call asks for the same few. */
function scope(pool: string, epoch: number): KeyScope {
  let period = firstDays.get(epoch)
  if (period === undefined) firstDays.set(epoch, period = utcDay(epoch * epochMs))
  return { purpose: 'tag', owner: pool, period }
}

const firstDays = new Map<number, string>()
