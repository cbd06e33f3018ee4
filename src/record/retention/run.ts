import { newId } from '../../ids.js'
import type { Store } from '../../store/redis.js'
import { errorFields, type Log } from '../../telemetry/log.js'
import { dayOf } from '../day.js'
import type { Signer } from '../signing.js'
import { cutoff, dueAt } from './cutoff.js'
import type { Applied } from './history.js'
import type { KeptHolds } from './holds.js'
import { systemId } from './keys.js'
import { LockLost, takeLock, type RunLock } from './lock.js'
import type { AppliedNow, Periods } from './periods.js'
import { signRun } from './runs.js'
import type { ClassName, ClassOutcome, Covering, RetainedData, RetentionRun, Sweep, Swept } from './types.js'

export interface RunOptions {
  readonly store: Store
  readonly periods: Periods
  readonly holds: KeptHolds
  readonly signer: Signer
  readonly data: readonly RetainedData[]
  readonly log: Log
}

export interface RunDone {
  readonly run: RetentionRun
  /** Failed runs one after the other, this one included. */
  readonly failures: number
}

/**
 * One deletion run of a shop. Only one process at a time is at it; it may be broken off anywhere and is taken up by
 * the next. @param now the store's time (Unix ms). @returns undefined when another process is at it, or took over
 * @throws MaskError store_unavailable when not even the failure can be written down
 */
export async function runOnce(options: RunOptions, shopId: string, now: number, cause: 'interval' | 'hand'): Promise<RunDone | undefined> {
  const id = newId()
  const lock = await takeLock(options.store, shopId, id)
  if (lock === undefined) return undefined
  const started = performance.now()
  try {
    const classes = await classesOf(options, shopId, now, lock)
    const report = {
      id, shopId, startedAt: now, endedAt: now + Math.round(performance.now() - started), cause: lock.resumes ? 'resumed' : cause,
      state: classes === undefined || classes.some(({ failed }) => failed > 0) ? 'failed' : 'done', classes: classes ?? []
    } as const
    const run = signRun(options.signer, report)
    const idle = run.state === 'done' && run.cause === 'interval' && run.classes.every(({ due }) => due === 0)
    const failures = await lock.end({ report: JSON.stringify(run), at: now, failed: run.state === 'failed', ...(idle ? { idleDay: dayOf(now) } : {}) })
    return { run, failures }
  } catch (error) {
    if (!(error instanceof LockLost)) throw error
    options.log.warn('retention.overtaken', { shopId })
    return undefined
  } finally {
    lock.let()
  }
}

/** What became of every class; undefined when not even the periods could be read. @throws LockLost */
async function classesOf({ periods, holds, data, log }: RunOptions, shopId: string, now: number, lock: RunLock): Promise<ClassOutcome[] | undefined> {
  try {
    const applied = await periods.applyNow(shopId, now)
    await holds.clear(shopId, now)
    const next = watchHolds(holds, shopId, now, lock)
    const before = cutoffs(applied, now)
    const mine = data.filter(({ of }) => of === 'both' || (of === 'system') === (shopId === systemId))
    const outcomes = new Map<ClassName, ClassOutcome>()
    for (const part of mine) {
      const outcome = await sweepOne(part, { shopId, now, before: before.get(part.name)!, fence: lock.fence, next }, periodsOf(applied, part.name), log)
      outcomes.set(part.name, together(outcomes.get(part.name), outcome))
    }
    return [...outcomes.values()]
  } catch (error) {
    if (error instanceof LockLost) throw error
    log.error('retention.failed', { shopId, ...errorFields(error) })
    return undefined
  }
}

/** Reads the holds when there is a new one, and only then lets those who made it know. */
function watchHolds(holds: KeptHolds, shopId: string, now: number, lock: RunLock): () => Promise<Covering> {
  let known = 0
  let covering: Covering | undefined
  return async () => {
    for (let version = await lock.beat(known); covering === undefined || version !== known; version = await lock.beat(known)) {
      covering = await holds.covering(shopId, now)
      known = version
    }
    return covering
  }
}

/** A law that asks for call records longer than the shop does keeps them, however short their own period is. */
function cutoffs(applied: AppliedNow, now: number): Map<ClassName, number> {
  const before = new Map([...applied].map(([name, values]) => [name, cutoff(values, now)]))
  before.set('record', Math.min(before.get('record')!, before.get('statutory')!))
  return before
}

/** The lists of values by which a class's data falls due: the last of them that lets it go counts. */
function periodsOf(applied: AppliedNow, name: ClassName): readonly (readonly Applied[])[] {
  return name === 'record' ? [applied.get('record')!, applied.get('statutory')!] : [applied.get(name)!]
}

async function sweepOne(part: RetainedData, sweep: Sweep, periods: readonly (readonly Applied[])[], log: Log): Promise<ClassOutcome> {
  let due = 0
  let swept: Swept
  try {
    due = await part.due(sweep)
    swept = await part.delete(sweep)
  } catch (error) {
    if (error instanceof LockLost) throw error
    log.error('retention.failed', { shopId: sweep.shopId, operation: part.name, ...errorFields(error) })
    const left = await part.due(sweep).catch(() => due)
    swept = { deleted: Math.max(0, due - left), held: 0, failed: Math.max(1, left), keysDestroyed: 0 }
  }
  const left = await part.oldest(sweep.shopId).catch(() => undefined)
  const nextDue = await nextDueOf(part, sweep, left, periods).catch(() => undefined)
  return {
    name: part.name, ...swept, due: swept.deleted + swept.held + swept.failed,
    ...(left === undefined ? {} : { oldestLeft: left }),
    // What is held, or could not go, has no time of its own.
    ...(nextDue === undefined || nextDue < sweep.now ? {} : { nextDue })
  }
}

async function nextDueOf(part: RetainedData, { shopId }: Sweep, oldest: number | undefined, periods: readonly (readonly Applied[])[]): Promise<number | undefined> {
  if (part.nextDue !== undefined) return part.nextDue(shopId)
  return oldest === undefined ? undefined : Math.max(...periods.map((values) => dueAt(values, oldest)))
}

/** Several kinds of data of one class are one line of the report. */
function together(one: ClassOutcome | undefined, other: ClassOutcome): ClassOutcome {
  if (one === undefined) return other
  const sum = (field: 'due' | 'deleted' | 'held' | 'failed' | 'keysDestroyed'): number => one[field] + other[field]
  const sooner = (field: 'oldestLeft' | 'nextDue'): object => {
    const times = [one[field], other[field]].filter((time) => time !== undefined)
    return times.length === 0 ? {} : { [field]: Math.min(...times) }
  }
  return { name: one.name, due: sum('due'), deleted: sum('deleted'), held: sum('held'), failed: sum('failed'), keysDestroyed: sum('keysDestroyed'), ...sooner('oldestLeft'), ...sooner('nextDue') }
}
