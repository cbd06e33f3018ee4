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
  /** Of the last try; missing where that was before this was kept. */
  readonly failure?: Failure
}

/** How a shop's queue stands. */
export interface QueueState {
  /** Events not tried yet. */
  readonly waiting: number
  /** Events tried in vain, to be tried again. */
  readonly retrying: number
  readonly dead: number
  /** When something is tried next (Unix ms); missing where nothing has to wait for it. */
  readonly nextTryAt?: number
}

/** Why nobody took an event; `gone` is 410: nobody ever will. */
export const failureReasons = ['address', 'timeout', 'connection', 'status', 'gone'] as const
/** `status` is the answer's, where there was one. */
export interface Failure { readonly reason: typeof failureReasons[number], readonly status?: number }

/** How a try ended. */
export type Sent = { readonly ok: true, readonly status: number } | { readonly ok: false } & Failure
