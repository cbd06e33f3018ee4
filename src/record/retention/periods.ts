import { MaskError } from '../../errors.js'
import { isFresh } from '../../fresh.js'
import type { Settings } from '../../shop/settings.js'
import type { Audit } from '../audit/types.js'
import { apply, cutoff, setAt } from './cutoff.js'
import type { Applied, HistoryStore, PeriodHistory } from './history.js'
import { systemId } from './keys.js'
import { audited } from './audited.js'
import { checkedReason } from './reason.js'
import type { ClassDefinition, ClassName, PeriodsWanted, Retention, RetentionChange, RetentionClass } from './types.js'

/** How old a period may be that a writer is told. */
const freshForMs = 5000
/** Changes that a shop's history holds at most; far more than anybody makes within the audit class's period. */
const mostChanges = 5000

export type PeriodsNow = ReadonlyMap<ClassName, number | null>
export type AppliedNow = ReadonlyMap<ClassName, readonly Applied[]>

/** What deletion runs do with the periods, beside what everybody may. */
export interface Periods extends Retention {
  /** Notes the periods of this moment as those that a run sees. @returns all that runs have seen, for `cutoff` and `dueAt` */
  applyNow(shopId: string, now: number): Promise<AppliedNow>
  /** Data of a class that began before this (Unix ms) is due, as things stand, whether a run has come or not. */
  cutoff(shopId: string, name: ClassName, now: number): Promise<number>
  /** How many changes before a time are needed no more. */
  forgettable(shopId: string, before: number): Promise<number>
  /** Forgets them. @returns how many */
  forget(shopId: string, before: number): Promise<number>
}

export interface PeriodsOptions {
  readonly table: readonly ClassDefinition[]
  readonly history: HistoryStore
  readonly settings: Settings
  readonly audit: Pick<Audit, 'append'>
  readonly clock?: () => number
}

export function createPeriods(options: PeriodsOptions): Periods {
  return new ShopPeriods(options)
}

class ShopPeriods implements Periods {
  readonly #table: ReadonlyMap<ClassName, ClassDefinition>
  readonly #clock: () => number
  readonly #known = new Map<string, { readonly at: number, readonly periods: PeriodsNow }>()

  constructor(private readonly options: PeriodsOptions) {
    this.#table = new Map(options.table.map((definition) => [definition.name, definition]))
    this.#clock = options.clock ?? Date.now
  }

  async classes(shopId: string, at?: number): Promise<RetentionClass[]> {
    const history = await this.options.history.read(shopId)
    const now = this.#clock()
    if (at !== undefined && (at > now || at < (history.since ?? now))) throw new MaskError('request_invalid', { field: 'at' })
    const periods = await this.#periods(shopId, history)
    return [...this.#table.values()].map((definition) => {
      const set = setAt(history, definition.name, at ?? Infinity)
      const { value, ...review } = set ?? { value: at === undefined ? undefined : appliedAt(history, definition.name, at) }
      // What holds now was read where it is decided, not from what was once noted.
      return { ...definition, periodSeconds: at === undefined || value === undefined ? periods.get(definition.name)! : value, ...review }
    })
  }

  async change(shopId: string, { actor, periods, reason, statutoryBasis }: PeriodsWanted): Promise<RetentionClass[]> {
    const words = checkedReason(reason)
    const basis = statutoryBasis === undefined ? undefined : checkedReason(statutoryBasis, 'statutoryBasis')
    const now = await this.#periods(shopId, await this.options.history.read(shopId))
    this.#check(periods, now, basis)
    const wanted = Object.entries(periods) as [ClassName, number | null][]
    const scope = wanted.map(([name, value]) => `${name}=${value ?? 'off'}`).join(' ')
    await audited(this.options.audit, { shopId, actor, action: 'retention.change', scope, reason: words }, async () => {
      await this.#changeSettings(shopId, periods)
      await this.options.history.update(shopId, (old) => {
        const at = Math.max(this.#clock(), old.changes.at(-1)?.at ?? 0)
        if (old.changes.length + wanted.length > mostChanges) throw new MaskError('rate_limited')
        const added = wanted.map(([name, to]): RetentionChange => {
          // The quarantine is what it was before this change, whoever has noted the new one meanwhile.
          const set = name === 'quarantine' ? undefined : setAt(old, name, at)
          const named = name === 'statutory' && to !== null && basis !== undefined ? { basis } : {}
          return { at, actorId: actor.id, name, from: set === undefined ? now.get(name)! : set.value, to, reason: words, ...named }
        })
        return { ...old, since: old.since ?? at, changes: [...old.changes, ...added] }
      })
    })
    this.#known.delete(shopId)
    return this.classes(shopId)
  }

  async changes(shopId: string): Promise<RetentionChange[]> {
    return [...(await this.options.history.read(shopId)).changes]
  }

  async period(shopId: string, name: ClassName): Promise<number | null> {
    const last = this.#known.get(shopId)
    if (last !== undefined && isFresh(last.at, this.#clock(), freshForMs)) return last.periods.get(name)!
    try {
      return (await this.#periods(shopId, await this.options.history.read(shopId))).get(name)!
    } catch {
      return last === undefined ? this.#table.get(name)!.defaultSeconds : last.periods.get(name)!
    }
  }

  async applyNow(shopId: string, now: number): Promise<AppliedNow> {
    // The quarantine is read behind the history: a change that comes in between makes it begin again.
    const next = await this.options.history.update(shopId, async (old) => this.#applied(old, await this.#periods(shopId, old), now))
    return new Map([...this.#table.keys()].map((name) => [name, next.applied[name] ?? []]))
  }

  async cutoff(shopId: string, name: ClassName, now: number): Promise<number> {
    const history = await this.options.history.read(shopId)
    return cutoff(apply(history.applied[name] ?? [], (await this.#periods(shopId, history)).get(name)!, now, this.#table.get(name)!.maximumSeconds), now)
  }

  async forgettable(shopId: string, before: number): Promise<number> {
    const { changes } = await this.options.history.read(shopId)
    return changes.length - this.#needed(changes, before).length
  }

  async forget(shopId: string, before: number): Promise<number> {
    let count = 0
    await this.options.history.update(shopId, (old) => {
      const changes = this.#needed(old.changes, before)
      count = old.changes.length - changes.length
      return count === 0 ? old : { ...old, changes, since: Math.max(before, old.since ?? 0) }
    })
    return count
  }

  /** What of the periods is a setting of the shop: the quarantine is one, and without a period nothing is recorded. */
  async #changeSettings(shopId: string, { quarantine, recording }: PeriodsWanted['periods']): Promise<void> {
    const change = {
      ...(typeof quarantine === 'number' ? { quarantineSeconds: quarantine } : {}),
      ...(recording === null && (await this.options.settings.read(shopId)).recording ? { recording: false } : {})
    }
    if (Object.keys(change).length > 0) await this.options.settings.change(shopId, change)
  }

  /** The periods of this moment, each from where it is decided and never beyond its bound. */
  async #periods(shopId: string, history: PeriodHistory): Promise<PeriodsNow> {
    const quarantine = shopId === systemId ? undefined : (await this.options.settings.read(shopId)).quarantineSeconds
    const periods = new Map([...this.#table.values()].map(({ name, defaultSeconds, maximumSeconds }) => {
      const set = setAt(history, name, Infinity)
      const value = name === 'quarantine' && quarantine !== undefined ? quarantine : set === undefined ? defaultSeconds : set.value
      return [name, value === null ? null : Math.min(value, maximumSeconds)]
    }))
    this.#known.set(shopId, { at: this.#clock(), periods })
    return periods
  }

  #check(periods: PeriodsWanted['periods'], now: PeriodsNow, basis: string | undefined): void {
    for (const [name, value] of Object.entries(periods) as [ClassName, number | null][]) {
      const { minimumSeconds, maximumSeconds, canBeOff } = this.#table.get(name)!
      const fits = value === null ? canBeOff : Number.isSafeInteger(value) && value >= minimumSeconds && value <= maximumSeconds
      if (!fits) throw new MaskError('request_invalid', { field: `periods.${name}` })
    }
    const { record = now.get('record')!, recording = now.get('recording')! } = periods
    // A recording is found, and held, through the record of its call.
    if (recording !== null && recording > record!) throw new MaskError('request_invalid', { field: periods.recording === undefined ? 'periods.record' : 'periods.recording' })
    if (typeof periods.statutory === 'number' && basis === undefined) throw new MaskError('request_invalid', { field: 'statutoryBasis' })
  }

  #applied(old: PeriodHistory, periods: PeriodsNow, now: number): PeriodHistory {
    const applied: Partial<Record<ClassName, readonly Applied[]>> = { ...old.applied }
    const changes = [...old.changes]
    let same = old.since !== undefined
    for (const { name, maximumSeconds } of this.#table.values()) {
      const [seen, value] = [applied[name] ?? [], periods.get(name)!]
      const next = apply(seen, value, now, maximumSeconds)
      same &&= next === seen
      applied[name] = next
      const last = setAt(old, name, Infinity)
      const from = last === undefined ? seen.at(-1)?.value : last.value
      // Nobody asked for it: the installation's default is another one, or a bound has come down.
      if (from !== undefined && from !== value) changes.push({ at: Math.max(now, changes.at(-1)?.at ?? 0), actorId: systemId, name, from, to: value, reason: 'Changed with the configuration of the installation' })
    }
    return same && changes.length === old.changes.length ? old : { ...old, since: old.since ?? now, applied, changes }
  }

  /** What tells how things were from a time on: everything since, and the last of each class before. */
  #needed(changes: readonly RetentionChange[], before: number): readonly RetentionChange[] {
    return changes.filter((change, at) => change.at >= before || !changes.slice(at + 1).some(({ name }) => name === change.name))
  }
}

function appliedAt({ applied }: PeriodHistory, name: ClassName, at: number): number | null | undefined {
  return applied[name]?.findLast(({ from }) => from <= at)?.value
}
