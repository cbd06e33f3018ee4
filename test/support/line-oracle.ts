import type { DeliveryState, Direction, Party } from '../../src/line/types.js'
import type { E164 } from '../../src/phone/types.js'

/** One delivery as the oracle knows it. Times in ms. */
export interface OracleDelivery {
  readonly id: string
  readonly shop: string
  readonly number: string
  readonly reference: string
  readonly created: number
  readonly quarantine: number
  expires: number
  closed: number | undefined
  direction: Direction
  readonly phones: Record<Party, E164[]>
  /** Phones that left; the number stays reserved for them. */
  readonly former: E164[]
  /** Calls counted in, by the end of their lease. */
  readonly calls: Map<string, number>
}

export interface OracleChange {
  readonly expires?: number | undefined
  readonly direction?: Direction | undefined
  readonly courier?: E164 | undefined
  readonly customer?: E164 | undefined
  readonly add?: { readonly party: Party, readonly phone: E164 } | undefined
}

/**
 * What lines promise, said in the plainest way: a list of deliveries and a clock. No index, no script,
 * no clean-up; every answer is found by looking through all of them.
 */
export class LineOracle {
  readonly deliveries: OracleDelivery[] = []

  constructor(
    public now: number,
    readonly numbers: readonly string[],
    readonly limits: { readonly phones: number, readonly calls: number, readonly leaseMs: number, readonly life: number }
  ) {}

  endOf(d: OracleDelivery): number {
    return d.closed ?? d.expires
  }

  isLive(d: OracleDelivery): boolean {
    return d.closed === undefined && this.now < d.expires
  }

  isHeld(d: OracleDelivery): boolean {
    return this.now < this.endOf(d) + d.quarantine
  }

  stateOf(d: OracleDelivery): DeliveryState {
    return this.isLive(d) ? 'live' : d.closed === undefined ? 'expired' : 'closed'
  }

  /** Deliveries that keep this number from this phone. */
  holding(number: string, phone: E164): OracleDelivery[] {
    return this.deliveries.filter((d) => d.number === number && this.isHeld(d) && [...d.phones.courier, ...d.phones.customer, ...d.former].includes(phone))
  }

  freeNumbers(a: E164, b: E164): string[] {
    return this.numbers.filter((number) => this.holding(number, a).length + this.holding(number, b).length === 0)
  }

  liveOn(number: string): number {
    return this.deliveries.filter((d) => d.number === number && this.isLive(d)).length
  }

  /** The code of the refusal, or undefined when the allocation must succeed. */
  refuseAllocation(shop: string, reference: string, courier: E164, customer: E164, expires: number): string | undefined {
    if (courier === customer) return 'phones_equal'
    if (expires <= this.now) return 'expiry_invalid'
    if (this.deliveries.some((d) => d.shop === shop && d.reference === reference && this.isLive(d))) return 'reference_in_use'
    return this.freeNumbers(courier, customer).length === 0 ? 'pool_exhausted' : undefined
  }

  visible(shop: string, id: string): OracleDelivery | undefined {
    return this.deliveries.find((d) => d.id === id && d.shop === shop && this.isHeld(d))
  }

  /** Applies a change whole or answers with the code of the refusal. */
  change(shop: string, id: string, change: OracleChange): string | undefined {
    const d = this.visible(shop, id)
    if (d === undefined) return 'delivery_not_found'
    if (!this.isLive(d)) return 'delivery_ended'
    if (change.expires !== undefined && (change.expires <= this.now || change.expires > d.created + this.limits.life)) return 'expiry_invalid'
    const draft = { courier: [...d.phones.courier], customer: [...d.phones.customer], former: [...d.former] }
    const refusal = this.applyPhones(d, draft, change)
    if (refusal !== undefined) return refusal
    Object.assign(d.phones, { courier: draft.courier, customer: draft.customer })
    d.former.splice(0, Infinity, ...draft.former)
    d.expires = change.expires ?? d.expires
    d.direction = change.direction ?? d.direction
    return undefined
  }

  private applyPhones(d: OracleDelivery, draft: Record<Party | 'former', E164[]>, { courier, customer, add }: OracleChange): string | undefined {
    const steps = [{ party: 'courier', phone: courier, first: true }, { party: 'customer', phone: customer, first: true }, { ...add, first: false }] as const
    for (const { party, phone, first } of steps) {
      if (phone === undefined || party === undefined || (first && draft[party][0] === phone)) continue
      if (draft.courier.includes(phone) || draft.customer.includes(phone)) return 'phone_in_delivery'
      if (this.holding(d.number, phone).some((other) => other !== d)) return 'phone_in_use'
      if (!first && draft[party].length >= this.limits.phones) return 'phones_too_many'
      if (first) draft.former.push(draft[party][0]!)
      if (first) draft[party][0] = phone
      else draft[party].push(phone)
      draft.former = draft.former.filter((left) => left !== phone)
      if (draft.former.length > 16) return 'phones_too_many'
    }
    return undefined
  }

  close(shop: string, id: string): string | undefined {
    const d = this.visible(shop, id)
    if (d === undefined) return 'delivery_not_found'
    if (this.isLive(d)) d.closed = this.now
    return undefined
  }

  /** Whom a call reaches (and then counts it in), or the kind of answer. */
  lookup(number: string, caller: E164, callId: string): { kind: string, callee?: E164, id?: string } {
    const d = this.holding(number, caller)[0]
    const party = d?.phones.courier.includes(caller) ? 'courier' : d?.phones.customer.includes(caller) ? 'customer' : undefined
    if (d === undefined || party === undefined) return { kind: 'unknown' }
    const live = this.isLive(d)
    if (live && d.direction !== 'both' && d.direction !== party) return { kind: 'wrong_direction', id: d.id }
    const counting = [...d.calls].filter(([, end]) => end > this.now)
    if (counting.length >= this.limits.calls) return { kind: 'limited', id: d.id }
    d.calls.set(callId, this.now + this.limits.leaseMs)
    if (!live) return { kind: 'over', id: d.id }
    return { kind: 'connect', id: d.id, callee: d.phones[party === 'courier' ? 'customer' : 'courier'][0]! }
  }

  /** The promise: each number has at most one delivery for each phone. @returns the pairs that break it */
  broken(phones: readonly E164[]): string[] {
    return this.numbers.flatMap((number) => phones.filter((phone) => this.holding(number, phone).length > 1).map((phone) => `${number} ${phone}`))
  }
}
