import type { E164, Country } from '../phone/types.js'

/** The two parties of a delivery. */
export type Party = 'courier' | 'customer'

/** Who may start a call. */
export type Direction = 'both' | 'courier' | 'customer'

/** `live` connects; `closed` (by the shop) and `expired` (by time) only say that it is over, and only until the quarantine ends. */
export type DeliveryState = 'live' | 'closed' | 'expired'

export interface NewDelivery {
  readonly shopId: string
  /** The pool out of which the number comes. */
  readonly poolId: string
  /** The shop's own name for the delivery, 1 to 64 characters; may be personal, so it is stored encrypted. */
  readonly reference: string
  readonly courier: E164
  readonly customer: E164
  /** Unix time in milliseconds. */
  readonly expiresAt: number
  readonly quarantineSeconds: number
  readonly direction: Direction
  /** Where the number should be from; absent: the country of the customer's number. */
  readonly country?: Country
  /** What to do when that country has no free number; absent: take any. */
  readonly geo?: GeoPreference
}

export interface GeoPreference {
  /** Countries to try next, in this order. */
  readonly fallback?: readonly Country[]
  /** Rather no number (pool_exhausted, reason `geo`) than one of another country. */
  readonly strict?: boolean
}

/** A delivery as a shop may see it: no person's number. Times are Unix milliseconds. */
export interface Delivery {
  readonly id: string
  readonly shopId: string
  readonly reference: string
  readonly state: DeliveryState
  /** The proxy number that both parties call. */
  readonly number: E164
  readonly direction: Direction
  readonly createdAt: number
  readonly expiresAt: number
  /** When the number may serve these two people for something else. */
  readonly quarantineUntil: number
  /** When it ended, if it has. */
  readonly endedAt?: number
}

/** What only the creator learns, once. */
export interface AllocatedDelivery extends Delivery {
  /** Digits with which a party gets through from a phone we do not know. */
  readonly accessCode: string
}

export interface DeliveryChange {
  readonly expiresAt?: number
  readonly direction?: Direction
  readonly courier?: E164
  readonly customer?: E164
}

/** The phone on which each party is rung, unless it was erased; for the pseudonyms of a call's record, and never told. */
export type PartyPhones = Readonly<Partial<Record<Party, E164>>>

/** How much a shop may call, and a delivery may talk. */
export type Cap =
  | 'calls_at_once' | 'calls_per_hour' | 'minutes_per_day' | 'delivery_minutes_per_day' | 'caller_calls_at_once' | 'caller_minutes_per_day' | 'number_calls_at_once' | 'number_minutes_per_day'
  | 'delivery_calls_per_hour' | 'caller_calls_per_hour' | 'number_calls_per_minute'

/** A cap is reached or nearly so; told once in the cap's hour or UTC day. Times are Unix milliseconds. */
export interface CapAlarm {
  readonly shopId: string
  readonly deliveryId?: string
  readonly cap: Cap
  readonly state: 'near' | 'reached'
  readonly used: number
  readonly limit: number
  readonly at: number
}

/** How much a shop calls now, in this hour and on this UTC day. */
export interface ShopUsage {
  readonly callsAtOnce: number
  readonly callsThisHour: number
  /** Of calls that have ended. */
  readonly talkMs: number
}

/** A call that is counted in until it is released. */
export interface Admitted {
  /** How long the talk may be, in milliseconds, so that the shop stays within its caps; absent where it has none. */
  readonly longestMs?: number
}

/** The answer to "may this caller talk to somebody through this number, and to whom?" */
export type Lookup =
  /** Live: ring `callee`. The call is counted in; `release` counts it out. */
  | { readonly kind: 'connect', readonly deliveryId: string, readonly shopId: string, readonly reference: string, readonly caller: Party, readonly phones: PartyPhones, readonly callee: E164 } & Admitted
  /** The caller is a party, the delivery is over and in quarantine. Counted in too: it may be put through to the support line. */
  | { readonly kind: 'over', readonly deliveryId: string, readonly shopId: string, readonly reference: string, readonly caller: Party, readonly phones: PartyPhones } & Admitted
  /** The caller is a party but this delivery is one-way and not theirs to start. */
  | { readonly kind: 'wrong_direction', readonly deliveryId: string, readonly shopId: string, readonly reference: string, readonly caller: Party, readonly phones: PartyPhones }
  /** The caller is a party, but a limit is reached. */
  | { readonly kind: 'limited', readonly deliveryId: string, readonly shopId: string, readonly reference: string, readonly caller: Party, readonly phones: PartyPhones, readonly limit: 'concurrent' | 'hourly' | 'caller' | 'number' | Cap }
  /** Number unknown, caller unknown, or both; nobody outside may tell which. */
  | { readonly kind: 'unknown' }

/** The answer to an access code that a caller entered. */
export type CodeAnswer =
  /** `enrolled`: this phone belongs to the party from now on and needs no code again. */
  | (Extract<Lookup, { kind: 'connect' }> & { readonly enrolled: boolean })
  /** The code is right, and this is what a known phone would hear too. */
  | Extract<Lookup, { kind: 'over' | 'wrong_direction' | 'limited' }>
  /** `left`: wrong codes that this caller may still enter before a wait. */
  | { readonly kind: 'wrong', readonly left: number }
  /** Too many wrong codes of this caller, on this number or in the pool; the code was not looked at. */
  | { readonly kind: 'blocked', readonly retryAfter: number }

/** A call between the two parties that the shop starts; it is counted in, and `release` counts it out. */
export interface BegunCall extends Admitted {
  readonly reference: string
  /** The proxy number that both are to see. */
  readonly number: E164
  /** Whom to ring first, and then. */
  readonly first: E164
  readonly second: E164
}

/** A delivery that holds a person's phone. Without `party`: the phone was replaced, and is kept apart from others until the quarantine ends. */
export interface PersonLine {
  readonly delivery: Delivery
  readonly party?: Party
}

/** What an access code is entered with. */
export interface CodeEntry {
  /** Dialled number. */
  readonly number: string
  /** undefined: withheld or unusable; such a phone is let in for one call and never enrolled. */
  readonly caller: E164 | undefined
  readonly callId: string
  /** Digits as entered. */
  readonly code: string
  /** Which of the two the caller says to be; the other one is rung. */
  readonly party: Party
}

/** A call of a party who is known by something else than the phone. */
export interface Entry {
  readonly shopId: string
  readonly deliveryId: string
  readonly party: Party
  /** Dialled number; another one than the delivery's finds nothing. */
  readonly number: string
  readonly callId: string
}

/** `draining`: goes on connecting what it has, takes nothing new. `retired`: ours no more. */
export type NumberState = 'in_service' | 'draining' | 'retired'

export interface NumberLoad {
  readonly number: E164
  readonly poolId: string
  readonly country: Country
  readonly state: NumberState
  /** Live deliveries. */
  readonly live: number
  /** Deliveries that are live or in quarantine; a number with any cannot be retired. */
  readonly held: number
}

/** What a shop now keeps at most; Infinity leaves it. Whole seconds. */
export interface ShortenLimits {
  /** From the allocation. */
  readonly lifeSeconds: number
  /** From the end. */
  readonly quarantineSeconds: number
  /** Awaited before every few hundred deliveries; what it throws ends the work. */
  readonly beforeBatch?: () => Promise<unknown>
}

/** Deliveries that live, or keep their number, for a shorter time than before. */
export interface Shortened {
  readonly ended: number
  readonly released: number
}

/** The room's outside: what http and call may ask for. Every method rejects with MaskError only. */
export interface Lines {
  /**
   * Gives two people one number.
   * @throws pool_exhausted (reason `busy`, `quarantine` or `geo`), pool_drained, reference_in_use, expiry_invalid,
   *   phones_equal, phone_is_proxy, store_unavailable, store_full
   */
  allocate(delivery: NewDelivery): Promise<AllocatedDelivery>
  /** @throws delivery_not_found (also for another shop's delivery) */
  find(shopId: string, id: string): Promise<Delivery>
  /**
   * Changes all that is given, or nothing. A phone that leaves keeps the number in quarantine.
   * @throws delivery_not_found, delivery_ended, expiry_invalid, phone_in_use, phone_in_delivery, phones_too_many, phone_is_proxy
   */
  change(shopId: string, id: string, change: DeliveryChange): Promise<Delivery>
  /** Ends a delivery now; a second close answers the same. Never re-opens, never cuts a live call. */
  close(shopId: string, id: string): Promise<Delivery>
  /** One more phone for a party. @throws as change, phones_too_many */
  addPhone(shopId: string, id: string, party: Party, phone: E164): Promise<Delivery>
  /**
   * Finds the delivery of `caller` at `number` and counts the call in under `callId`, when it connects and when it is over.
   * `caller` undefined means withheld or unusable: always `unknown`.
   */
  lookup(number: string, caller: E164 | undefined, callId: string): Promise<Lookup>
  /** Lets a party in from another phone by its access code; counts the call in as `lookup` does. */
  redeem(entry: CodeEntry): Promise<CodeAnswer>
  /** As `lookup`, for a party of this delivery alone; limits and counts are those of a call from the party's phone. */
  enter(entry: Entry): Promise<Lookup>
  /**
   * Counts in a call that the shop starts, within the same limits as a call of a party. Who may call whom is
   * about the parties and does not matter here.
   * @throws delivery_not_found, delivery_ended, call_limited
   */
  begin(shopId: string, id: string, first: Party, callId: string): Promise<BegunCall>
  /** The deliveries of a shop that hold this phone, live or in quarantine, in whatever pool; oldest first. */
  ofPerson(shopId: string, phone: E164): Promise<PersonLine[]>
  /**
   * Takes a phone out of a delivery, with everything by which it was found, and ends the delivery if the phone is a
   * party's. The other party keeps the number until the quarantine ends. @returns whether the delivery was there
   */
  forget(shopId: string, id: string, phone: E164): Promise<boolean>
  /**
   * Applies shorter periods to the deliveries that a shop has: what lived too long ends now, and a number is free again
   * sooner. Looks at every delivery of the pool; may be broken off and repeated. @throws number_not_found (no such pool)
   */
  shorten(shopId: string, poolId: string, limits: ShortenLimits): Promise<Shortened>
  /**
   * Counts in a call of a shop that belongs to no delivery, from one of its numbers. @throws call_limited
   */
  count(shopId: string, number: string, callId: string): Promise<void>
  /**
   * Counts a call out that `lookup`, `redeem`, `begin` or `count` had counted in. Harmless when repeated.
   * @param deliveryId undefined for a call that belongs to none
   * @param spentMs for how long a phone that we rang was connected; goes towards the minutes of the day
   */
  release(deliveryId: string | undefined, callId: string, spentMs?: number): Promise<void>
  /** How much a shop calls. @throws number_not_found when there is no such pool */
  usage(shopId: string, poolId: string): Promise<ShopUsage>
  /** Whether this is one of our proxy numbers. */
  isProxyNumber(number: string): boolean
  /** The numbers of a pool with their load, in order. @throws number_not_found when there is no such pool */
  numbers(poolId: string): Promise<NumberLoad[]>
  /**
   * Brings numbers into service: new ones, and those that were drained or retired. Other processes know of
   * it within seconds. @throws number_not_found (no such pool), request_invalid (in another pool, or no E.164)
   */
  addNumbers(poolId: string, numbers: readonly string[]): Promise<void>
  /** No new deliveries on this number. Live ones are not touched. @throws number_not_found */
  drainNumber(poolId: string, number: string): Promise<void>
  /** This number is ours no more. @throws number_not_found, number_in_use (live or in quarantine) */
  retireNumber(poolId: string, number: string): Promise<void>
  /** Brings the configured numbers into service, at the start. @throws store_unavailable, store_full */
  prepare(): Promise<void>
  /** Gives back what is over, as the background does every second. @returns how many deliveries were looked at */
  sweep(): Promise<number>
  /** Ends the background work; live calls of this process are no longer renewed. */
  stop(): Promise<void>
}
