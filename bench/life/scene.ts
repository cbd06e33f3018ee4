import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { PhoneError, type CallOptions, type IncomingCall, type OutgoingCall, type PhoneCall } from '../../src/embedded/phone/index.js'
import { isOn, type Delivery } from './deliveries.js'
import { heardIn, type Person } from './people.js'
import type { Random } from './random.js'
import type { Script } from './scripts.js'
import type { Town } from './town.js'

/** What a scene wants did not come. */
export class Unmet extends Error {}

/** On a busy machine; what is waited for comes in much less (ms). */
export const patienceMs = 25_000
/** A call that was ended has ended within this, even if nobody answers its BYE (RFC 3261 §17.1.2.2). */
const endsWithinMs = 40_000

/** What one call's two sides do and see. */
export class Scene {
  readonly begunAt = Date.now()
  readonly #calls: { readonly call: PhoneCall, readonly person: Person, readonly counterpart: () => Person | undefined }[] = []
  readonly #rung: { readonly person: Person, readonly call: IncomingCall }[] = []
  #wake: () => void = () => undefined
  /** Who took the call, or whose call was taken. */
  #taker: Person | undefined
  /** The caller knew the code. */
  admitted = false

  /**
   * @param caller undefined where the shop starts the call
   * @param callee whom it is to reach
   */
  constructor(private readonly town: Town, readonly script: Script, readonly delivery: Delivery, readonly caller: Person | undefined, readonly callee: Person, readonly random: Random) {}

  get number(): string {
    return this.delivery.number
  }

  /** Whether this person may ring in this scene. */
  reaches(number: string, person: Person): boolean {
    if (number !== this.number) return false
    if (this.caller === undefined) return isOn(this.delivery) && (person === this.delivery.courier || person === this.delivery.customer)
    // Somebody whom a code lets in reaches one person by it, whatever other lines the number is.
    if (this.script.by !== undefined) return this.admitted && isOn(this.delivery) && person === this.callee
    return person !== this.caller && this.town.deliveries.joins(number, this.caller, person)
  }

  /** A phone rings in this scene. */
  arrives(person: Person, call: IncomingCall): void {
    this.#calls.push({ call, person, counterpart: () => this.caller ?? this.#others(person) })
    this.#rung.push({ person, call })
    this.#wake()
  }

  /** The caller dials the number. */
  dial(options: Partial<CallOptions> & { readonly asking?: boolean } = {}): OutgoingCall {
    const { asking = false, ...more } = options
    const caller = this.caller!
    const { people } = this.town
    const call = caller.phone.call(this.number, { via: (asking ? people.asking : people.plain).uri, ...more })
    this.town.invites++
    this.delivery.calls++
    this.#calls.push({ call, person: caller, counterpart: () => this.#taker })
    return call
  }

  /** The shop has one of them rung and then the other. */
  async start(): Promise<void> {
    const first = this.callee === this.delivery.customer ? 'courier' : 'customer'
    const { shop, id } = this.delivery
    this.delivery.calls++
    const { status } = await this.town.api.ask('POST', `/v1/deliveries/${id}/calls`, { body: { first }, idempotencyKey: randomUUID(), ...(shop.key === undefined ? {} : { key: shop.key }) })
    this.need(status === 202, `a callback gets ${status}`)
    this.town.callbacks++
  }

  /** The caller enters the right code: the line is theirs, too. */
  admit(): void {
    this.admitted = true
    this.delivery.more.add(this.caller!)
  }

  toneOf(call: PhoneCall): number {
    return this.#personOf(call).tone
  }

  /** The next phone that rings. */
  async rings(withinMs = patienceMs): Promise<IncomingCall> {
    const end = Date.now() + withinMs
    while (this.#rung.length === 0) {
      const left = end - Date.now()
      if (left <= 0) throw new Unmet('nobody rang')
      const woken = new Promise<void>((resolve) => { this.#wake = resolve })
      await Promise.race([woken, sleep(Math.min(left, 200))])
    }
    const { person, call } = this.#rung.shift()!
    this.#taker = person
    return call
  }

  /** Waits for a while that the seed decides. */
  pause(lowMs: number, highMs: number): Promise<void> {
    return sleep(this.random.between(lowMs, highMs))
  }

  need(holds: boolean, what: string): void {
    if (!holds) throw new Unmet(what)
  }

  /** Both say their tones and hear the other's. */
  async talk(a: PhoneCall, b: PhoneCall): Promise<void> {
    this.delivery.talks++
    const [personA, personB] = [this.#personOf(a), this.#personOf(b)]
    a.say(personA.tone)
    b.say(personB.tone)
    const heard = await Promise.all([b.hears(personA.tone, patienceMs), a.hears(personB.tone, patienceMs)])
    this.need(heard.every(Boolean), `they do not hear each other: ${[a, b].map(told).join('; ')}`)
  }

  /** One of them, or both at once, hangs up, and both calls end. */
  async partWays(a: PhoneCall, b: PhoneCall, how: 'a' | 'b' | 'both' = this.random.one(['a', 'b', 'both'] as const)): Promise<void> {
    if (how !== 'b') void a.hangUp().catch(() => undefined)
    if (how !== 'a') void b.hangUp().catch(() => undefined)
    await this.over(a, b)
  }

  /** Waits until calls have ended. */
  async over(...calls: PhoneCall[]): Promise<void> {
    await Promise.all(calls.map((call) => call.ended(patienceMs)))
  }

  /** Ends whatever still goes on, and looks at who was heard. @returns whether it was who it must be */
  async close(): Promise<boolean> {
    let fine = true
    await Promise.all(this.#calls.map(async ({ call, person, counterpart }) => {
      if (call.state !== 'ended') await leave(call)
      await call.ended(endsWithinMs).catch(() => this.town.invariants.failed(this.begunAt, 'stuck', `${this.script.name}: a call does not end`))
      const expected = counterpart()
      for (const heard of heardIn(call, this.town.people.all)) {
        if (heard === expected) continue
        fine = false
        this.town.invariants.broken('wrong_person', `${this.script.name}: ${person.index} heard ${heard.index} instead of ${expected?.index ?? 'nobody'}`)
      }
    }))
    return fine
  }

  #personOf(call: PhoneCall): Person {
    return this.#calls.find((one) => one.call === call)!.person
  }

  #others(person: Person): Person {
    const { courier, customer } = this.delivery
    return person === courier ? customer : courier
  }
}

/** A call in a few words, for whoever looks for what went wrong. */
function told({ state, ending, packets, heardSeconds }: PhoneCall): string {
  const count = (direction: 'in' | 'out'): number => packets.filter((packet) => packet.kind === 'rtp' && packet.direction === direction).length
  return `${state}${ending === undefined ? '' : ` by ${ending.by}`}, ${count('out')} packets out, ${count('in')} in, ${Math.round(heardSeconds * 10) / 10} s heard`
}

async function leave(call: PhoneCall): Promise<void> {
  try {
    void call.hangUp().catch(() => undefined)
  } catch (error) {
    if (!(error instanceof PhoneError)) throw error
  }
}
