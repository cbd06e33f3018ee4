import type { KeyRing, KeyScope } from '../../store/keyring/types.js'
import { keyName } from '../../store/keys.js'
import type { Store } from '../../store/redis.js'
import { bytes, int, list, text, type Reply } from '../../store/reply.js'
import { loadScript } from '../../store/scripts.js'
import type { DeadEvent, EventName, Failure, QueueState, Waiting } from './types.js'

const script = (name: string): ReturnType<typeof loadScript> => loadScript(new URL(`../../../src/http/webhooks/lua/${name}.lua`, import.meta.url))
const scripts = { push: script('push'), claim: script('claim'), settle: script('settle'), revive: script('revive'), drop: script('drop'), state: script('state') }

/** Events that one shop may have waiting: about a hundred MB at most. */
const mostWaiting = 100_000
/** A process that died while it sent keeps a lane from others for so long. */
const leaseMs = 30_000
const dayMs = 86_400_000
/** The longest period of the class, with a day to spare. */
const longestMs = 4 * dayMs

/** The kinds of a shop's keys; all on one slot. */
type Kind = 'events' | 'ages' | 'due' | 'tries' | 'failures' | 'dead'
const kinds: Readonly<Record<Kind, string>> = { events: 'whe', ages: 'wha', due: 'whd', tries: 'wht', failures: 'whf', dead: 'whx' }
const key = (shopId: string, kind: Kind): string => keyName(kinds[kind], `shop.${shopId}`)
/** In which order something is told: after what was told of the same delivery, or of the shop as a whole. */
export const laneOf = ({ deliveryId = 'shop' }: { readonly deliveryId?: string }): string => deliveryId
const laneKey = (shopId: string, lane: string): string => keyName('whl', `shop.${shopId}`, lane)
/** What changes when an event comes to the end of its lane or leaves it. */
const keysOf = (shopId: string, lane: string): string[] => [key(shopId, 'events'), key(shopId, 'ages'), key(shopId, 'due'), laneKey(shopId, lane), key(shopId, 'tries'), key(shopId, 'dead'), key(shopId, 'failures')]

export interface QueueOptions {
  readonly store: Store
  readonly ring: KeyRing
  /** When lanes are looked at next goes by the store's own time, which all processes share, unless a test gives one (Unix ms). */
  readonly clock?: () => number
}

/** Events that wait for a shop's system, in Redis, sealed under the key of their day. Rejects with MaskError only. */
export class WebhookQueue {
  constructor(private readonly options: QueueOptions) {}

  /** As includes/clock.lua takes it. */
  #now(): number | '' {
    return this.options.clock?.() ?? ''
  }

  /** @param lane the delivery @returns false when too many wait already */
  async push(shopId: string, event: { readonly id: string, readonly lane: string, readonly body: string, readonly at: number }): Promise<boolean> {
    const { id, lane, body, at } = event
    const sealed = await this.#seal(shopId, id, body, at)
    return int(await this.options.store.run(scripts.push, keysOf(shopId, lane).slice(0, 4), [id, lane, sealed, at, mostWaiting, this.#now()])) === 1
  }

  /** Takes heads of lanes whose time has come; they are this process's until settled, or until a lease ends. */
  async claim(shopId: string, most: number): Promise<Waiting[]> {
    const reply = list(await this.options.store.run(scripts.claim, [key(shopId, 'events'), key(shopId, 'due'), key(shopId, 'tries')], [this.#now(), leaseMs, most, laneKey(shopId, '')]))
    const claimed: Waiting[] = []
    for (let at = 0; at < reply.length; at += 4) {
      const [lane, id, sealed, tries] = [text(reply[at]), text(reply[at + 1]), bytes(reply[at + 2]), int(reply[at + 3])]
      const body = await this.#open(shopId, id, sealed)
      if (body === undefined) await this.drop(shopId, [`${id}|${lane}`])
      else claimed.push({ id, shopId, lane, body, tries })
    }
    return claimed
  }

  /**
   * Says how a try with a claimed event ended, and what follows from it.
   * @param pauseMs in how many ms its lane is looked at next @returns false when another process was faster
   */
  async settle({ id, shopId, lane }: Waiting, outcome: 'sent' | 'again' | 'dead', pauseMs: number, failure?: Failure): Promise<boolean> {
    return int(await this.options.store.run(scripts.settle, keysOf(shopId, lane), [id, lane, outcome, Math.round(pauseMs), this.#now(), failureText(failure)])) === 1
  }

  async state(shopId: string): Promise<QueueState> {
    const reply = await this.options.store.run(scripts.state, [key(shopId, 'ages'), key(shopId, 'tries'), key(shopId, 'dead'), key(shopId, 'due')], [this.#now()])
    const [waiting, retrying, dead, next] = list(reply)
    const nextTryAt = text(next)
    return { waiting: int(waiting), retrying: int(retrying), dead: int(dead), ...(nextTryAt === '' ? {} : { nextTryAt: Number(nextTryAt) }) }
  }

  /** Events that nobody took, newest first. */
  async dead(shopId: string, limit: number): Promise<DeadEvent[]> {
    const { store } = this.options
    const flat = list(await store.call('ZREVRANGE', key(shopId, 'dead'), 0, limit - 1, 'WITHSCORES')).map(text)
    const ids = flat.filter((_text, index) => index % 2 === 0)
    if (ids.length === 0) return []
    const [sealed, tries, failures] = await Promise.all((['events', 'tries', 'failures'] as const).map(async (kind) => list(await store.call('HMGET', key(shopId, kind), ...ids))))
    const found = await Promise.all(ids.map(async (id, index): Promise<DeadEvent | undefined> => {
      const body = await this.#open(shopId, id, sealed![index])
      const failure = failureOf(failures![index])
      return body === undefined ? undefined : { id, ...tellOf(body), diedAt: Number(flat[2 * index + 1]), tries: int(tries![index] ?? 0), ...(failure === undefined ? {} : { failure }) }
    }))
    return found.filter((event) => event !== undefined)
  }

  /** Puts a dead event at the end of its lane, to be tried anew. @returns whether it was there */
  async revive(shopId: string, id: string): Promise<boolean> {
    const event = await this.#deadOne(shopId, id)
    if (event === undefined) return false
    const { clock = Date.now } = this.options
    const happened = clock()
    const sealed = await this.#seal(shopId, id, event.body, happened)
    return int(await this.options.store.run(scripts.revive, keysOf(shopId, event.lane), [id, event.lane, sealed, happened, this.#now()])) === 1
  }

  /** The same for those that died first, so that events of one delivery stay in order. @param most how many at once @returns how many there were */
  async reviveOldest(shopId: string, most: number): Promise<number> {
    const ids = list(await this.options.store.call('ZRANGE', key(shopId, 'dead'), 0, most - 1)).map(text)
    let revived = 0
    for (const id of ids) if (await this.revive(shopId, id)) revived++
    return revived
  }

  /** Forgets a dead event. @returns whether it was there */
  async discard(shopId: string, id: string): Promise<boolean> {
    const event = await this.#deadOne(shopId, id)
    return event !== undefined && await this.drop(shopId, [`${id}|${event.lane}`]) > 0
  }

  /** How many wait or are dead, and since when the oldest does (Unix ms). @param before counts only what happened earlier */
  async count(shopId: string, before?: number): Promise<number> {
    return int(await this.options.store.call('ZCOUNT', key(shopId, 'ages'), '-inf', before === undefined ? '+inf' : `(${before}`))
  }

  async oldest(shopId: string): Promise<number | undefined> {
    const [, at] = list(await this.options.store.call('ZRANGE', key(shopId, 'ages'), 0, 0, 'WITHSCORES')).map(text)
    return at === undefined ? undefined : Number(at)
  }

  /** `<event id>|<lane>` of what happened before a time, at most 200. */
  olderThan(shopId: string, before: number): Promise<string[]> {
    return this.options.store.zrange(key(shopId, 'ages'), { max: `(${before}`, limit: 200 })
  }

  /** Those of some lanes. */
  async ofLanes(shopId: string, lanes: readonly string[]): Promise<string[]> {
    const wanted = new Set(lanes)
    const found = new Set<string>()
    let cursor = '0'
    do {
      const [next, flat] = list(await this.options.store.call('ZSCAN', key(shopId, 'ages'), cursor, 'COUNT', 1000))
      cursor = text(next)
      list(flat).map(text).forEach((member, index) => { if (index % 2 === 0 && wanted.has(member.slice(member.indexOf('|') + 1))) found.add(member) })
    } while (cursor !== '0')
    return [...found]
  }

  /** @param members as `olderThan` and `ofLanes` tell them @returns how many were there */
  async drop(shopId: string, members: readonly string[]): Promise<number> {
    if (members.length === 0) return 0
    return int(await this.options.store.run(scripts.drop, [key(shopId, 'events'), key(shopId, 'ages'), key(shopId, 'tries'), key(shopId, 'dead'), key(shopId, 'failures')], [laneKey(shopId, ''), ...members]))
  }

  async #deadOne(shopId: string, id: string): Promise<{ readonly body: string, readonly lane: string } | undefined> {
    const { store } = this.options
    if (await store.call('ZSCORE', key(shopId, 'dead'), id) === null) return undefined
    const body = await this.#open(shopId, id, await store.hget(key(shopId, 'events'), id))
    return body === undefined ? undefined : { body, lane: laneOf((JSON.parse(body) as Told).data) }
  }

  async #seal(shopId: string, id: string, body: string, at: number): Promise<Buffer> {
    return (await this.options.ring.use(scopeOf(shopId, at), at + longestMs)).seal(body, id)
  }

  /** What an event says; undefined where it is gone or its key is. */
  async #open(shopId: string, id: string, sealed: Reply | undefined): Promise<string | undefined> {
    if (!Buffer.isBuffer(sealed)) return undefined
    const body = await this.options.ring.open(sealed, { purpose: 'webhook', owner: shopId }, id).catch(() => undefined)
    return body?.toString('utf8')
  }
}

/** An event as the shop is told it. */
interface Told {
  readonly type: EventName
  readonly timestamp: string
  readonly data: { readonly deliveryId?: string }
}

function tellOf(body: string): Pick<DeadEvent, 'type' | 'deliveryId' | 'happenedAt'> {
  const { type, timestamp, data: { deliveryId = '' } } = JSON.parse(body) as Told
  return { type, deliveryId, happenedAt: Date.parse(timestamp) }
}

const failureText = (failure: Failure | undefined): string => failure === undefined ? '' : `${failure.reason} ${failure.status ?? ''}`.trim()

function failureOf(stored: Reply | undefined): Failure | undefined {
  if (!Buffer.isBuffer(stored)) return undefined
  const [reason, status] = stored.toString('latin1').split(' ')
  return { reason: reason as Failure['reason'], ...(status === undefined ? {} : { status: Number(status) }) }
}

function scopeOf(shopId: string, at: number): KeyScope {
  return { purpose: 'webhook', owner: shopId, period: new Date(at).toISOString().slice(0, 10).replaceAll('-', '') }
}
