import type { KeyRing, KeyScope } from '../../store/keyring/types.js'
import { keyName } from '../../store/keys.js'
import type { Store } from '../../store/redis.js'
import { bytes, int, list, text } from '../../store/reply.js'
import { loadScript } from '../../store/scripts.js'
import type { DeadEvent, EventName, Waiting } from './types.js'

const script = (name: string): ReturnType<typeof loadScript> => loadScript(new URL(`../../../src/http/webhooks/lua/${name}.lua`, import.meta.url))
const scripts = { push: script('push'), claim: script('claim'), settle: script('settle'), drop: script('drop') }

/** Events that one shop may have waiting: about a hundred MB at most. */
const mostWaiting = 100_000
/** A process that died while it sent keeps a lane from others for so long. */
const leaseMs = 30_000
const dayMs = 86_400_000
/** The longest period of the class, with a day to spare. */
const longestMs = 4 * dayMs

/** The kinds of a shop's keys; all on one slot. */
type Kind = 'events' | 'ages' | 'due' | 'tries' | 'dead'
const kinds: Readonly<Record<Kind, string>> = { events: 'whe', ages: 'wha', due: 'whd', tries: 'wht', dead: 'whx' }
const key = (shopId: string, kind: Kind): string => keyName(kinds[kind], `shop.${shopId}`)
/** In which order something is told: after what was told of the same delivery, or of the shop as a whole. */
export const laneOf = ({ deliveryId = 'shop' }: { readonly deliveryId?: string }): string => deliveryId
const laneKey = (shopId: string, lane: string): string => keyName('whl', `shop.${shopId}`, lane)

export interface QueueOptions {
  readonly store: Store
  readonly ring: KeyRing
  readonly clock: () => number
}

/** Events that wait for a shop's system, in Redis, sealed under the key of their day. Rejects with MaskError only. */
export class WebhookQueue {
  constructor(private readonly options: QueueOptions) {}

  /** @param lane the delivery @returns false when too many wait already */
  async push(shopId: string, event: { readonly id: string, readonly lane: string, readonly body: string, readonly at: number }): Promise<boolean> {
    const { store, ring } = this.options
    const { id, lane, body, at } = event
    const sealed = (await ring.use(scopeOf(shopId, at), at + longestMs)).seal(body, id)
    return int(await store.run(scripts.push, [key(shopId, 'events'), key(shopId, 'ages'), key(shopId, 'due'), laneKey(shopId, lane)], [id, lane, sealed, at, mostWaiting])) === 1
  }

  /** Takes heads of lanes whose time has come; they are this process's until settled, or until a lease ends. */
  async claim(shopId: string, most: number): Promise<Waiting[]> {
    const { store, ring, clock } = this.options
    const now = clock()
    const reply = list(await store.run(scripts.claim, [key(shopId, 'events'), key(shopId, 'due'), key(shopId, 'tries')], [now, now + leaseMs, most, laneKey(shopId, '')]))
    const claimed: Waiting[] = []
    for (let at = 0; at < reply.length; at += 4) {
      const [lane, id, sealed, tries] = [text(reply[at]), text(reply[at + 1]), bytes(reply[at + 2]), int(reply[at + 3])]
      const body = await ring.open(sealed, { purpose: 'webhook', owner: shopId }, id).catch(() => undefined)
      if (body === undefined) await this.drop(shopId, [`${id}|${lane}`])
      else claimed.push({ id, shopId, lane, body: body.toString('utf8'), tries })
    }
    return claimed
  }

  async settle({ id, shopId, lane }: Waiting, outcome: 'sent' | 'again' | 'dead', next: number): Promise<void> {
    const keys = [key(shopId, 'events'), key(shopId, 'ages'), key(shopId, 'due'), laneKey(shopId, lane), key(shopId, 'tries'), key(shopId, 'dead')]
    await this.options.store.run(scripts.settle, keys, [id, lane, outcome, next, this.options.clock()])
  }

  /** Events that nobody took, newest first. */
  async dead(shopId: string, limit: number): Promise<DeadEvent[]> {
    const { store } = this.options
    const flat = list(await store.call('ZREVRANGE', key(shopId, 'dead'), 0, limit - 1, 'WITHSCORES')).map(text)
    const found: DeadEvent[] = []
    for (let at = 0; at < flat.length; at += 2) {
      const [id, diedAt] = [flat[at]!, Number(flat[at + 1])]
      const event = await this.#read(shopId, id)
      if (event !== undefined) found.push({ id, diedAt, tries: Number(await store.hget(key(shopId, 'tries'), id) ?? 0), ...event })
    }
    return found
  }

  /** Puts a dead event at the end of its lane, to be tried anew. @returns whether it was there */
  async revive(shopId: string, id: string): Promise<boolean> {
    const { store, ring, clock } = this.options
    if (await store.zrem(key(shopId, 'dead'), id) === 0) return false
    const sealed = await store.hget(key(shopId, 'events'), id)
    const body = sealed && await ring.open(sealed, { purpose: 'webhook', owner: shopId }, id)
    if (!body) return false
    const { data } = JSON.parse(body.toString('utf8')) as { data: { deliveryId?: string } }
    const lane = laneOf(data)
    await this.drop(shopId, [`${id}|${lane}`])
    return this.push(shopId, { id, lane, body: body.toString('utf8'), at: clock() })
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
    return int(await this.options.store.run(scripts.drop, [key(shopId, 'events'), key(shopId, 'ages'), key(shopId, 'tries'), key(shopId, 'dead')], [laneKey(shopId, ''), ...members]))
  }

  async #read(shopId: string, id: string): Promise<Pick<DeadEvent, 'type' | 'deliveryId' | 'happenedAt'> | undefined> {
    const { store, ring } = this.options
    const sealed = await store.hget(key(shopId, 'events'), id)
    const body = sealed && await ring.open(sealed, { purpose: 'webhook', owner: shopId }, id).catch(() => undefined)
    if (!body) return undefined
    const { type, timestamp, data } = JSON.parse(body.toString('utf8')) as { type: EventName, timestamp: string, data: { deliveryId?: string } }
    return { type, deliveryId: data.deliveryId ?? '', happenedAt: Date.parse(timestamp) }
  }
}

function scopeOf(shopId: string, at: number): KeyScope {
  return { purpose: 'webhook', owner: shopId, period: new Date(at).toISOString().slice(0, 10).replaceAll('-', '') }
}
