import { setTimeout as sleep } from 'node:timers/promises'
import type { IncomingCall } from '../../src/embedded/phone/index.js'
import type { Api } from './api.js'
import { Deliveries, otherRole, type Role, type Shop } from './deliveries.js'
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
  /** Deliveries to have at any time. */
  readonly deliveries?: number
  /** What people do; everything when absent. */
  readonly scripts?: readonly Script[]
}

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

  get begun(): number {
    return [...this.played.values()].reduce((sum, { begun }) => sum + begun, 0)
  }

  /** Lets calls begin until `enough`, waits for the last one to end, and closes the deliveries. */
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
    await this.deliveries.closeAll()
  }

  /** Orders deliveries in the place of those that ran out, and closes one now and then. */
  #supply(): void {
    const random = this.#random
    const { shops, deliveries = 40 } = this.options
    const open = this.deliveries.live
    if (open.length + this.#ordering < deliveries) {
      this.#ordering++
      void this.deliveries.order(random.child(), random.chance(0.1) ? shops.asks : shops.plain).finally(() => { this.#ordering-- })
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
    const strangers = script.by === 'stranger' ? this.people.all.filter((person) => !this.deliveries.knows(delivery.number, person)) : []
    if (script.by === 'stranger' && strangers.length === 0) return undefined
    const caller = script.by === 'shop' ? undefined : script.by === 'stranger' ? random.one(strangers) : delivery[role]
    return { script, scene: new Scene(this, script.name, delivery, caller, delivery[otherRole(role)], random) }
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
    }
    await scene.close()
    // An INVITE may be on its way that was given up already.
    await sleep(500)
    this.#scenes.delete(scene)
    scene.delivery.engaged = false
  }

  /** Somebody's phone rings: somebody who has a line with them must be calling. */
  #rings(person: Person, call: IncomingCall): void {
    const scene = [...this.#scenes].find((one) => one.reaches(call.shown ?? '', person))
    if (scene !== undefined) return scene.arrives(person, call)
    const known = this.deliveries.all.some(({ number }) => number === call.shown)
    if (known) this.invariants.broken('wrong_person', `${person.index} rings and nobody who has a line with them calls`)
    else this.invariants.broken('number_shown', 'a phone shows something else than one of our numbers')
    call.reject(480)
  }
}
