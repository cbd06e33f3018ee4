/** What a shop's system can be told. */
export const eventNames = ['delivery.created', 'delivery.closed', 'call.started', 'call.answered', 'call.ended', 'call.missed', 'cap.near', 'cap.reached', 'webhook.test'] as const
export type EventName = typeof eventNames[number]

/** Who is asked before two people are connected. */
export interface GateTarget {
  readonly url: string
  /** 100 to 2000. */
  readonly timeoutMs: number
  /** What happens when there is no answer that can be used. */
  readonly onFailure: 'allow' | 'deny'
}

/** Where a shop's events go. */
export interface WebhookTarget {
  readonly url: string
  readonly events: readonly EventName[]
  readonly gate: GateTarget | null
  /** Newest first; the second is one that was replaced and still signs until `formerUntil` (Unix ms). */
  readonly secrets: readonly string[]
  readonly formerUntil?: number
}

/** An event as it waits. `lane` is the delivery: events of one lane leave one after the other. */
export interface Waiting {
  readonly id: string
  readonly shopId: string
  readonly lane: string
  readonly body: string
  /** Tries so far. */
  readonly tries: number
}

/** An event that nobody took in time. */
export interface DeadEvent {
  readonly id: string
  readonly type: EventName
  readonly deliveryId: string
  /** Unix ms. */
  readonly happenedAt: number
  readonly diedAt: number
  readonly tries: number
}

/** How a try ended. `fatal`: no further try would help. */
export type Sent = { readonly ok: true, readonly status: number } | { readonly ok: false, readonly reason: 'address' | 'timeout' | 'connection' | 'status' | 'gone', readonly status?: number }
