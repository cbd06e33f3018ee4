import type { EventBus, Events } from '../../events.js'
import { newId } from '../../ids.js'
import type { RetainedData } from '../../record/retention/types.js'
import type { PersonData } from '../../record/rights/types.js'
import type { KeyRing } from '../../store/keyring/types.js'
import type { Store } from '../../store/redis.js'
import { errorFields, type Log } from '../../telemetry/log.js'
import { addressRules } from './address.js'
import { createGate, type Gate } from './gate.js'
import { laneOf, WebhookQueue } from './queue.js'
import { Sender } from './sender.js'
import { WebhookTargets } from './targets.js'
import type { EventName, Sent, Waiting, WebhookTarget } from './types.js'

/** Seconds until the next try, after each; the last one is repeated until the class's period is over. */
const pauses = [5, 30, 120, 600, 1800, 3600, 7200, 14_400]
const lookEveryMs = 500
/** Lanes of one shop that this process serves at the same time. */
const lanesAtOnce = 8
/** Events that may wait in this process for the store; a call never waits for them. */
const mostPending = 1000
/** A try that goes on is not dropped at the last moment. */
const lastTryMs = 60_000

export interface WebhooksOptions {
  readonly store: Store
  readonly ring: KeyRing
  readonly events: EventBus
  readonly shops: () => readonly string[]
  /** Whole seconds that an event may be tried; null: nothing is kept, so nothing is sent. */
  readonly periodOf: (shopId: string) => Promise<number | null>
  /** Networks that may be called although they are private, in CIDR form. */
  readonly allowPrivate: readonly string[]
  readonly log: Log
  readonly clock?: () => number
}

/** Counts since the start, for the metrics. */
export type WebhookCounts = Record<'sent' | 'retried' | 'dead' | 'lost' | 'gate_failed', number>

/** What happened, told to shops' systems: in order per delivery, at least once, until somebody takes it or its time is over. */
export interface Webhooks {
  readonly targets: WebhookTargets
  readonly queue: WebhookQueue
  readonly gate: Gate
  readonly counts: WebhookCounts
  /** One signed try with an event that nobody keeps. */
  test(shopId: string, target: WebhookTarget): Promise<Sent>
  /** What waits here and in the store, by shop. */
  waiting(): Promise<number>
  retained: RetainedData
  /** For the rights of persons. */
  personData: PersonData
  close(): Promise<void>
}

/** Starts to listen and to send. */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  return new Engine(options)
}

class Engine implements Webhooks {
  readonly counts: WebhookCounts = { sent: 0, retried: 0, dead: 0, lost: 0, gate_failed: 0 }
  readonly targets: WebhookTargets
  readonly queue: WebhookQueue
  readonly gate: Gate
  readonly #options: WebhooksOptions
  readonly #clock: () => number
  readonly #sender: Sender
  readonly #timer: NodeJS.Timeout
  readonly #stops: (() => void)[]
  readonly #busy = new Map<string, number>()
  /** The end of each delivery's events on their way to the store: one is put there after the other. */
  readonly #lanes = new Map<string, Promise<void>>()
  readonly #flights = new Set<Promise<void>>()
  #pending = 0
  #looking: Promise<void> | undefined
  #closed = false

  constructor(options: WebhooksOptions) {
    const { store, ring, events, log, clock = Date.now } = this.#options = options
    this.#clock = clock
    this.targets = new WebhookTargets({ store, ring, clock })
    this.queue = new WebhookQueue({ store, ring, ...(options.clock === undefined ? {} : { clock }) })
    this.#sender = new Sender(addressRules(options.allowPrivate))
    this.gate = createGate(this.targets, this.#sender, clock, ({ shopId, callId }) => {
      this.counts.gate_failed++
      log.warn('webhook.gate_failed', { shopId, callId })
    })
    const told: readonly (keyof Events & EventName)[] = ['delivery.created', 'delivery.closed', 'call.started', 'call.answered', 'call.ended', 'call.missed', 'cap.near', 'cap.reached']
    this.#stops = told.map((name) => events.on(name, (event) => {
      // Shops share numbers: what others call is no shop's business.
      if (!('cap' in event && event.cap.startsWith('number_'))) this.#take(name, event)
    }))
    this.#timer = setInterval(() => void this.#look(), lookEveryMs).unref()
  }

  async test(shopId: string, target: WebhookTarget): Promise<Sent> {
    const at = this.#clock()
    const body = JSON.stringify({ type: 'webhook.test' satisfies EventName, timestamp: new Date(at).toISOString(), data: { shopId } })
    return this.#sender.send(target.url, { id: `msg_${newId()}`, body, secrets: this.targets.secretsOf(target), at })
  }

  async waiting(): Promise<number> {
    const counts = await Promise.all(this.#options.shops().map((shopId) => this.queue.count(shopId).catch(() => 0)))
    return counts.reduce((sum, count) => sum + count, this.#pending)
  }

  readonly retained: RetainedData = {
    name: 'webhook',
    of: 'shops',
    due: ({ shopId, before }) => this.queue.count(shopId, before),
    // A hold keeps records; what is only told on its way to the shop, which has it already, is not held.
    delete: async ({ shopId, before, next }) => {
      let deleted = 0
      for (let batch = await this.#old(shopId, before, next); batch.length > 0; batch = await this.#old(shopId, before, next)) deleted += await this.queue.drop(shopId, batch)
      return { deleted, held: 0, failed: 0, keysDestroyed: 0 }
    },
    oldest: (shopId) => this.queue.oldest(shopId)
  }

  readonly personData: PersonData = {
    name: 'webhook',
    count: async (shopId, { deliveryIds }) => (await this.queue.ofLanes(shopId, deliveryIds)).length,
    erase: async (shopId, { deliveryIds }) => this.queue.drop(shopId, await this.queue.ofLanes(shopId, deliveryIds))
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const stop of this.#stops) stop()
    clearInterval(this.#timer)
    await this.#looking
    await Promise.allSettled(this.#flights)
    await this.#sender.close()
  }

  async #old(shopId: string, before: number, next: () => Promise<unknown>): Promise<string[]> {
    await next()
    return this.queue.olderThan(shopId, before)
  }

  #take(type: EventName, event: { readonly shopId?: string, readonly deliveryId?: string, readonly callId?: string, readonly at: number }): void {
    const { shopId, callId } = event
    const deliveryId = laneOf(event)
    // A stranger's call is no shop's business.
    if (shopId === undefined) return
    if (this.#pending >= mostPending) { this.counts.lost++; return }
    this.#pending++
    const flight = (this.#lanes.get(deliveryId) ?? Promise.resolve()).then(() => this.#put(shopId, deliveryId, type, event)).catch((error: unknown) => {
      this.counts.lost++
      this.#options.log.error('webhook.lost', { shopId, deliveryId, ...(callId === undefined ? {} : { callId }), ...errorFields(error) })
    }).finally(() => {
      this.#pending--
      this.#flights.delete(flight)
      if (this.#lanes.get(deliveryId) === flight) this.#lanes.delete(deliveryId)
    })
    this.#flights.add(flight)
    this.#lanes.set(deliveryId, flight)
  }

  async #put(shopId: string, lane: string, type: EventName, event: { readonly at: number }): Promise<void> {
    const target = await this.targets.of(shopId)
    if (!target?.events.includes(type)) return
    const { at, ...data } = event
    const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data })
    if (!await this.queue.push(shopId, { id: `msg_${newId()}`, lane, body, at })) {
      this.counts.lost++
      this.#options.log.warn('webhook.queue_full', { shopId })
    }
    void this.#serve(shopId)
  }

  /** Looks at every shop; one look at a time. */
  #look(): Promise<void> {
    return this.#looking ??= Promise.all(this.#options.shops().map((shopId) => this.#serve(shopId))).then(() => undefined).finally(() => { this.#looking = undefined })
  }

  async #serve(shopId: string): Promise<void> {
    const free = lanesAtOnce - (this.#busy.get(shopId) ?? 0)
    if (free <= 0 || this.#closed) return
    const target = await this.targets.of(shopId)
    if (target === undefined) return
    this.#busy.set(shopId, (this.#busy.get(shopId) ?? 0) + free)
    const claimed = await this.queue.claim(shopId, free).catch(() => [])
    this.#busy.set(shopId, this.#busy.get(shopId)! - free + claimed.length)
    for (const waiting of claimed) {
      const flight = this.#deliver(waiting, target).catch((error: unknown) => this.#options.log.warn('webhook.unsettled', { shopId, ...errorFields(error) })).finally(() => {
        this.#busy.set(shopId, this.#busy.get(shopId)! - 1)
        this.#flights.delete(flight)
      })
      this.#flights.add(flight)
    }
  }

  /** One try, and what follows from it; the lane's next event leaves at once after a success. */
  async #deliver(waiting: Waiting, target: WebhookTarget): Promise<void> {
    const { id, shopId, body, tries } = waiting
    const sent = await this.#sender.send(target.url, { id, body, secrets: this.targets.secretsOf(target), at: this.#clock() })
    if (sent.ok) {
      if (await this.queue.settle(waiting, 'sent', 0)) this.counts.sent++
      void this.#serve(shopId)
      return
    }
    const pauseMs = 1000 * pauses[Math.min(tries, pauses.length - 1)]! * (0.8 + 0.4 * Math.random())
    const { timestamp, data: { callId } } = JSON.parse(body) as { timestamp: string, data: { callId?: string } }
    const endsAt = Date.parse(timestamp) + 1000 * (await this.#options.periodOf(shopId) ?? 0)
    const over = sent.reason === 'gone' || this.#clock() + Math.min(pauseMs, lastTryMs) > endsAt
    // Counted once it lies where it can be seen: nobody reads of a dead event that is not in the list yet.
    if (!await this.queue.settle(waiting, over ? 'dead' : 'again', over ? 0 : pauseMs, sent)) return
    this.counts[over ? 'dead' : 'retried']++
    this.#options.log.warn(over ? 'webhook.dead' : 'webhook.failed', { shopId, ...(callId === undefined ? {} : { callId }), reason: sent.reason, ...(sent.status === undefined ? {} : { status: sent.status }), count: tries + 1 })
  }
}
