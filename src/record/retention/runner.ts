import { MaskError } from '../../errors.js'
import type { EventBus } from '../../events.js'
import { errorFields } from '../../telemetry/log.js'
import { int, list } from '../../store/reply.js'
import type { Audit, AuditActor } from '../audit/types.js'
import { ClockGuard, type ClockFault, type ClockLimits, type ClockReading } from './clock-guard.js'
import { systemId } from './keys.js'
import { checkedReason } from './reason.js'
import { runOnce, type RunDone, type RunOptions } from './run.js'
import { createRuns, type Runs } from './runs.js'
import { noteFault, noteSeen, readState, type RunState } from './state.js'
import type { RetentionHealth, RetentionRun } from './types.js'

export interface RunnerOptions extends RunOptions {
  readonly audit: Pick<Audit, 'append'>
  readonly events: EventBus
  /** The shops of now; asked at every look. */
  readonly shopIds: () => readonly string[]
  /** From run to run of one shop. */
  readonly intervalMs: number
  readonly clockLimits: ClockLimits
  /** So many failed runs one after the other raise the alarm. */
  readonly failuresUntilAlarm: number
  /** All clocks, for tests; the store's is asked of the store. */
  readonly clocks?: () => Promise<ClockReading>
}

export interface RunByHand {
  readonly actor: AuditActor
  /** Needed to confirm the time. */
  readonly reason?: string
  /** The time of day is right although it leapt: go by it from now on. */
  readonly confirmClock?: boolean
}

/** Deletes what is due, in every process that runs; whoever is first does it. */
export interface RetentionRunner {
  /**
   * A run of a shop now, audited. @throws retention_running, clock_untrusted, request_invalid with field `reason`,
   * store_unavailable, store_full
   */
  run(shopId: string, by: RunByHand): Promise<RetentionRun>
  /**
   * The time of day is right although it leapt: runs of every shop go by it from now on. Audited in every shop.
   * @throws clock_untrusted while the clocks disagree, request_invalid with field `reason`, store_unavailable, store_full
   */
  confirmClock(by: { readonly actor: AuditActor, readonly reason: string }): Promise<void>
  readonly runs: Pick<Runs, 'list'>
  readonly publicKey: string
  /** @throws store_unavailable */
  health(shopId: string): Promise<RetentionHealth>
  /** Whether what is due goes, as this process last saw it; false raises the alarm. */
  deletes(shopId: string): boolean
  /** Looks after every shop whose time has come. Never rejects. */
  tick(): Promise<void>
  /** Begins to look, at once and then ever again. */
  start(): void
  /** Stops looking and waits for the run under way. */
  close(): Promise<void>
}

/** How often a process looks whether a shop's time has come, at most. */
const lookEveryMs = 30_000
/** A run that failed is tried again no later than this. */
const retryMs = 300_000
/** So many intervals without a run are a failure of their own. */
const missingIntervals = 3

export function createRunner(options: RunnerOptions): RetentionRunner {
  return new Runner(options)
}

/** Whether some process trusted the store's time at its last look, or the one before. */
function isLookedAfter({ seen }: RunState, { store }: ClockReading): boolean {
  return seen !== undefined && Math.abs(store - seen) <= 2 * lookEveryMs
}

class Runner implements RetentionRunner {
  readonly runs: Runs
  readonly publicKey: string
  readonly #guards = new Map<string, ClockGuard>()
  readonly #failing = new Map<string, RetentionHealth['reason']>()
  #timer: NodeJS.Timeout | undefined
  #ticking: Promise<void> | undefined
  #closed = false

  constructor(private readonly options: RunnerOptions) {
    this.runs = createRuns(options.store)
    this.publicKey = options.signer.publicKey
  }

  start(): void {
    this.#timer = setInterval(() => void this.tick(), Math.min(lookEveryMs, this.options.intervalMs)).unref()
    void this.tick()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    await this.#ticking
  }

  async tick(): Promise<void> {
    this.#ticking ??= this.#tick().finally(() => { this.#ticking = undefined })
    await this.#ticking
  }

  async run(shopId: string, { actor, reason, confirmClock = false }: RunByHand): Promise<RetentionRun> {
    const words = reason === undefined && !confirmClock ? undefined : checkedReason(reason ?? '')
    const [reading, state] = await Promise.all([this.#clocks(), readState(this.options.store, shopId)])
    const fault = this.#guardOf(shopId).fault(reading, state.seen)
    if (fault !== undefined && !confirmClock) {
      await this.#untrusted(shopId, fault)
      throw new MaskError('clock_untrusted', { reason: fault })
    }
    await this.options.audit.append({
      shopId, actor, action: 'retention.run', result: 'done',
      ...(fault === undefined ? {} : { scope: `time confirmed: ${fault}` }),
      ...(words === undefined ? {} : { reason: words })
    })
    // Where the clocks still differ the one that is behind deletes less.
    const now = fault === 'clock_disagrees' ? Math.min(reading.store, reading.local) : reading.store
    if (fault !== 'clock_disagrees') await this.#trust(shopId, reading)
    const done = await this.#runOnce(shopId, now, 'hand')
    if (done === undefined) throw new MaskError('retention_running', { retryAfter: 5 })
    return done.run
  }

  async confirmClock({ actor, reason }: { readonly actor: AuditActor, readonly reason: string }): Promise<void> {
    const words = checkedReason(reason)
    const reading = await this.#clocks()
    for (const shopId of this.#targets()) {
      const { seen } = await readState(this.options.store, shopId)
      const fault = this.#guardOf(shopId).fault(reading, seen)
      if (fault === 'clock_disagrees') throw new MaskError('clock_untrusted', { reason: fault })
      if (fault !== undefined) await this.options.audit.append({ shopId, actor, action: 'retention.clock', scope: `time confirmed: ${fault}`, reason: words, result: 'done' })
      await this.#trust(shopId, reading)
    }
  }

  async health(shopId: string): Promise<RetentionHealth> {
    const [{ store: now }, state] = await Promise.all([this.#clocks(), readState(this.options.store, shopId)])
    return this.#healthOf(state, now)
  }

  deletes(shopId: string): boolean {
    return !this.#failing.has(shopId)
  }

  async #tick(): Promise<void> {
    for (const shopId of this.#targets()) {
      if (this.#closed) return
      try {
        await this.#look(shopId)
      } catch (error) {
        this.options.log.error('retention.failed', { shopId, ...errorFields(error) })
      }
    }
  }

  #targets(): string[] {
    return [systemId, ...this.options.shopIds()]
  }

  async #look(shopId: string): Promise<void> {
    const [reading, state] = await Promise.all([this.#clocks(), readState(this.options.store, shopId)])
    const fault = this.#guardOf(shopId).fault(reading, state.seen)
    if (fault !== undefined) {
      // A wrong clock of this machine alone stops nobody: another process looks after the shop.
      if (fault === 'clock_jumped' || !isLookedAfter(state, reading)) await this.#untrusted(shopId, fault)
      return
    }
    await this.#trust(shopId, reading)
    if (this.#isTime(state, reading.store)) await this.#runOnce(shopId, reading.store, 'interval')
    this.#tell(shopId, this.#healthOf({ ...await readState(this.options.store, shopId) }, reading.store))
  }

  /** The next run begins no later than one interval after the last one began, as long as a process looks. */
  #isTime({ lastRunAt, failures, running }: RunState, now: number): boolean {
    if (lastRunAt === undefined || running || lastRunAt > now) return true
    const { intervalMs } = this.options
    const wait = failures > 0 ? Math.min(intervalMs, retryMs) : intervalMs
    return now - lastRunAt > wait - Math.min(lookEveryMs, intervalMs)
  }

  async #runOnce(shopId: string, now: number, cause: 'interval' | 'hand'): Promise<RunDone | undefined> {
    const started = performance.now()
    const done = await runOnce(this.options, shopId, now, cause)
    if (done === undefined) return undefined
    const { run: { state, classes }, failures } = done
    const ms = Math.round(performance.now() - started)
    const count = classes.reduce((sum, { deleted }) => sum + deleted, 0)
    if (count > 0 || state === 'failed') this.options.log[state === 'failed' ? 'warn' : 'info']('retention.run', { shopId, state, count, ms })
    if (state === 'failed' && failures === this.options.failuresUntilAlarm) await this.#auditFailure(shopId)
    this.options.events.emit('retention.run', { shopId, at: now, state, ms, classes: classes.map(({ name, deleted, held, failed, keysDestroyed }) => ({ name, deleted, held, failed, keysDestroyed })) })
    return done
  }

  /** Once, so that the trail shows since when; the reports have the rest. */
  async #auditFailure(shopId: string): Promise<void> {
    await this.options.audit.append({ shopId, actor: { id: systemId, roles: [] }, action: 'retention.run', scope: 'deletion keeps failing', result: 'failed' })
      .catch((error: unknown) => this.options.log.error('retention.failed', { shopId, operation: 'audit', ...errorFields(error) }))
  }

  async #trust(shopId: string, reading: ClockReading): Promise<void> {
    this.#guardOf(shopId).trust(reading)
    await noteSeen(this.options.store, shopId, reading.store)
  }

  /** One each: what somebody confirms for one shop deletes nothing of another. */
  #guardOf(shopId: string): ClockGuard {
    const guard = this.#guards.get(shopId) ?? new ClockGuard(this.options.clockLimits)
    this.#guards.set(shopId, guard)
    return guard
  }

  async #untrusted(shopId: string, fault: ClockFault): Promise<void> {
    this.#tell(shopId, { state: 'failing', failures: 0, reason: fault })
    await noteFault(this.options.store, shopId, fault)
  }

  #healthOf({ lastRunAt, failures, clock, since }: RunState, now: number): RetentionHealth {
    const missing = now - (lastRunAt ?? since ?? now) > missingIntervals * this.options.intervalMs + 2 * lookEveryMs
    const reason = clock ?? (failures >= this.options.failuresUntilAlarm ? 'runs_failed' : missing ? 'runs_missing' : undefined)
    return { state: reason === undefined ? 'ok' : 'failing', failures, ...(lastRunAt === undefined ? {} : { lastRunAt }), ...(reason === undefined ? {} : { reason }) }
  }

  /** Remembers how a shop stands; a change is logged, once. */
  #tell(shopId: string, { state, reason, failures }: RetentionHealth): void {
    const before = this.#failing.get(shopId)
    if (reason === undefined) this.#failing.delete(shopId)
    else this.#failing.set(shopId, reason)
    if (reason !== undefined && reason !== before) this.options.log.error('retention.failing', { shopId, reason, count: failures })
    if (reason === undefined && before !== undefined) this.options.log.info('retention.recovered', { shopId })
    this.options.events.emit('retention.health', { shopId, failing: state === 'failing' })
  }

  async #clocks(): Promise<ClockReading> {
    if (this.options.clocks !== undefined) return this.options.clocks()
    const [seconds, microseconds] = list(await this.options.store.call('TIME'))
    return { store: int(seconds) * 1000 + Math.floor(int(microseconds) / 1000), local: Date.now(), steady: performance.now() }
  }
}
