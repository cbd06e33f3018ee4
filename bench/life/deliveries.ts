import { randomUUID } from 'node:crypto'
import type { Api } from './api.js'
import type { Person } from './people.js'
import type { Random } from './random.js'

export type Role = 'courier' | 'customer'

export interface Delivery {
  readonly id: string
  readonly shop: Shop
  /** The proxy number. */
  readonly number: string
  readonly accessCode: string
  readonly courier: Person
  readonly customer: Person
  /** Phones that got in by a code. */
  readonly more: Set<Person>
  readonly begunAt: number
  /** Unix ms; becomes less when it is closed. */
  endsAt: number
  /** Somebody uses it now; one call at a time, so that it is clear who is meant to ring. */
  engaged: boolean
  /** Calls that were made on it, and those of which both talked. */
  calls: number
  talks: number
}

export interface Shop {
  readonly id: string
  readonly key: string | undefined
}

/** Shortest and longest life of a delivery in seconds: they run out all the time. */
const [shortest, longest] = [20, 60]
/** What a clock may differ, and a call that was let in may take until it rings (ms). Less than the quarantine (parts.ts), or two lines could be meant. */
const slackMs = 15_000

export const otherRole = (role: Role): Role => role === 'courier' ? 'customer' : 'courier'

/** What the shops' systems know: which number stands for which two people, and until when. */
export class Deliveries {
  readonly all: Delivery[] = []
  /** People whose order is on its way: their line may work before its answer is here. */
  readonly #awaiting: Person[] = []
  /** Deliveries that were refused because no number was free for both. */
  exhausted = 0

  constructor(private readonly api: Api, private readonly people: readonly Person[]) {}

  get live(): Delivery[] {
    return this.#recent(0).filter(({ endsAt }) => endsAt > Date.now())
  }

  /** A delivery that nobody uses and that lives for some time yet. */
  free(random: Random, shop: Shop, leftMs: number): Delivery | undefined {
    const free = this.live.filter((one) => one.shop === shop && !one.engaged && one.endsAt > Date.now() + leftMs)
    return free.length === 0 ? undefined : random.one(free)
  }

  /** One that is over, lately. */
  former(random: Random, leftMs: number): Delivery | undefined {
    const now = Date.now()
    const over = this.#recent(60_000).filter(({ endsAt, engaged }) => !engaged && endsAt < now - leftMs)
    return over.length === 0 ? undefined : random.one(over)
  }

  /**
   * Orders a line for two people. Resolves to undefined when no number is free for them.
   * @param busy people who must get no line now, because they call a number that is not theirs
   */
  async order(random: Random, shop: Shop, busy: readonly Person[]): Promise<Delivery | undefined> {
    const idle = this.people.filter((person) => !busy.includes(person))
    const courier = random.one(idle)
    const customer = random.one(idle.filter((person) => person !== courier))
    this.#awaiting.push(courier, customer)
    try {
      return await this.#ordered(random, shop, courier, customer)
    } finally {
      for (const person of [courier, customer]) this.#awaiting.splice(this.#awaiting.indexOf(person), 1)
    }
  }

  async #ordered(random: Random, shop: Shop, courier: Person, customer: Person): Promise<Delivery | undefined> {
    const ttlSeconds = random.between(shortest, longest)
    const begunAt = Date.now()
    const { status, body } = await this.api.ask('POST', '/v1/deliveries', {
      body: { reference: `life-${randomUUID()}`, courier: { phone: courier.number }, customer: { phone: customer.number }, ttlSeconds },
      idempotencyKey: randomUUID(), ...(shop.key === undefined ? {} : { key: shop.key })
    })
    if (body.code === 'pool_exhausted') this.exhausted++
    if (status !== 201) return undefined
    const delivery = {
      id: String(body.id), shop, number: String(body.number), accessCode: String(body.accessCode), courier, customer, more: new Set<Person>(), begunAt, endsAt: Date.parse(String(body.expiresAt)), engaged: false, calls: 0, talks: 0
    }
    this.all.push(delivery)
    return delivery
  }

  async close(delivery: Delivery): Promise<void> {
    delivery.engaged = true
    // Whoever was let in before the answer came, was let in rightly.
    await this.api.ask('DELETE', `/v1/deliveries/${delivery.id}`, { ...(delivery.shop.key === undefined ? {} : { key: delivery.shop.key }) })
    delivery.endsAt = Math.min(delivery.endsAt, Date.now())
    delivery.engaged = false
  }

  /** Closes all that are left. */
  async closeAll(): Promise<void> {
    for (const delivery of this.live) await this.close(delivery)
  }

  /** Whether a line joins, or just now joined, these two on this number: only then may one ring when the other calls. */
  joins(number: string, caller: Person, callee: Person): boolean {
    return this.on(number, slackMs).some((one) => has(one, caller) && has(one, callee) && isOn(one))
  }

  /** Those of a number that lived in the last so many milliseconds. */
  on(number: string, forMs: number): Delivery[] {
    return this.#recent(forMs).filter((one) => one.number === number)
  }

  /** Whether a number is somebody's line now, or may become it. */
  has(number: string, person: Person): boolean {
    return this.#awaits(person) || this.on(number, 0).some((one) => one.endsAt > Date.now() && has(one, person))
  }

  /** Whether somebody had to do with a number lately, or may have soon. */
  knows(number: string, person: Person): boolean {
    return this.#awaits(person) || this.#recent(60_000).some((one) => one.number === number && has(one, person))
  }

  /** Whether somebody may get a line at any moment. */
  #awaits(person: Person): boolean {
    return this.#awaiting.includes(person)
  }

  /** Those that may have lived within the last so many milliseconds. */
  #recent(forMs: number): Delivery[] {
    const from = Date.now() - forMs - 2 * longest * 1000
    let first = this.all.length
    while (first > 0 && this.all[first - 1]!.begunAt > from) first--
    return this.all.slice(first)
  }
}

/** Whether somebody may ring for a delivery now. A call that lost its way in a restart does not wait for the people who have the number next. */
export function isOn({ endsAt }: Pick<Delivery, 'endsAt'>): boolean {
  return endsAt > Date.now() - slackMs
}

function has({ courier, customer, more }: Delivery, person: Person): boolean {
  return person === courier || person === customer || more.has(person)
}
