import { setTimeout as sleep } from 'node:timers/promises'
import { MaskError } from '../../errors.js'
import type { Store } from '../redis.js'
import { text } from '../reply.js'

/** How long a rewrite may take, with one that was already running; the key store holds some megabytes at most. */
const withinMs = 60_000
const askEveryMs = 25
/** A server at rest that answers other commands and refuses this one so often does not let us. */
const refusals = 5

/** Has the server write its append-only file anew. @returns false when it does not let us. @throws store_unavailable */
export type Rewriter = () => Promise<boolean>

/** Whoever asks while a rewrite runs gets the one after it, which sees what they have deleted; all of them the same one. */
export function createRewriter(store: Store): Rewriter {
  let running: Promise<boolean> | undefined
  let next: Promise<boolean> | undefined
  const begin = (): Promise<boolean> => {
    next = undefined
    running = rewrite(store).finally(() => { running = undefined })
    return running
  }
  return () => {
    if (running === undefined) return begin()
    next ??= running.then(begin, begin)
    return next
  }
}

async function rewrite(store: Store): Promise<boolean> {
  const deadline = Date.now() + withinMs
  const pause = async (): Promise<void> => {
    if (Date.now() > deadline) throw trouble()
    await sleep(askEveryMs)
  }
  for (let refused = 0; ;) {
    const state = await stateOf(store)
    if (state === undefined || refused === refusals) return false
    if (!state.hasFile) return true
    // One that runs already may have begun before our deletion.
    if (!state.busy && await begun(store)) break
    refused = state.busy ? 0 : refused + 1
    await pause()
  }
  for (;;) {
    const { busy, ok } = await stateOf(store) ?? { busy: false, ok: false }
    if (!busy && !ok) throw trouble()
    if (!busy) return true
    await pause()
  }
}

/** @returns undefined when the server does not let us ask */
async function stateOf(store: Store): Promise<{ hasFile: boolean, busy: boolean, ok: boolean } | undefined> {
  const info = await allowed(store, 'INFO', 'persistence')
  const is = (field: string, value: string): boolean => new RegExp(`^${field}:${value}\\r?$`, 'm').test(info ?? '')
  return info === undefined ? undefined : {
    hasFile: is('aof_enabled', '1'),
    busy: is('aof_rewrite_in_progress', '1') || is('aof_rewrite_scheduled', '1'),
    ok: is('aof_last_bgrewrite_status', 'ok')
  }
}

async function begun(store: Store): Promise<boolean> {
  return await allowed(store, 'BGREWRITEAOF') !== undefined
}

/** @returns undefined when the server refuses this command and answers others. @throws store_unavailable */
async function allowed(store: Store, command: string, ...args: string[]): Promise<string | undefined> {
  try {
    return text(await store.call(command, ...args))
  } catch {
    await store.ping()
    return undefined
  }
}

function trouble(): MaskError {
  return new MaskError('store_unavailable', { retryAfter: 5 })
}
