import type { Store } from '../../store/redis.js'
import { retentionKeys } from './keys.js'
import type { ClockFault } from './clock-guard.js'

/** What the processes know together about a shop's runs. */
export interface RunState {
  /** End of the last run (Unix ms). */
  readonly lastRunAt?: number
  /** Failed runs one after the other. */
  readonly failures: number
  /** The store's time when a process last trusted it. */
  readonly seen?: number
  /** Why nothing is deleted now. */
  readonly clock?: ClockFault
  /** When the first process looked after this shop (Unix ms). */
  readonly since?: number
  /** A run began and did not end: it is under way, or was broken off. */
  readonly running: boolean
}

export async function readState(store: Store, shopId: string): Promise<RunState> {
  const found = await store.hgetall(retentionKeys(shopId).state)
  const number = (name: string): number | undefined => found.has(name) ? Number(found.get(name)) : undefined
  const [lastRunAt, seen, since] = [number('lastRunAt'), number('seen'), number('since')]
  const clock = found.get('clock')?.toString() as ClockFault | '' | undefined
  return {
    failures: number('failures') ?? 0,
    running: found.has('running'),
    ...(lastRunAt === undefined ? {} : { lastRunAt }),
    ...(seen === undefined ? {} : { seen }),
    ...(since === undefined ? {} : { since }),
    ...(clock ? { clock } : {})
  }
}

/** Notes that the time is trusted. */
export async function noteSeen(store: Store, shopId: string, at: number): Promise<void> {
  const { state } = retentionKeys(shopId)
  await store.transaction([['HSET', state, 'seen', at, 'clock', ''], ['HSETNX', state, 'since', at]])
}

/** Notes that it is not. */
export async function noteFault(store: Store, shopId: string, fault: ClockFault): Promise<void> {
  await store.hset(retentionKeys(shopId).state, { clock: fault })
}
