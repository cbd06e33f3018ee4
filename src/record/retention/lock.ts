import { setTimeout as sleep } from 'node:timers/promises'
import { MaskError } from '../../errors.js'
import type { Store } from '../../store/redis.js'
import { int, list, text } from '../../store/reply.js'
import { loadScript } from '../../store/scripts.js'
import { retentionKeys } from './keys.js'
import type { Fence } from './types.js'

const script = (name: string): ReturnType<typeof loadScript> => loadScript(new URL(`../../../src/record/retention/lua/${name}.lua`, import.meta.url))
const scripts = { begin: script('begin-run'), beat: script('beat-run'), end: script('end-run') }

/** How long a process that died keeps others from going on. */
const lockMs = 30_000
/** How often the lock is renewed while a step of the run takes long, and how long one step may take. */
const keepEveryMs = 10_000
const patienceMs = 600_000
/** How often somebody who waits for a run looks. */
const lookEveryMs = 25

/** Another process has this run's lock: it stops where it is and reports nothing. */
export class LockLost extends Error {
  override readonly name = 'LockLost'
}

/** How a run ended, as end-run.lua keeps it. */
export interface RunEnd {
  readonly report: string
  readonly at: number
  readonly failed: boolean
  /** UTC day of a run in which nothing was due. */
  readonly idleDay?: string
}

export interface RunLock {
  readonly fence: Fence
  /** Whether a run before this one was broken off. */
  readonly resumes: boolean
  /** @param known version of the holds that the run goes by. @returns the version now. @throws LockLost */
  beat(known: number): Promise<number>
  /** @returns failed runs one after the other. @throws LockLost */
  end(end: RunEnd): Promise<number>
  /** Renews the lock no longer: it is free half a minute later if it was not freed by `end`. */
  let(): void
}

/** Takes the lock of a shop's runs, or tells that somebody has it (undefined). */
export async function takeLock(store: Store, shopId: string, runId: string): Promise<RunLock | undefined> {
  const { lock, state, runs } = retentionKeys(shopId)
  const [token, broken] = list(await store.run(scripts.begin, [lock, state], [lockMs, runId]))
  if (token === undefined) return undefined
  const fence = { key: lock, token: String(int(token)) }
  const held = (answer: number): number => {
    if (answer < 0) throw new LockLost()
    return answer
  }
  let [seen, stepSince] = [0, performance.now()]
  const beat = async (known: number): Promise<number> => held(int(await store.run(scripts.beat, [lock, state], [fence.token, lockMs, known])))
  const keeper = setInterval(() => {
    if (performance.now() - stepSince > patienceMs) clearInterval(keeper)
    // What goes wrong here the run itself finds out.
    else beat(seen).catch(() => undefined)
  }, keepEveryMs).unref()
  return {
    fence,
    resumes: text(broken) !== '',
    beat: async (known) => {
      const version = await beat(known)
      ;[seen, stepSince] = [known, performance.now()]
      return version
    },
    end: async ({ report, at, failed, idleDay = '' }) => held(int(await store.runDurably(scripts.end, [lock, state, runs], [fence.token, report, at, failed ? '1' : '', idleDay]))),
    let: () => { clearInterval(keeper) }
  }
}

/**
 * Resolves when no run under way goes by older holds than this version.
 * @throws MaskError deadline_exceeded when a run took no notice
 */
export async function untilKnown(store: Store, shopId: string, version: number, withinMs: number): Promise<void> {
  const { lock, state } = retentionKeys(shopId)
  const end = performance.now() + withinMs
  while (await store.get(lock) !== undefined && Number(await store.hget(state, 'known') ?? 0) < version) {
    if (performance.now() > end) throw new MaskError('deadline_exceeded', { retryAfter: 5 })
    await sleep(lookEveryMs)
  }
}
