/** A fleet, as somebody knows it who asks how many numbers it needs. */
export interface Fleet {
  readonly couriers: number
  /** Deliveries that a courier does in an hour, on average. */
  readonly perHour: number
  /** Hours that a courier works in a row each day. */
  readonly shiftHours: number
  /** People who order; some of them order far more often than others. */
  readonly customers: number
  /** Minutes that a line is live, on average. */
  readonly liveMinutes: number
  readonly quarantineHours: number
  /** Days to play; the first ones fill the quarantine. */
  readonly days: number
  /** Most deliveries that a courier has at the same time, if the dispatcher bounds it. */
  readonly atOnce?: number
}

export interface Play {
  readonly lines: number
  /** Allocations that found no number. */
  readonly refused: number
  /** Largest number of lines, live and in quarantine, that one person had at the same time: no pool can be smaller. */
  readonly mostOfOnePerson: number
  /** Largest number of lines of one person that were live at the same time. */
  readonly mostLive: number
  /** Numbers that were ever given out. */
  readonly used: number
  /** For each number of lines at once, how many couriers came that far. */
  readonly peaks: readonly number[]
}

export interface Size {
  /** Numbers with which nobody is refused. */
  readonly numbers: number
  /** The play with so many. */
  readonly play: Play
}

/** One line to be given: who, when, and until when it keeps the number busy. Times in minutes. */
export interface Wish {
  readonly at: number
  readonly courier: number
  readonly customer: number
  readonly live: number
  readonly held: number
}

/** The smallest pool with which this fleet is never refused. @param seed the same one plays the same days */
export function sizePool(fleet: Fleet, seed = 1): Size {
  const wishes = plan(fleet, seed)
  // With numbers in plenty the busiest person shows what no pool can do without; from there upwards.
  let numbers = playWith(fleet, wishes, plenty).mostOfOnePerson
  for (;;) {
    const played = playWith(fleet, wishes, numbers)
    if (played.refused === 0) return { numbers, play: played }
    numbers++
  }
}

const plenty = 2000

/** Plays the fleet's days with a pool of a given size. */
export function play(fleet: Fleet, numbers: number, seed = 1): Play {
  return playWith(fleet, plan(fleet, seed), numbers)
}

const day = 24 * 60

/** Every courier's deliveries, in the order of time. */
export function plan(fleet: Fleet, seed: number): Wish[] {
  const random = generator(seed)
  const exponential = (mean: number): number => -Math.log(1 - random()) * mean
  const wishes: Wish[] = []
  for (let courier = 0; courier < fleet.couriers; courier++) {
    const start = random() * day
    for (let n = 0; n < fleet.days; n++) {
      const end = start + n * day + fleet.shiftHours * 60
      let running: number[] = []
      for (let at = start + n * day + exponential(60 / fleet.perHour); at < end; at += exponential(60 / fleet.perHour)) {
        running = running.filter((until) => until > at)
        if (running.length >= (fleet.atOnce ?? Infinity)) continue
        const live = at + fleet.liveMinutes * (0.5 + random())
        running.push(live)
        // A tenth of the customers orders half of everything.
        const customer = Math.floor(fleet.customers * random() * (random() < 0.44 ? 0.1 : 1))
        wishes.push({ at, courier, customer, live, held: live + fleet.quarantineHours * 60 })
      }
    }
  }
  return wishes.sort((a, b) => a.at - b.at)
}

/** One person's lines: which number until when. */
interface Person {
  numbers: number[]
  until: number[]
  live: number[]
  most: number
}

/** The choice of allocate.lua: of those free for both the least loaded, of these the one used longest ago. */
function playWith(fleet: Fleet, wishes: readonly Wish[], numbers: number): Play {
  const people = (count: number): Person[] => Array.from({ length: count }, () => ({ numbers: [], until: [], live: [], most: 0 }))
  const [couriers, customers] = [people(fleet.couriers), people(fleet.customers)]
  const pool = new Pool(numbers)
  let [refused, mostLive] = [0, 0]
  for (const { at, courier, customer, live, held } of wishes) {
    const [a, b] = [couriers[courier]!, customers[customer]!]
    pool.expire(at)
    forget(a, at)
    forget(b, at)
    const number = pool.choose([a, b])
    if (number === undefined) refused++
    else {
      pool.take(number, live)
      for (const person of [a, b]) remember(person, number, live, held)
      mostLive = Math.max(mostLive, ...[a, b].map((person) => person.live.filter((until) => until > at).length))
    }
  }
  const most = [...couriers, ...customers].reduce((highest, person) => Math.max(highest, person.most), 0)
  const peaks = new Array<number>(most + 1).fill(0)
  for (const person of couriers) peaks[person.most]!++
  return { lines: wishes.length - refused, refused, mostOfOnePerson: most, mostLive, used: pool.used, peaks }
}

function forget(person: Person, at: number): void {
  if (!person.until.some((until) => until <= at)) return
  const kept = person.until.flatMap((until, index) => until > at ? [index] : [])
  for (const list of ['numbers', 'live', 'until'] as const) person[list] = kept.map((index) => person[list][index]!)
}

function remember(person: Person, number: number, live: number, held: number): void {
  person.numbers.push(number)
  person.live.push(live)
  person.until.push(held)
  person.most = Math.max(person.most, person.numbers.length)
}

/** The numbers with their live lines. */
class Pool {
  private readonly load: Uint32Array
  private readonly last: Float64Array
  private readonly busy: Uint8Array
  private clock = 0
  /** Ends of live lines by minute, so that the load goes down in time. */
  private readonly ends = new Map<number, number[]>()
  private minute = 0

  constructor(size: number) {
    this.load = new Uint32Array(size)
    this.last = new Float64Array(size)
    this.busy = new Uint8Array(size)
  }

  get used(): number {
    return this.last.filter((at) => at > 0).length
  }

  expire(at: number): void {
    for (; this.minute < Math.floor(at); this.minute++) {
      for (const number of this.ends.get(this.minute) ?? []) this.load[number]!--
      this.ends.delete(this.minute)
    }
  }

  choose(people: readonly Person[]): number | undefined {
    this.busy.fill(0)
    for (const { numbers } of people) for (const number of numbers) this.busy[number] = 1
    let best: number | undefined
    for (let number = 0; number < this.load.length; number++) {
      if (this.busy[number] === 1) continue
      if (best === undefined || this.load[number]! < this.load[best]! || (this.load[number] === this.load[best] && this.last[number]! < this.last[best]!)) best = number
    }
    return best
  }

  take(number: number, live: number): void {
    this.load[number]!++
    this.last[number] = ++this.clock
    const minute = Math.floor(live)
    const ends = this.ends.get(minute)
    if (ends === undefined) this.ends.set(minute, [number])
    else ends.push(number)
  }
}

/** Even numbers from 0 to 1, the same ones for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
