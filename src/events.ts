/**
 * What happened, for those who want to tell others (webhooks, metrics) without being known below.
 * Events carry roles and ids, never a person's number.
 */
export interface Events {
  'call.started': { callId: string, deliveryId: string, shopId: string, caller: string, at: number }
  'call.answered': { callId: string, deliveryId: string, shopId: string, caller: string, at: number }
  'call.ended': { callId: string, deliveryId?: string, shopId?: string, caller?: string, at: number, result: string, reason: string, outcome?: string, attempt?: number, firstReached?: boolean, ringMs: number, talkMs: number }
  /** Somebody tried in vain to reach a party, whom the shop may want to tell. Follows on `call.ended`. */
  'call.missed': { callId: string, deliveryId: string, shopId: string, caller: string, missedBy: string, outcome: string, reason: string, attempt?: number, at: number }
  /** What happened in a call that is over, for those who draw it; shops are not told. Follows on `call.ended`. `trunkId`: where it came from. */
  'call.traced': { callId: string, shopId?: string, trunkId?: string, caller?: string, callee?: string, startedAt: number, result: string, reason: string, outcome?: string, attempt?: number, steps: readonly { readonly at: number, readonly what: string, readonly detail?: string | number }[] }
  'delivery.created': { deliveryId: string, shopId: string, at: number }
  'delivery.closed': { deliveryId: string, shopId: string, at: number }
  /** A shop, one of its deliveries, a caller or a number has used most of what it may call, or all of it; once in the cap's hour or UTC day. */
  'cap.near': { shopId: string, deliveryId?: string, cap: string, used: number, limit: number, at: number }
  'cap.reached': { shopId: string, deliveryId?: string, cap: string, used: number, limit: number, at: number }
  /** A cap of the trunk by which calls leave, in this process; once in its hour or UTC day. */
  'trunk.cap': { cap: string, state: 'near' | 'reached' }
  'retention.run': { shopId: string, at: number, state: 'done' | 'failed', ms: number, classes: readonly { name: string, deleted: number, held: number, failed: number, keysDestroyed: number }[] }
  'retention.health': { shopId: string, failing: boolean }
  /** Something new was turned away before any work, because there is too much to do. */
  'overload.refused': { what: 'call' | 'request' }
  'call.unrecorded': { shopId: string }
  /** One INVITE got its final status (487 when the caller gave up); `delayMs` to the first sign of life after 100, whatever it was. */
  'sip.invite': { direction: 'in' | 'out', status: number, delayMs: number }
  /** A dialog is over; `completed` unless one side did not answer any more. */
  'sip.session': { direction: 'in' | 'out', completed: boolean }
  /** From our BYE to its answer, or to the end of our patience. */
  'sip.bye': { ms: number, answered: boolean }
  /** `route` is the pattern, never what was asked for; `none` where nothing matched. */
  'http.answered': { requestId: string, method: string, route: string, status: number, ms: number, code?: string }
  /** What became of spans of traces: taken by the collector, not taken, or no room for them. */
  'traces.spans': { outcome: 'sent' | 'failed' | 'dropped', count: number }
}

type Listener<K extends keyof Events> = (event: Events[K]) => void

export interface EventBus {
  on<K extends keyof Events>(name: K, listener: Listener<K>): () => void
  emit<K extends keyof Events>(name: K, event: Events[K]): void
}

/** A bus within the process. A listener that throws is the listener's own concern: `onError` hears of it. */
export function createEvents(onError: (error: unknown) => void): EventBus {
  const listeners = new Map<keyof Events, Set<Listener<never>>>()
  return {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set)
      set.add(listener)
      return () => set.delete(listener)
    },
    emit(name, event) {
      for (const listener of listeners.get(name) ?? []) {
        try {
          (listener as (event: unknown) => void)(event)
        } catch (error) {
          onError(error)
        }
      }
    }
  }
}
