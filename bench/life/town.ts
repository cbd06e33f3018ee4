import { setTimeout as sleep } from 'node:timers/promises'
import type { IncomingCall } from '../../src/embedded/phone/index.js'
import type { Api } from './api.js'
import { Deliveries, otherRole, type Delivery, type Role, type Shop } from './deliveries.js'
import type { Invariants } from './invariants.js'
import type { People, Person } from './people.js'
import type { Random } from './random.js'
import { Scene } from './scene.js'
import { scripts, type Script } from './scripts.js'

export interface TownOptions {
  readonly api: Api
  readonly people: People
  readonly invariants: Invariants
  readonly random: Random
  /** The shop whose people are connected at once, and the one whose people press 1 before. */
  readonly shops: { readonly plain: Shop, readonly asks: Shop }
  /** Calls to begin each second. */
  readonly rate: number
  /** What people do; everything when absent. */
  readonly scripts?: readonly Script[]
}

/** Scenes that are remembered when they are over. */
const pastKept = 200
/** Deliveries to have at any time for each of the people. */
const deliveriesEach = 0.92
/** So many of the people press wrong codes. */
const clumsy = 4
/** What a scene needs a delivery to live on for (ms). */
const leftMs = 12_000

/** All the people and shops, living on. */
export class Town {
  readonly api: Api
  readonly people: People
  readonly invariants: Invariants
  readonly deliveries: Deliveries
  /** INVITEs that phones sent, and calls that shops started. */
  invites = 0
  callbacks = 0
  /** Scenes by name: how many, and how many that were played to the end. */
  readonly played = new Map<string, { begun: number, done: number }>()
  readonly #scenes = new Set<Scene>()
  /** Those that ended last. */
  readonly #past: Scene[] = []
  readonly #random: Random
  #ordering = 0

  constructor(private readonly options: TownOptions) {
    this.api = options.api
    this.people = options.people
    this.invariants = options.invariants
    this.#random = options.random
    this.deliveries = new Deliveries(options.api, options.people.all)
    for (const person of options.people.all) person.phone.onCall((call) => this.#rings(person, call))
  }

  /** Scenes that are on now. */
  get live(): number {
    return this.#scenes.size
  }

  /** Calls that phones made and shops started. */
  get calls(): number {
    return this.invites + this.callbacks
  }

  /** Tells on standard error, once in a while, that there is life. @returns what ends that */
  tell(): () => void {
    const timer = setInterval(() => process.stderr.write(`${this.calls} calls, ${this.live} now, broken ${JSON.stringify(this.invariants.counts)}\n`), 30_000)
    return () => clearInterval(timer)
  }

  /** Lets calls begin until `enough` and waits for the last one to end. */
  async run(enough: () => boolean): Promise<void> {
    const playing = new Set<Promise<void>>()
    const begunAt = performance.now()
    for (let due = 0; !enough(); due++) {
      await sleep(Math.max(0, begunAt + due * 1000 / this.options.rate - performance.now()))
      this.#supply()
      const scene = this.#cast(this.#random.child())
      if (scene === undefined) continue
      const play = this.#play(scene)
      playing.add(play)
      void play.finally(() => playing.delete(play))
    }
    await Promise.all(playing)
  }

  /** Orders deliveries in the place of those that ran out, and closes one now and then. */
  #supply(): void {
    const random = this.#random
    const { shops } = this.options
    const deliveries = Math.floor(deliveriesEach * this.people.all.length)
    const open = this.deliveries.live
    if (open.length + this.#ordering < deliveries) {
      this.#ordering++
      void this.deliveries.order(random.child(), random.chance(0.1) ? shops.asks : shops.plain, this.#outside()).finally(() => { this.#ordering-- })
    }
    const idle = open.filter(({ engaged }) => !engaged)
    if (idle.length > deliveries / 2 && random.chance(0.05)) void this.deliveries.close(random.one(idle))
  }

  /** Chooses what happens, where and with whom. Undefined while there is no delivery for it. */
  #cast(random: Random): { readonly script: Script, readonly scene: Scene } | undefined {
    const { shops } = this.options
    const script = random.weighted(this.options.scripts ?? scripts)
    const shop = script.on === 'asks' ? shops.asks : shops.plain
    const delivery = script.on === 'over' ? this.deliveries.former(random, 1000) : this.deliveries.free(random, shop, leftMs)
    if (delivery === undefined) return undefined
    const role: Role = random.one(['courier', 'customer'])
    const caller = script.by === 'shop' ? undefined : script.by === undefined ? delivery[role] : this.#stranger(random, delivery, script.by === 'clumsy')
    if (caller === undefined ? script.by !== 'shop' : script.on === 'over' && this.deliveries.has(delivery.number, caller)) return undefined
    return { script, scene: new Scene(this, script, delivery, caller, delivery[otherRole(role)], random) }
  }

  /** Who calls a number now that is not, or not any more, their line. */
  #outside(): Person[] {
    return [...this.#scenes].flatMap(({ caller, script: { by, on } }) => caller !== undefined && (by !== undefined || on === 'over') ? [caller] : [])
  }

  /** Somebody who had nothing to do with this number lately. */
  #stranger(random: Random, { number }: Delivery, isClumsy: boolean): Person | undefined {
    // Who tries two codes of one number at once would be let in to both, and whoever rings then could be meant by either.
    const calling = [...this.#scenes].filter((scene) => scene.number === number).map(({ caller }) => caller)
    const found = this.people.all.filter((person) => person.index < clumsy === isClumsy && !this.deliveries.knows(number, person) && !calling.includes(person))
    return found.length === 0 ? undefined : random.one(found)
  }

  async #play({ script, scene }: { readonly script: Script, readonly scene: Scene }): Promise<void> {
    const count = this.played.get(script.name) ?? { begun: 0, done: 0 }
    this.played.set(script.name, count)
    count.begun++
    scene.delivery.engaged = true
    this.#scenes.add(scene)
    try {
      await script.run(scene)
      count.done++
    } catch (error) {
      this.invariants.failed(scene.begunAt, 'failed', `${script.name}: ${(error as Error).message}`)
      await this.#tellOf(scene)
    }
    if (!await scene.close()) await this.#tellOf(scene)
    // An INVITE may be on its way that was given up already.
    await sleep(500)
    this.#scenes.delete(scene)
    this.#past.push(scene)
    if (this.#past.length > pastKept) this.#past.shift()
    scene.delivery.engaged = false
  }

  /** Somebody's phone rings: somebody who has a line with them must be calling. */
  #rings(person: Person, call: IncomingCall): void {
    const scene = [...this.#scenes].find((one) => one.reaches(call.shown ?? '', person))
    if (scene !== undefined) return scene.arrives(person, call)
    const known = this.deliveries.all.some(({ number }) => number === call.shown)
    const late = this.#past.find((one) => one.reaches(call.shown ?? '', person))
    if (late !== undefined) this.invariants.failed(late.begunAt, 'failed', `${late.script.name}: rings ${Date.now() - late.begunAt} ms after the caller dialled, when all is over`)
    else if (known) this.invariants.broken('wrong_person', `${person.index} rings and nobody who has a line with them calls; on that number: ${this.#callersOf(call.shown ?? '')}`)
    else this.invariants.broken('number_shown', 'a phone shows something else than one of our numbers')
    call.reject(480)
  }

  /** Everything that happened lately on the number of a scene, for whoever looks for what went wrong. */
  async #tellOf({ number, begunAt }: Scene): Promise<void> {
    const ago = (at: number): string => `${((Date.now() - at) / 1000).toFixed(1)} s ago`
    const lines = [`the scene began ${ago(begunAt)}; scenes: ${this.#callersOf(number)}`]
    for (const { id, shop, courier, customer, more, begunAt: from, endsAt } of this.deliveries.on(number, 120_000)) {
      lines.push(`delivery ${id}: courier ${courier.index}, customer ${customer.index}, let in ${[...more].map(({ index }) => index).join()}; ordered ${ago(from)}, over ${ago(endsAt)}`)
      const { body } = await this.api.ask('GET', `/v1/deliveries/${id}/calls`, shop.key === undefined ? {} : { key: shop.key })
      for (const { id: call, startedAt, startedBy, callee, result, reason, endedAt } of (body.calls as Record<string, string>[] | undefined) ?? []) {
        lines.push(`  call ${call} from ${startedBy} to ${callee}: ${ago(Date.parse(startedAt!))} to ${endedAt === undefined ? 'now' : ago(Date.parse(endedAt))}, ${result} ${reason}`)
      }
    }
    process.stderr.write(`  ${lines.join('\n  ')}\n`)
  }

  /** Who calls a number now or did lately, for whoever looks for what went wrong. */
  #callersOf(number: string): string {
    const found = [...this.#scenes, ...this.#past].filter((scene) => scene.number === number)
    return found.map(({ script, caller, callee, begunAt }) => `${script.name} from ${caller?.index ?? 'the shop'} to ${callee.index} ${Date.now() - begunAt} ms ago`).join(', ')
  }
}
