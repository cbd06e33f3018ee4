import fc from 'fast-check'
import t from 'tap'
import type { RetentionRoom } from '../../../src/record/retention/retention.js'
import type { RetainedData } from '../../../src/record/retention/types.js'
import { admin, hourMs, intervalMs, minuteMs, stage, type Stage } from './support.js'

/** More histories for a longer look: `RETENTION_RUNS=500 npx tap test/record/retention/property.test.ts`. */
const numRuns = Number(process.env.RETENTION_RUNS ?? 15)
const lookMs = 5 * minuteMs
const day = 86_400
const hour = 3600

interface Row { readonly began: number, readonly held: boolean }

/** A store of rows in memory that deletes a few at a time and breaks now and then. */
class Rows implements RetainedData {
  readonly name = 'webhook'
  readonly of = 'shops'
  rows: Row[] = []
  gone: (Row & { readonly at: number })[] = []
  breaksAfter = Infinity

  due = async ({ before }: { before: number }): Promise<number> => this.rows.filter(({ began }) => began < before).length
  oldest = async (): Promise<number | undefined> => this.rows[0]?.began

  delete: RetainedData['delete'] = async ({ before, now, next }) => {
    let deleted = 0
    for (const row of this.rows.filter(({ began, held }) => began < before && !held)) {
      await next()
      if (this.breaksAfter-- <= 0) throw new Error('broken off')
      this.rows = this.rows.filter((one) => one !== row)
      this.gone.push({ ...row, at: now })
      deleted++
    }
    return { deleted, held: this.rows.filter(({ began }) => began < before).length, failed: 0, keysDestroyed: 0 }
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), looks: fc.integer({ min: 4, max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), held: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('period' as const), seconds: fc.constantFrom(hour, 1.5 * hour, 2 * hour, day) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), hours: fc.integer({ min: 0, max: 71 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('break' as const), after: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leap' as const), days: fc.integer({ min: 4, max: 4000 }) }) }
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** One shop's history, with what must hold at every moment. */
class History {
  readonly data = new Rows()
  readonly periods: { readonly seconds: number, until: number }[] = [{ seconds: day, until: Infinity }]
  #room: RetentionRoom
  #late = 0

  constructor(private readonly made: Stage, private readonly shopId: string) {
    this.#room = this.#start()
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.#look()
    for (const one of steps) {
      await this.#act(one)
      await this.#look()
    }
  }

  #start(): RetentionRoom {
    return this.made.another({ shopIds: () => [this.shopId], more: [this.data] })
  }

  async #act(one: Step): Promise<void> {
    const { time, pass } = this.made
    if (one.do === 'write') this.data.rows.push({ began: time.now, held: one.held })
    else if (one.do === 'break') this.data.breaksAfter = one.after
    else if (one.do === 'period') await this.#change(one.seconds)
    else if (one.do === 'stop') {
      await this.#room.close()
      time.now += one.hours * hourMs
      time.steady = 0
      this.#room = this.#start()
    } else if (one.do === 'leap') {
      const before = this.data.rows.length
      time.now += one.days * 24 * hourMs
      await this.#room.runner.tick()
      if (this.data.rows.length !== before) throw new Error('A leap of the clock deleted something.')
      time.now -= one.days * 24 * hourMs
    } else {
      for (let at = 0; at < one.looks; at++) {
        pass(lookMs)
        await this.#look()
      }
    }
  }

  async #change(seconds: number): Promise<void> {
    await this.#room.periods.change(this.shopId, { actor: admin, periods: { webhook: seconds }, reason: 'a test' })
    this.periods.at(-1)!.until = this.made.time.now
    if (seconds < this.periods.at(-1)!.seconds) this.#late = this.made.time.now
    this.periods.push({ seconds, until: Infinity })
  }

  async #look(): Promise<void> {
    const broken = this.data.breaksAfter < Infinity
    await this.#room.runner.tick()
    const { now } = this.made.time
    if (broken) {
      // A run that broke off is made up for by the next, at the latest after five minutes.
      if (this.data.breaksAfter >= 0) return
      this.data.breaksAfter = Infinity
      this.#late = now
    }
    this.#check(now)
  }

  #check(now: number): void {
    const period = this.periods.at(-1)!.seconds * 1000
    // A shorter period holds from the next run on.
    const slack = intervalMs + (now - this.#late < intervalMs ? Infinity : 0)
    const old = this.data.rows.find(({ began, held }) => !held && now - began > period + slack)
    if (old !== undefined) throw new Error(`A row is ${now - old.began} ms old, with a period of ${period} ms.`)
    for (const { began, held, at } of this.data.gone) {
      if (held) throw new Error('A held row is gone.')
      if (!this.periods.some(({ seconds, until }) => until >= began && at - began > seconds * 1000)) throw new Error(`A row is gone after ${at - began} ms, sooner than any period.`)
    }
  }
}

t.test('G8 at no time is a row older than its period and one interval, and none goes too soon', async (t) => {
  const made = await stage(t)
  let shops = 0
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 20, size: 'max' }), async (steps) => {
    await new History(made, `shop${shops++}`).play(steps)
  }), { numRuns })
})
